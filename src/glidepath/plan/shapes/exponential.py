"""A geometric curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.shapes.shape import Transition, progress, remaining

SMALLEST_RATIO = 1e-300
"""A smaller one would lose its digits."""


@final
@dataclass(frozen=True, repr=False)
class Exponential(Transition):
    """See `exponential`."""

    name: ClassVar[str] = "exponential"
    maths: ClassVar[str] = "start * (end / start) ** p"

    def check(self) -> None:
        """Both ends lie on the same side of zero."""
        if self.start == 0.0 or self.end == 0.0 or (self.start < 0) != (self.end < 0):
            raise ValueError(
                "a geometric curve can't touch or cross 0: `start` and `end` must have one sign, "
                f"got {self.start} and {self.end}; a small end such as 1e-8 will do, or a line"
            )
        ends = sorted((abs(self.start), abs(self.end)))
        if ends[0] / ends[1] < SMALLEST_RATIO:
            raise ValueError(
                f"`start` and `end` are further apart than {SMALLEST_RATIO:g}, got {self.start} "
                f"and {self.end}"
            )

    def value(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """From the larger end down, where rounding in the exponent matters least."""
        if abs(self.end) <= abs(self.start):
            return self.start * xp.power(self.end / self.start, progress(ticks, total))
        return self.end * xp.power(self.start / self.end, remaining(ticks, total, xp))


def exponential(start: float, end: float) -> Exponential:
    """A geometric curve from `start` to `end`: the same factor in every tick.

        v(p) = start * (end / start) ** p,   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last; of the same sign, and not 0.
    Raises:
        TypeError: if either is not a number.
        ValueError: if either is not finite, or 0 lies on the way.
    Source: the sweep of rates of Smith 2017, arXiv:1506.01186, section 3.3, on a logarithmic axis.
    Example:
        >>> exponential(1.0, 0.01).over("10 steps")(5)
        0.1
    """
    return Exponential(start, end)
