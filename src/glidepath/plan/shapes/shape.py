"""What every curve is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.numbers import finite

if TYPE_CHECKING:
    from glidepath.plan.schedule import Schedule

Formula = Callable[[Any, int, Namespace], Any]
"""(ticks since the start, number of ticks, namespace) to value."""

InTicks = Callable[[Duration], Fraction]
"""The exact number of ticks in a duration."""


class Shape(ABC):
    """A curve without a length: a pure formula of the ticks since its start.

    A tick is a step, or an epoch where the curve moves per epoch. A subclass is a frozen
    dataclass whose fields are its numbers; a field's metadata may give it another `key` in files.
    """

    name: ClassVar[str]
    maths: ClassVar[str]
    """The formula, in words of its fields, p (progress, 0 to 1) and t (ticks since the start)."""

    @property
    @abstractmethod
    def tread(self) -> Duration | None:
        """How long each of its stairs is, where it moves by stairs.

        Its formula then takes parts of a tick, see `times`, for it counts stairs exactly; and
        `at="end"` makes no difference, for stairs have no end that they go towards.
        """

    @abstractmethod
    def formula(self, in_ticks: InTicks, parts: int) -> Formula:
        """The curve, with every duration in it turned into ticks, or into parts of them."""

    @property
    @abstractmethod
    def is_whole(self) -> bool:
        """Whether every value is a whole number."""

    @property
    @abstractmethod
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest value that the curve can take; NaN where nobody knows."""

    @final
    @property
    def lengths(self) -> tuple[Duration, ...]:
        """The durations inside."""
        values = (getattr(self, one.name) for one in fields(self))  # type: ignore[arg-type]
        return tuple(value for value in values if isinstance(value, Duration))

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
        from glidepath.plan.algebra import Segment
        from glidepath.plan.schedule import Schedule

        return Schedule(Segment(self, Duration.of(duration), at, per))

    def __repr__(self) -> str:
        parts = []
        for one in fields(self):  # type: ignore[arg-type]
            value = getattr(self, one.name)
            text = repr(str(value)) if isinstance(value, Duration) else repr(value)
            if value != one.default:
                parts.append(f"{one.name}={text}" if one.kw_only else text)
        return f"{self.name}({', '.join(parts)})"


@dataclass(frozen=True, repr=False)
class Stepless(Shape):
    """A curve without stairs, which takes any value on its way."""

    @final
    @property
    def tread(self) -> Duration | None:
        """None: it has no stairs."""
        return None

    @final
    @property
    def is_whole(self) -> bool:
        """Never: there are values between."""
        return False


@dataclass(frozen=True, repr=False)
class Transition(Stepless):
    """A curve from one number to another."""

    start: float = field(metadata={"key": "from"})
    end: float = field(metadata={"key": "to"})

    def __post_init__(self) -> None:
        for end in ("start", "end"):
            object.__setattr__(self, end, finite(end, getattr(self, end)))
        self.check()

    @abstractmethod
    def check(self) -> None:
        """Refuse numbers that make no curve, with a ValueError."""

    @abstractmethod
    def value(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """The value after so many of `total` ticks."""

    @final
    def formula(self, in_ticks: InTicks, parts: int) -> Formula:  # noqa: ARG002
        """The curve; there is no duration in it."""
        return self.value

    @final
    @property
    def extremes(self) -> tuple[float, float]:
        """The two ends."""
        return min(self.start, self.end), max(self.start, self.end)


@dataclass(frozen=True, repr=False)
class SmoothShape(Transition):
    """A transition by a weight of the start that falls from 1 to 0."""

    @abstractmethod
    def weight(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """How much of the start is left after so many of `total` ticks."""

    @final
    def value(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """start * w + end * (1 - w), which gives both ends exactly."""
        weight = self.weight(ticks, total, xp)
        if not self.end:  # most falls go to 0, and a product with it would not be free
            return self.start * weight
        return self.start * weight + self.end * (1.0 - weight)


@dataclass(frozen=True, repr=False)
class Fading(Stepless):
    """A curve from a number towards 0, which it never reaches."""

    start: float = field(metadata={"key": "from"})

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", finite("start", self.start))
        self.check()

    @abstractmethod
    def check(self) -> None:
        """Refuse numbers that make no curve, with a TypeError or ValueError."""

    @final
    @property
    def extremes(self) -> tuple[float, float]:
        """The start, and 0."""
        return min(self.start, 0.0), max(self.start, 0.0)


def progress(ticks: Any, total: int) -> Any:
    """p: the share of the ticks that have passed."""
    return ticks / float(total)


def remaining(ticks: Any, total: int, xp: Namespace) -> Any:
    """1 - p, with all its digits near the end, where the root of it may be taken."""
    return (total - ticks) / float(total) if total <= xp.largest else 1.0 - ticks / float(total)
