"""So long, and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, Stretch, in_brackets
from glidepath.plan.algebra.wrapper import Timing
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.duration import Duration
from glidepath.plan.times import before


@final
@dataclass(frozen=True, repr=False)
class Lasting(Timing):
    """A term given a length: `schedule.lasting("90 epochs")`.

    One that is longer is cut off; one that is shorter holds its last value.

    Attributes:
        inside: the term.
        duration: how long it lasts.
    """

    duration: Duration = field(kw_only=True, metadata={"key": "for"})
    name: ClassVar[str] = "lasting"

    @property
    def is_endless(self) -> bool:
        """Never."""
        return False

    def length(self, frame: Frame) -> Fraction:
        """Of the duration."""
        return frame.steps_in(self.duration)

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The term, asked for no later time than the last in its length."""
        length = self.length(frame)
        if length < 1:
            raise ValueError(f"{self.duration} is less than one step")
        placed, end = self.inside.place(frame, start), frame.fine(start + length)

        def at(time: Any, xp: Any) -> Any:
            return placed(before(time, end, frame.parts, xp), xp)

        return at

    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """Those that begin before its end."""
        return self.inside.stretches(frame, start, min(until, start + self.length(frame)))

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """What is inside, at the last time of its length if it has passed."""
        end = frame.fine(start + self.length(frame))
        yield from self.inside.explain(frame, start, before(time, end, frame.parts, NUMBERS))

    def __repr__(self) -> str:
        return f"{in_brackets(self.inside)}.lasting({str(self.duration)!r})"
