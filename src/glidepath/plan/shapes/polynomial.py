"""A power of what remains."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.numbers import positive
from glidepath.plan.shapes.shape import SmoothShape, remaining


@final
@dataclass(frozen=True, repr=False)
class Polynomial(SmoothShape):
    """See `polynomial`."""

    power: float = field(default=1.0, kw_only=True)
    name: ClassVar[str] = "polynomial"
    maths: ClassVar[str] = "end + (start - end) * (1 - p) ** power"

    def check(self) -> None:
        """The power is positive."""
        object.__setattr__(self, "power", positive("power", self.power))

    def weight(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """(1 - p) ** power."""
        return remaining(ticks, total, xp) ** self.power


def polynomial(start: float, end: float, *, power: float = 1.0) -> Polynomial:
    """A power of what remains, from `start` to `end`: 1 is a line, 2 a parabola with a flat end.

        v(p) = end + (start - end) * (1 - p) ** power,   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
        power: positive.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite, or the power is not positive.
    Source: Chen et al. 2017, arXiv:1606.00915 (DeepLab), section 4.1, with a power of 0.9.
    Example:
        >>> polynomial(1.0, 0.0, power=2).over("10 steps")(5)
        0.25
    """
    return Polynomial(start, end, power=power)
