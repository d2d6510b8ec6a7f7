"""What every shape is: how a value goes from one number to another."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import fields
from typing import Any, ClassVar

from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.schedule import Schedule, Segment


class Shape(ABC):
    """A curve without a length: a pure formula of the ticks since its start.

    A tick is a step, or an epoch where the curve moves per epoch. A subclass is a frozen
    dataclass whose fields are its numbers; a field's metadata may give it another `key` in files.
    """

    name: ClassVar[str]

    @abstractmethod
    def at(self, ticks: Any, total: int, xp: Any) -> Any:
        """The value after `ticks` of `total` ticks, by the functions of the namespace `xp`."""

    def resolved(self, horizon: Horizon) -> Shape:  # noqa: ARG002 - most shapes have no durations
        """The same shape with every duration in it turned into steps."""
        return self

    @property
    def is_whole(self) -> bool:
        """Whether every value is a whole number."""
        return False

    @property
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest value that the curve can take."""
        numbers = [float(getattr(self, end)) for end in ("start", "end")]
        return min(numbers), max(numbers)

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
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            text = repr(str(value)) if isinstance(value, Duration) else repr(value)
            if value != field.default:
                parts.append(f"{field.name}={text}" if field.kw_only else text)
        return f"{self.name}({', '.join(parts)})"
