"""The inverse square root of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.shapes.shape import Fading, Formula, InTicks


@final
@dataclass(frozen=True, repr=False)
class InverseSqrt(Fading):
    """See `inverse_sqrt`."""

    timescale: Duration = field(kw_only=True)
    name: ClassVar[str] = "inverse_sqrt"
    maths: ClassVar[str] = "start * sqrt(timescale / (timescale + t))"

    def check(self) -> None:
        """The timescale is a duration."""
        object.__setattr__(self, "timescale", Duration.of(self.timescale))

    def formula(self, in_ticks: InTicks, parts: int) -> Formula:  # noqa: ARG002
        """By the ticks since the start."""
        return partial(self._at, in_ticks(self.timescale))

    def _at(self, timescale: Fraction, ticks: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        scale = float(timescale)
        return self.start * xp.sqrt(scale / (scale + ticks))


def inverse_sqrt(start: float, *, timescale: DurationLike) -> InverseSqrt:
    """The inverse square root of time: half of `start` after three times the timescale.

        v(t) = start * sqrt(timescale / (timescale + t))

    After a linear warm-up of W steps to a peak, `inverse_sqrt(peak, timescale=W)` is the
    Transformer's schedule, peak * sqrt(W / step).

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        timescale: how old the schedule is at its first step: the length of the warm-up.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite.
    Source: Vaswani et al. 2017, arXiv:1706.03762, eq. 3.
    Example:
        >>> inverse_sqrt(1.0, timescale="100 steps").over(1000)(300)
        0.5
    """
    return InverseSqrt(start, timescale=Duration.of(timescale))
