"""So long, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, Term, in_brackets
from glidepath.plan.duration import Duration
from glidepath.plan.times import at_most


@final
@dataclass(frozen=True, repr=False)
class Lasting(Term):
    """A term given a length: `schedule.lasting("90 epochs")`.

    One that is longer is cut off; one that is shorter holds its last value.

    Attributes:
        inside: the term.
        duration: how long it lasts.
    """

    inside: Term
    duration: Duration = field(kw_only=True, metadata={"key": "for"})
    name: ClassVar[str] = "lasting"

    @property
    def children(self) -> tuple[Term, ...]:
        """What is cut or held."""
        return (self.inside,)

    @property
    def is_endless(self) -> bool:
        """Never."""
        return False

    def length(self, frame: Frame) -> Fraction:
        """Of the duration."""
        return frame.steps_in(self.duration)

    def periods(self, frame: Frame) -> tuple[Fraction, ...]:  # noqa: ARG002
        """None of its own."""
        return ()

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The term, asked for no later time than the last in its length."""
        length = self.length(frame)
        if length < 1:
            raise ValueError(f"{self.duration} is less than one step")
        placed, last = self.inside.place(frame, start), frame.fine(start + length) - 1

        def at(time: Any, xp: Any) -> Any:
            return placed(at_most(time, last, xp), xp)

        return at

    def seams(self, frame: Frame, start: Fraction) -> Iterator[Fraction]:
        """Those before the end."""
        end = start + self.length(frame)
        for seam in self.inside.seams(frame, start):
            if seam >= end:
                return
            yield seam

    @property
    def extremes(self) -> tuple[float, float]:
        """As what is inside."""
        return self.inside.extremes

    @property
    def is_whole(self) -> bool:
        """As what is inside."""
        return self.inside.is_whole

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """What is inside, at the last time of its length if it has passed."""
        last = frame.fine(start + self.length(frame)) - 1
        yield from self.inside.explain(frame, start, min(time, last))

    def __repr__(self) -> str:
        return f"{in_brackets(self.inside)}.lasting({str(self.duration)!r})"
