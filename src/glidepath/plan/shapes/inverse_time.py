"""The inverse of time."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.numbers import positive
from glidepath.plan.shapes.shape import Fading, Formula, InTicks


@final
@dataclass(frozen=True, repr=False)
class InverseTime(Fading):
    """See `inverse_time`."""

    rate: float
    every: Duration = field(kw_only=True)
    name: ClassVar[str] = "inverse_time"
    maths: ClassVar[str] = "start / (1 + rate * t / every)"

    def check(self) -> None:
        """The rate is positive, and `every` a duration."""
        object.__setattr__(self, "rate", positive("rate", self.rate))
        object.__setattr__(self, "every", Duration.of(self.every))

    def formula(self, in_ticks: InTicks, parts: int) -> Formula:  # noqa: ARG002
        """By the ticks since the start."""
        return partial(self._at, in_ticks(self.every))

    def _at(self, every: Fraction, ticks: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        return self.start / (1.0 + self.rate * (ticks / float(every)))


def inverse_time(start: float, rate: float, *, every: DurationLike = 1) -> InverseTime:
    """The inverse of time: half of `start` after 1/rate times `every`.

        v(t) = start / (1 + rate * t / every)

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        rate: positive, per `every`.
        every: what time is measured in.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite, or the rate is not positive.
    Source: Robbins and Monro 1951, doi:10.1214/aoms/1177729586; Keras' `InverseTimeDecay`.
    Example:
        >>> inverse_time(1.0, 0.5, every="10 steps").over(100)(20)
        0.5
    """
    return InverseTime(start, rate, every=Duration.of(every))
