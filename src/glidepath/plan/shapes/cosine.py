"""Half a cosine wave."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.numbers import positive
from glidepath.plan.shapes.shape import SmoothShape, progress, remaining


@final
@dataclass(frozen=True, repr=False)
class Cosine(SmoothShape):
    """See `cosine`."""

    exponent: float = field(default=1.0, kw_only=True)
    name: ClassVar[str] = "cosine"
    maths: ClassVar[str] = "end + (start - end) * ((1 + cos(pi * p)) / 2) ** exponent"

    def check(self) -> None:
        """The exponent is positive."""
        object.__setattr__(self, "exponent", positive("exponent", self.exponent))

    def weight(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """By the sine of what remains where a root is taken: 1 + cos loses its digits near 0."""
        if self.exponent == 1.0:
            return 0.5 * (1.0 + xp.cos(math.pi * progress(ticks, total)))
        quarter = 0.5 * math.pi * remaining(ticks, total, xp)
        return xp.sin(quarter) ** (2.0 * self.exponent)


def cosine(start: float, end: float, *, exponent: float = 1.0) -> Cosine:
    """Half a cosine wave from `start` to `end`.

        v(p) = end + (start - end) * ((1 + cos(pi * p)) / 2) ** exponent,   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
        exponent: of the wave; below 1 it stays up for longer.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite, or the exponent is not positive.
    Source: Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts; the exponent as
        in optax's `cosine_decay_schedule`.
    Example:
        >>> cosine(1.0, 0.0).over("10 steps")(5)
        0.5
    """
    return Cosine(start, end, exponent=exponent)
