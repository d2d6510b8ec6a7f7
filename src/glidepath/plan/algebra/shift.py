"""Later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, Term, in_brackets
from glidepath.plan.duration import Duration
from glidepath.plan.times import at_least


@final
@dataclass(frozen=True, repr=False)
class Shift(Term):
    """A term that begins later: `schedule.shift(by)`. Until then its first value holds.

    Attributes:
        inside: the term.
        by: how much later.
    """

    inside: Term
    by: Duration = field(kw_only=True)
    name: ClassVar[str] = "shift"

    @property
    def children(self) -> tuple[Term, ...]:
        """What is shifted."""
        return (self.inside,)

    @property
    def is_endless(self) -> bool:
        """As what is shifted."""
        return self.inside.is_endless

    def length(self, frame: Frame) -> Fraction | None:
        """With the time before it."""
        length = self.inside.length(frame)
        return None if length is None else length + frame.steps_in(self.by)

    def periods(self, frame: Frame) -> tuple[Fraction, ...]:  # noqa: ARG002
        """None of its own."""
        return ()

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The term from its later start on, asked for no earlier time."""
        begin = start + frame.steps_in(self.by)
        placed = self.inside.place(frame, begin)
        # The start may lie inside a step, which is the first that has reached it.
        first = frame.fine(begin)

        def at(time: Any, xp: Any) -> Any:
            return placed(at_least(time, first, xp), xp)

        return at

    def seams(self, frame: Frame, start: Fraction) -> Iterator[Fraction]:
        """As what is shifted, later."""
        yield start
        yield from self.inside.seams(frame, start + frame.steps_in(self.by))

    @property
    def extremes(self) -> tuple[float, float]:
        """As what is shifted."""
        return self.inside.extremes

    @property
    def is_whole(self) -> bool:
        """As what is shifted."""
        return self.inside.is_whole

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """Whether it has begun."""
        begin = start + frame.steps_in(self.by)
        begins = "begins" if time < frame.fine(begin) else "began"
        yield f"shifted by {self.by}: {begins} at step {int(begin):,}"
        yield from self.inside.explain(frame, begin, max(time, frame.fine(begin)))

    def __repr__(self) -> str:
        return f"{in_brackets(self.inside)}.shift({str(self.by)!r})"
