"""No lower than this and no higher than that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, in_brackets
from glidepath.plan.algebra.wrapper import Filter
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.numbers import finite_as_given


@final
@dataclass(frozen=True, repr=False)
class Clip(Filter):
    """A term whose values are kept in bounds: `schedule.clip(min, max)`.

    Attributes:
        inside: the term.
        low: no value is lower, where given.
        high: no value is higher, where given.

    Raises:
        TypeError: if a bound is no number.
        ValueError: if there is no bound, or they are the wrong way round.
    """

    low: float | int | None = field(default=None, kw_only=True, metadata={"key": "min"})
    high: float | int | None = field(default=None, kw_only=True, metadata={"key": "max"})
    name: ClassVar[str] = "clip"

    def __post_init__(self) -> None:
        for name, shown in (("low", "min"), ("high", "max")):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, finite_as_given(shown, getattr(self, name)))
        if self.low is None and self.high is None:
            raise ValueError("a clip needs `min`, `max` or both")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"`min` must not be above `max`, got {self.low} and {self.high}")

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The smaller of the value and `max`, then the larger of that and `min`."""
        placed, low, high = self.inside.place(frame, start), self.low, self.high

        def at(time: Any, xp: Any) -> Any:
            value = placed(time, xp)
            value = value if xp is NUMBERS else xp.full(value, time)
            value = value if high is None else xp.minimum(value, high)
            return value if low is None else xp.maximum(value, low)

        return at

    @property
    def extremes(self) -> tuple[float, float]:
        """As what is clipped, clipped."""
        low, high = self.inside.extremes
        return self._clipped(low), self._clipped(high)

    def _clipped(self, value: float) -> float:
        value = value if self.high is None or value <= self.high else float(self.high)
        return value if self.low is None or value >= self.low else float(self.low)

    @property
    def is_whole(self) -> bool:
        """Whether the bounds are, and what is clipped."""
        bounds = [bound for bound in (self.low, self.high) if bound is not None]
        return self.inside.is_whole and all(isinstance(bound, int) for bound in bounds)

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """The bounds and the value between them."""
        value = self.inside.place(frame, start)(time, NUMBERS)
        yield f"{value:g}, clipped to [{self.low}, {self.high}]".replace("None", "-")
        yield from self.inside.explain(frame, start, time)

    def __repr__(self) -> str:
        if self.low is None:
            return f"{in_brackets(self.inside)}.clip(max={self.high!r})"
        end = "" if self.high is None else f", {self.high!r}"
        return f"{in_brackets(self.inside)}.clip({self.low!r}{end})"
