"""Less, each time that a condition holds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, in_brackets
from glidepath.plan.algebra.wrapper import Filter
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.numbers import finite, positive, positive_count
from glidepath.plan.plateau import Plateau
from glidepath.plan.times import can_reach


@final
@dataclass(frozen=True, repr=False)
class Cut(Filter):
    """A term times a factor once for every event: `schedule.cut(factor, on=plateau(...))`.

    v(t) = max(inside(t) * factor ** n, min(inside(t), lowest)) after n events

    Attributes:
        inside: the term.
        factor: what each event multiplies by.
        on: the condition that makes an event.
        lowest: no cut goes lower; what is lower by itself stays.
        steps: of the run, from which on each event counts; a plan fills them in.

    Raises:
        TypeError, ValueError: if an argument is none of these.
    """

    factor: float
    on: Plateau = field(kw_only=True)
    lowest: float = field(default=0.0, kw_only=True)
    steps: tuple[int, ...] = field(default=(), kw_only=True)
    name: ClassVar[str] = "cut"

    def __post_init__(self) -> None:
        object.__setattr__(self, "factor", positive("factor", self.factor))
        object.__setattr__(self, "lowest", finite("lowest", self.lowest))
        steps = sorted(positive_count("steps", step) for step in self.steps)
        object.__setattr__(self, "steps", tuple(steps))
        if not isinstance(self.on, Plateau):
            raise TypeError(f'`on` must be a condition such as plateau("val_loss", patience=5), '
                            f"got {self.on!r}")  # fmt: skip

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The value times the factor to the number of events that have been."""
        placed, lowest = self.inside.place(frame, start), self.lowest
        times = [step * frame.parts for step in self.steps]
        factors = [NUMBERS.power(self.factor, n) for n in range(len(times) + 1)]

        def at(time: Any, xp: Any) -> Any:
            value = placed(time, xp)
            if xp is NUMBERS:
                return max(value * factors[bisect_right(times, time)], min(value, lowest))
            value = xp.full(value, time) + 0.0
            factor = 1.0
            for one, event in zip(factors[1:], times, strict=True):
                if can_reach(xp, event, frame.parts):
                    factor = xp.where(time >= event, one, factor)
            cut, floor = value * factor, xp.minimum(value, lowest)
            return xp.where(cut > floor, cut, floor)

        return at

    @property
    def extremes(self) -> tuple[float, float]:
        """From next to nothing, or `lowest`, to what it was; without bound for a growing factor."""
        low, high = self.inside.extremes
        return min(low, max(self.lowest, 0.0)), high if self.factor <= 1 else float("inf")

    @property
    def is_whole(self) -> bool:
        """Never."""
        return False

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """How often it was cut."""
        times = bisect_right([step * frame.parts for step in self.steps], time)
        each = f"each times {self.factor:g} on {self.on}, no lower than {self.lowest:g}"
        yield f"after {times:,} events, {each}"
        yield from self.inside.explain(frame, start, time)

    def __repr__(self) -> str:
        rest = f", lowest={self.lowest!r}" if self.lowest else ""
        rest += f", steps={self.steps!r}" if self.steps else ""
        return f"{in_brackets(self.inside)}.cut({self.factor!r}, on={self.on!r}{rest})"
