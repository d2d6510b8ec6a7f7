"""Less, each time that a condition holds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, Term, in_brackets
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.listening import Plateau
from glidepath.plan.numbers import finite, positive


@final
@dataclass(frozen=True, repr=False)
class Cut(Term):
    """A term times `by` once for every event: `schedule.cut(by, on=plateau(...))`.

    Attributes:
        inside: the term.
        by: the factor.
        on: the condition that makes an event.
        lowest: no value is lower.
        steps: of the run, from which on each event counts; a plan fills them in.

    Raises:
        TypeError, ValueError: if an argument is none of these.
    """

    inside: Term
    by: float
    on: Plateau = field(kw_only=True)
    lowest: float = field(default=0.0, kw_only=True)
    steps: tuple[int, ...] = field(default=(), kw_only=True)
    name: ClassVar[str] = "cut"

    def __post_init__(self) -> None:
        object.__setattr__(self, "by", positive("by", self.by))
        object.__setattr__(self, "lowest", finite("lowest", self.lowest))
        object.__setattr__(self, "steps", tuple(self.steps))
        if not isinstance(self.on, Plateau):
            raise TypeError(f'`on` must be a condition such as plateau("val_loss", patience=5), '
                            f"got {self.on!r}")  # fmt: skip

    @property
    def children(self) -> tuple[Term, ...]:
        """What is cut."""
        return (self.inside,)

    @property
    def is_endless(self) -> bool:
        """As what is cut."""
        return self.inside.is_endless

    def length(self, frame: Frame) -> Fraction | None:
        """As what is cut."""
        return self.inside.length(frame)

    def periods(self, frame: Frame) -> tuple[Fraction, ...]:  # noqa: ARG002
        """None of its own."""
        return ()

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The value times `by` to the number of events that have been."""
        placed, lowest = self.inside.place(frame, start), self.lowest
        times = [step * frame.parts for step in self.steps]
        factors = [NUMBERS.power(self.by, n) for n in range(len(times) + 1)]

        def at(time: Any, xp: Any) -> Any:
            if xp is NUMBERS:
                return max(placed(time, xp) * factors[bisect_right(times, time)], lowest)
            factor = 1.0
            for one, event in zip(factors[1:], times, strict=True):
                factor = xp.where(time >= event, one, factor)
            return xp.maximum(xp.full(placed(time, xp), time) * factor, lowest)

        return at

    def seams(self, frame: Frame, start: Fraction) -> Iterator[Fraction]:
        """Those of what is cut; the events are the plan's."""
        return self.inside.seams(frame, start)

    @property
    def extremes(self) -> tuple[float, float]:
        """Anything from `lowest` to what it was, or without bound if `by` is above 1."""
        low, high = self.inside.extremes
        return min(low, self.lowest), high if self.by <= 1 else float("inf")

    @property
    def is_whole(self) -> bool:
        """Never."""
        return False

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """How often it was cut."""
        times = bisect_right([step * frame.parts for step in self.steps], time)
        yield f"cut {times} times by {self.by:g} on {self.on}, no lower than {self.lowest:g}"
        yield from self.inside.explain(frame, start, time)

    def __repr__(self) -> str:
        rest = f", lowest={self.lowest!r}" if self.lowest else ""
        rest += f", steps={self.steps!r}" if self.steps else ""
        return f"{in_brackets(self.inside)}.cut({self.by!r}, on={self.on!r}{rest})"
