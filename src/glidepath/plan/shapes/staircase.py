"""Equal steps up or down."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.numbers import finite_as_given
from glidepath.plan.shapes.shape import Formula, InTicks, Shape
from glidepath.plan.shapes.stairs import parts_in
from glidepath.plan.times import count

MOST_STAIRS = 2**31


@final
@dataclass(frozen=True, repr=False)
class Staircase(Shape):
    """See `staircase`."""

    start: float | int = field(metadata={"key": "from"})
    end: float | int = field(metadata={"key": "to"})
    every: Duration = field(kw_only=True)
    by: float | int = field(default=1, kw_only=True)
    name: ClassVar[str] = "staircase"
    maths: ClassVar[str] = "start, one more of `by` each `every`, no further than end"

    def __post_init__(self) -> None:
        for number in ("start", "end", "by"):
            object.__setattr__(self, number, finite_as_given(number, getattr(self, number)))
        object.__setattr__(self, "every", Duration.of(self.every))
        if self.by <= 0:
            raise ValueError(f"`by` is the height of a stair and must be positive, got {self.by}")
        if not abs(float(self.end) - float(self.start)) / self.by < MOST_STAIRS:
            raise ValueError(
                f"from {self.start} to {self.end} by {self.by} there are too many stairs: at most "
                f"{MOST_STAIRS:,}"
            )

    def formula(self, in_ticks: InTicks, parts: int) -> Formula:
        """The stairs, with `every` in parts of a tick, exactly.

        Raises:
            ValueError: if a stair is shorter than a tick.
        """
        return partial(self._at, parts_in(self.every, in_ticks, parts))

    def _at(self, every: int, time: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        taken = count(time, every, xp)
        stairs = math.ceil(abs(self.end - self.start) / self.by)
        rise = self.by if self.end >= self.start else -self.by
        climbed = self.start + rise * xp.minimum(taken, stairs)
        return xp.where(taken >= stairs, self.end, climbed)

    @property
    def tread(self) -> Duration | None:
        """A stair."""
        return self.every

    @property
    def is_whole(self) -> bool:
        """Whether all three numbers were given as whole numbers."""
        return all(isinstance(number, int) for number in (self.start, self.end, self.by))

    @property
    def extremes(self) -> tuple[float, float]:
        """The first stair and the last."""
        return float(min(self.start, self.end)), float(max(self.start, self.end))


def staircase(start: float, end: float, *, every: DurationLike, by: float = 1) -> Staircase:
    """Equal stairs from `start` to `end`: one more of `by` each `every`, then `end` for good.

        v(t) = start + sign(end - start) * by * floor(t / every),   no further than end

    Args:
        start: value of the first stair, in the unit of the scheduled quantity.
        end: value of the last.
        every: how long a stair is, such as "1000 steps".
        by: the height of a stair, positive.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite, or `by` is not positive.
    Source: the rollout curriculum of Lam et al. 2023, arXiv:2212.12794, supplement 4.5.
    Example:
        >>> rollout = staircase(2, 12, every="1000 steps").over("11000 steps")
        >>> rollout(0), rollout(999), rollout(1000), rollout(10_999)
        (2, 2, 3, 12)
    """
    return Staircase(start, end, every=Duration.of(every), by=by)
