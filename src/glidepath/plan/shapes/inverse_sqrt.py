"""The inverse square root of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, final

from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.numbers import finite
from glidepath.plan.shapes.shape import Formula, InTicks, Shape


@final
@dataclass(frozen=True, repr=False)
class InverseSqrt(Shape):
    """See `inverse_sqrt`."""

    start: float = field(metadata={"key": "from"})
    timescale: Duration = field(kw_only=True)
    name: ClassVar[str] = "inverse_sqrt"
    maths: ClassVar[str] = "start * sqrt(timescale / (timescale + t))"

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", finite("start", self.start))
        object.__setattr__(self, "timescale", Duration.of(self.timescale))

    def formula(self, in_ticks: InTicks, parts: int) -> Formula:  # noqa: ARG002
        """By the ticks since the start."""
        return partial(self._at, in_ticks(self.timescale))

    def _at(self, timescale: Fraction, ticks: Any, total: int, xp: Any) -> Any:  # noqa: ARG002
        scale = float(timescale)
        return self.start * xp.sqrt(scale / (scale + ticks))

    @property
    def tread(self) -> Duration | None:
        """None: it has no stairs."""
        return None

    @property
    def is_whole(self) -> bool:
        """Never: a root is none."""
        return False

    @property
    def extremes(self) -> tuple[float, float]:
        """The start, and 0, which is never reached."""
        return min(self.start, 0.0), max(self.start, 0.0)


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
