"""A shape with a length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count as count_up
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, Stretch, Term
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.duration import Duration
from glidepath.plan.shapes.shape import Shape
from glidepath.plan.times import at_most, before, count

SAMPLED_AT = ("start", "end")
MOVES_PER = ("step", "epoch")


@final
@dataclass(frozen=True, repr=False)
class Segment(Term):
    """A shape with a length, and the clock that it moves by.

    Attributes:
        shape: the curve.
        duration: how long it takes. What is left of a step at its end counts for nothing: a curve
            over 3,906.25 steps has 3,906 ticks, wherever it stands, and holds its last value
            where there is one step more.
        at: "start" or "end": where in each tick the curve is sampled.
        per: "step" or "epoch": what a tick is.

    Raises:
        ValueError: if `at` or `per` is neither, or the length is no whole number of epochs where
            `per` is "epoch".
    """

    shape: Shape
    duration: Duration
    at: str = "start"
    per: str = "step"
    name: ClassVar[str] = "shape"

    def __post_init__(self) -> None:
        if self.at not in SAMPLED_AT:
            raise ValueError(f'`at` must be "start" or "end", got {self.at!r}')
        if self.per not in MOVES_PER:
            raise ValueError(f'`per` must be "step" or "epoch", got {self.per!r}')
        is_whole = self.duration.unit == "epochs" and self.duration.amount.denominator == 1
        if self.per == "epoch" and not is_whole:
            raise ValueError(
                f'`per="epoch"` needs a whole number of epochs, got {str(self.duration)!r}'
            )

    @property
    def children(self) -> tuple[Term, ...]:
        """None."""
        return ()

    @property
    def is_endless(self) -> bool:
        """Never."""
        return False

    def length(self, frame: Frame) -> Fraction:
        """Of the duration."""
        return frame.steps_in(self.duration)

    def periods(self, frame: Frame) -> tuple[Fraction, ...]:
        """An epoch, or what the shape counts."""
        if self.per == "epoch":
            return (frame.horizon.steps_per_epoch,)
        return () if self.shape.tread is None else (frame.steps_in(self.shape.tread),)

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The curve from its first tick on; beyond its end its last value."""
        length = self.length(frame)
        if length < 1:
            raise ValueError(f"{self.duration} is less than one step")
        if self.per == "epoch":
            return self._per_epoch(frame, start)
        if self.shape.tread is not None:
            return self._in_parts(frame, start)
        return self._per_step(frame, start)

    @property
    def _shift(self) -> int:
        return int(self.at == "end" and self.shape.tread is None)

    def _per_step(self, frame: Frame, start: Fraction) -> Placed:
        first, parts, shift = frame.fine(start), frame.parts, self._shift
        formula, total = self.shape.formula(frame.steps_in, 1), int(self.length(frame))
        last = total - 1

        def at(time: Any, xp: Any) -> Any:
            ticks = time - first
            if parts != 1:
                ticks = ticks // parts
            ticks = (ticks if ticks < last else last) if xp is NUMBERS else at_most(ticks, last, xp)
            return formula(ticks + shift if shift else ticks, total, xp)

        return at

    def _in_parts(self, frame: Frame, start: Fraction) -> Placed:
        first, parts, total = frame.fine(start), frame.parts, int(self.length(frame))
        formula, end = self.shape.formula(frame.steps_in, parts), total * parts
        return lambda time, xp: formula(before(time - first, end, parts, xp), total, xp)

    def _per_epoch(self, frame: Frame, start: Fraction) -> Placed:
        epoch, total, shift = frame.horizon.steps_per_epoch, self._ticks(frame), self._shift
        if epoch < 1:
            raise ValueError(
                f'`per="epoch"` needs epochs of at least one step; {frame.horizon.samples} samples '
                f"in batches of {frame.horizon.batch} are less"
            )

        def in_ticks(duration: Duration) -> Fraction:
            return frame.steps_in(duration) / epoch

        formula, period = self.shape.formula(in_ticks, 1), frame.fine(epoch)
        begun = _last_part(start, frame.parts) // period

        def at(time: Any, xp: Any) -> Any:
            ticks = at_most(count(time, period, xp) - begun, total - 1, xp)
            return formula(ticks + shift if shift else ticks, total, xp)

        return at

    def _ticks(self, frame: Frame) -> int:
        """The number of epochs, where the value moves by them."""
        ticks = self.duration.amount * frame.stretch
        if ticks.denominator != 1:
            raise ValueError(f"{self.duration} times {frame.stretch} is no whole number of epochs")
        return int(ticks)

    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """Itself."""
        if start < until:
            yield Stretch(self, frame, start, min(start + self.length(frame), until))

    def edges(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Fraction]:
        """The exact times of its stairs, the first of which is its start."""
        yield start
        tread = self.shape.tread
        if tread is not None and self.per == "step":
            for n in count_up(1):
                if start + n * frame.steps_in(tread) >= until:
                    return
                yield start + n * frame.steps_in(tread)

    @property
    def extremes(self) -> tuple[float, float]:
        """Those of the shape."""
        return self.shape.extremes

    @property
    def is_whole(self) -> bool:
        """As the shape."""
        return self.shape.is_whole

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """The formula, and the tick that it is asked for."""
        if self.per == "epoch":
            period = frame.fine(frame.horizon.steps_per_epoch)
            ticks = time // period - _last_part(start, frame.parts) // period
            total = self._ticks(frame)
        else:
            ticks, total = (time - frame.fine(start)) // frame.parts, int(self.length(frame))
        ticks = min(ticks, total - 1)
        yield f"{self!r}: {self.shape.maths}"
        where = f"{self.per} {ticks:,} of its {total:,} {self.per}s"
        p = (ticks + self._shift) / total
        yield where + (f", p = {p:.6g}" if re.search(r"\bp\b", self.shape.maths) else "")

    def __repr__(self) -> str:
        clock = f", at={self.at!r}" if self.at != "start" else ""
        clock += f", per={self.per!r}" if self.per != "step" else ""
        return f"{self.shape!r}.over({str(self.duration)!r}{clock})"


def _last_part(start: Fraction, parts: int) -> int:
    """The time of the step in which something starts."""
    return (start.numerator // start.denominator) * parts + parts - 1
