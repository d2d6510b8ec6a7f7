"""What an optimizer divides a gradient by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Moment:
    """The second moment of an array, and how the optimizer divides by it.

        size = rate / divisor,   divisor = sqrt(second + inside) + outside

    All of AdaGrad, RMSprop, Adam and their kin can be written so, in torch and in optax.

    Attributes:
        rate: the nominal step size, a scalar; or `[k]`, where some elements do not follow it.
        second: the second moment of some elements, bias corrected and centred where the optimizer
            does that, in the square of the gradient's unit, `[k]`.
        inside: eps that is added to it.
        outside: eps that is added to the root, in the gradient's unit.
    """

    rate: Any
    second: Any
    inside: Any = 0.0
    outside: Any = 0.0

    @property
    def _divisor(self) -> Any:
        return (self.second + self.inside) ** 0.5 + self.outside

    @property
    def sizes(self) -> Any:
        """Effective step sizes, `[k]`."""
        return self.rate / self._divisor

    @property
    def is_mostly_eps(self) -> Any:
        """Where eps is the larger part: it more than doubles the divisor, `[k]`."""
        return self._divisor > 2.0 * self.second**0.5
