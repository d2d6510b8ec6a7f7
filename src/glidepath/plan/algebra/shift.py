"""Later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, Stretch, in_brackets
from glidepath.plan.algebra.wrapper import Timing
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.duration import Duration
from glidepath.plan.times import can_reach, not_before


@final
@dataclass(frozen=True, repr=False)
class Shift(Timing):
    """A term that begins later: `schedule.shift(by)`. Until then its first value holds.

    Attributes:
        inside: the term.
        by: how much later.
    """

    by: Duration = field(kw_only=True)
    name: ClassVar[str] = "shift"

    @property
    def is_endless(self) -> bool:
        """As what is shifted."""
        return self.inside.is_endless

    def length(self, frame: Frame) -> Fraction | None:
        """With the time before it."""
        length = self.inside.length(frame)
        return None if length is None else length + frame.steps_in(self.by)

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The term from its later start on, asked for no earlier time."""
        begin = start + frame.steps_in(self.by)
        placed, first, parts = self.inside.place(frame, begin), frame.fine(begin), frame.parts

        def at(time: Any, xp: Any) -> Any:
            if not can_reach(xp, first, parts):
                return placed((first // parts + 1) * parts - 1, NUMBERS)
            return placed(not_before(time, first, parts, xp), xp)

        return at

    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """As what is shifted, later."""
        return self.inside.stretches(frame, start + frame.steps_in(self.by), until)

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """Whether it has begun."""
        begin = start + frame.steps_in(self.by)
        begins = "begins" if time < frame.fine(begin) else "began"
        yield f"shifted by {self.by}: {begins} at step {int(begin):,}"
        first = frame.fine(begin)
        yield from self.inside.explain(frame, begin, not_before(time, first, frame.parts, NUMBERS))

    def __repr__(self) -> str:
        return f"{in_brackets(self.inside)}.shift({str(self.by)!r})"
