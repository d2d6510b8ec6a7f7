"""What every shape is: how a value goes from one number to another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.numbers import finite
from glidepath.plan.schedule import Schedule, Segment

Formula = Callable[[Any, int, Any], Any]
"""(ticks since the start, number of ticks, namespace) to value."""


class Shape(ABC):
    """A curve without a length: a pure formula of the ticks since its start.

    A tick is a step, or an epoch where the curve moves per epoch. A subclass is a frozen
    dataclass whose fields are its numbers; a field's metadata may give it another `key` in files.
    """

    name: ClassVar[str]
    has_ends: ClassVar[bool] = True
    """Whether `at="end"` makes a difference: stairs have no end that they go towards."""

    @abstractmethod
    def formula(self, horizon: Horizon, tick: Fraction) -> Formula:
        """The curve, with every duration in it turned into ticks of so many steps."""

    @property
    @abstractmethod
    def is_whole(self) -> bool:
        """Whether every value is a whole number."""

    @property
    @abstractmethod
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest value that the curve can take."""

    def over(self, duration: DurationLike, *, at: str = "start", per: str = "step") -> Schedule:
        """Lay the curve out in time.

        Args:
            duration: how long it takes, such as "1000 steps" or "10 epochs".
            at: "start" samples each tick at its start, k/N, so that the end value belongs to
                whatever follows; "end" samples it at its end, (k+1)/N, so that the last tick
                has it.
            per: "step", or "epoch" to hold a value through each epoch.
        Raises:
            TypeError, ValueError: if an argument is none of these.
        Example:
            >>> from glidepath import linear
            >>> ramp = linear(0.0, 1.0)
            >>> [ramp.over(4)(t) for t in range(4)]
            [0.0, 0.25, 0.5, 0.75]
            >>> [ramp.over(4, at="end")(t) for t in range(4)]
            [0.25, 0.5, 0.75, 1.0]
        """
        return Schedule((Segment(self, Duration.of(duration), at, per),))

    def __repr__(self) -> str:
        parts = []
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            text = repr(str(value)) if isinstance(value, Duration) else repr(value)
            if value != one.default:
                parts.append(f"{one.name}={text}" if one.kw_only else text)
        return f"{self.name}({', '.join(parts)})"


@dataclass(frozen=True, repr=False)
class SmoothShape(Shape):
    """A curve of the progress p in [0, 1] from one number to another."""

    start: float = field(metadata={"key": "from"})
    end: float = field(metadata={"key": "to"})

    def __post_init__(self) -> None:
        for end in ("start", "end"):
            object.__setattr__(self, end, finite(end, getattr(self, end)))

    @abstractmethod
    def weight(self, progress: Any, xp: Any) -> Any:
        """How much of the start is left: 1 at p = 0, 0 at p = 1."""

    @final
    def formula(self, horizon: Horizon, tick: Fraction) -> Formula:  # noqa: ARG002
        """The curve; there is no duration in it."""
        return self.value

    @final
    def value(self, ticks: Any, total: int, xp: Any) -> Any:
        """start * w(p) + end * (1 - w(p)), which gives both ends exactly."""
        weight = self.weight(ticks / float(total), xp)
        return self.start * weight + self.end * (1.0 - weight)

    @final
    @property
    def is_whole(self) -> bool:
        """Never: there are values between the ends."""
        return False

    @final
    @property
    def extremes(self) -> tuple[float, float]:
        """The two ends."""
        return min(self.start, self.end), max(self.start, self.end)
