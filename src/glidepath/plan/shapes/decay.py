"""A constant factor in every so long, smoothly or in steps."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.numbers import finite, positive
from glidepath.plan.shapes.shape import Formula, InTicks, Shape
from glidepath.plan.shapes.stairs import parts_in
from glidepath.plan.times import count


@final
@dataclass(frozen=True, repr=False)
class Decay(Shape):
    """See `decay`."""

    start: float = field(metadata={"key": "from"})
    factor: float
    every: Duration = field(kw_only=True)
    stair: bool = field(default=False, kw_only=True)
    name: ClassVar[str] = "decay"
    maths: ClassVar[str] = "start * factor ** (t / every), whole powers only where `stair`"

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", finite("start", self.start))
        object.__setattr__(self, "factor", positive("factor", self.factor))
        object.__setattr__(self, "every", Duration.of(self.every))
        if not isinstance(self.stair, bool):
            raise TypeError(f"`stair` must be True or False, got {self.stair!r}")

    def formula(self, in_ticks: InTicks, parts: int) -> Formula:
        """By the number of whole periods, or by their fraction.

        Raises:
            ValueError: if a stair is shorter than a tick.
        """
        if self.stair:
            return partial(self._in_stairs, parts_in(self.every, in_ticks, parts))
        return partial(self._smoothly, in_ticks(self.every))

    def _in_stairs(self, every: int, time: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        return self.start * xp.power(self.factor, count(time, every, xp))

    def _smoothly(self, every: Fraction, ticks: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        return self.start * xp.power(self.factor, ticks / float(every))

    @property
    def tread(self) -> Duration | None:
        """A stair, where it has any."""
        return self.every if self.stair else None

    @property
    def is_whole(self) -> bool:
        """Never: a power is none."""
        return False

    @property
    def extremes(self) -> tuple[float, float]:
        """The start, and 0 or infinity."""
        end = 0.0 if self.factor <= 1 else math.copysign(math.inf, self.start)
        return min(self.start, end), max(self.start, end)


def decay(start: float, factor: float, *, every: DurationLike, stair: bool = False) -> Decay:
    """Times `factor` in every so long: step decay in stairs, exponential decay without.

        v(t) = start * factor ** (t / every),          or
        v(t) = start * factor ** floor(t / every)      where `stair`

    `initial * exp(-rate * epoch)` is `decay(initial, exp(-rate), every="1 epoch")`; torch's
    `StepLR(step_size=30, gamma=0.1)` is `decay(initial, 0.1, every="30 epochs", stair=True)`.

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        factor: positive; above 1 the value grows.
        every: how long a factor takes, such as "30 epochs".
        stair: whether the value changes in steps, one a factor.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite, or the factor is not positive.
    Source: He et al. 2016, arXiv:1512.03385, section 3.4, for the stairs.
    Example:
        >>> decay(0.1, 0.5, every="30 epochs", stair=True)
        decay(0.1, 0.5, every='30 epochs', stair=True)
        >>> decay(0.1, 0.5, every=10).over(100)(20)
        0.025
    """
    return Decay(start, factor, every=Duration.of(every), stair=stair)
