"""What schedules are put together from."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from glidepath.plan.duration import Duration
from glidepath.plan.horizon import Horizon

if TYPE_CHECKING:
    from glidepath.plan.algebra.segment import Segment

Placed = Callable[[Any, Any], Any]
"""(time, namespace) to value, for times from the term's start on; see `times`."""


@dataclass(frozen=True)
class Frame:
    """What turns lengths into integers.

    Attributes:
        horizon: turns every unit into steps.
        parts: how many parts make a step, so that every length is a whole number of parts.
        stretch: how many times as long everything takes, inside a repeat that grows.
    """

    horizon: Horizon
    parts: int = 1
    stretch: Fraction = Fraction(1)

    def steps_in(self, duration: Duration) -> Fraction:
        """The exact length of a duration, in steps.

        Raises:
            ValueError: naming the number that is missing to resolve its unit.
        """
        return self.horizon.steps_in(duration) * self.stretch

    def fine(self, steps: Fraction) -> int:
        """An exact number of steps in parts; what no comparison could tell is rounded down."""
        return steps.numerator * self.parts // steps.denominator


@dataclass(frozen=True)
class Stretch:
    """A segment in its place.

    Attributes:
        segment: which.
        frame: what turns its lengths into integers there.
        start: its exact start, in steps.
        end: its exact end, or where something cuts it off.
    """

    segment: Segment
    frame: Frame
    start: Fraction
    end: Fraction

    @property
    def is_cut(self) -> bool:
        """Whether it ends a step or more before its time."""
        return int(self.end) < int(self.start + self.segment.length(self.frame))


class Term(ABC):
    """A node of the expression that a schedule is: a frozen dataclass, with units in its lengths.

    In a file it is a table whose first key is the term's `name`, with the term's first field.
    """

    name: ClassVar[str]
    is_operator: ClassVar[bool] = False
    """Whether it prints with an operator, and needs brackets before a dot."""

    @property
    @abstractmethod
    def children(self) -> tuple[Term, ...]:
        """The terms inside."""

    @property
    @abstractmethod
    def is_endless(self) -> bool:
        """Whether it goes on for ever, on any horizon."""

    @abstractmethod
    def length(self, frame: Frame) -> Fraction | None:
        """How many steps it takes, exactly; None where it goes on without end.

        Raises:
            ValueError: naming the number that the horizon lacks.
        """

    @abstractmethod
    def periods(self, frame: Frame) -> tuple[Fraction, ...]:
        """The lengths, in steps, that it counts by itself, not through its children."""

    @abstractmethod
    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The values from an exact time on, all lengths turned into integers.

        Raises:
            ValueError: if a length makes no sense on this horizon.
        """

    @abstractmethod
    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """The segments in it where they lie in time, in the order of their starts."""

    @property
    @abstractmethod
    def extremes(self) -> tuple[float, float]:
        """The smallest and the largest value that it can take; NaN where nobody knows."""

    @property
    @abstractmethod
    def is_whole(self) -> bool:
        """Whether every value is a whole number."""

    @abstractmethod
    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """How the value at a time comes about, line by line, from the outside in."""


def walk(term: Term) -> Iterator[Term]:
    """A term and all that is inside it."""
    yield term
    for child in term.children:
        yield from walk(child)


def frame_for(term: Term, horizon: Horizon, stretch: Fraction = Fraction(1)) -> Frame:
    """A frame with parts as fine as exact counting needs, and no finer.

    Args:
        term: what is counted; what grows inside of it makes finer frames of its own.
        horizon: turns every unit into steps.
        stretch: how many times as long everything takes.
    Raises:
        ValueError: naming the number that the horizon lacks.
    """
    coarse = Frame(horizon, stretch=stretch)
    nodes = list(walk(term))
    periods = [period for node in nodes for period in node.periods(coarse)]
    if all(period.denominator == 1 for period in periods):
        return coarse
    lengths = [length for node in nodes if (length := node.length(coarse)) is not None]
    parts = math.lcm(*(length.denominator for length in [*periods, *lengths]))
    return Frame(horizon, parts, stretch)


def rebuilt(term: Term, change: Callable[[Term], Term]) -> Term:
    """A term with every node in it changed, from the inside out."""

    def inside(value: Any) -> Any:
        if isinstance(value, Term):
            return rebuilt(value, change)
        return tuple(map(inside, value)) if isinstance(value, tuple) else value

    changed = {one.name: inside(getattr(term, one.name)) for one in fields(term)}  # type: ignore[arg-type]
    return change(replace(term, **changed))  # type: ignore[type-var]


def in_brackets(term: Term) -> str:
    """A term as it prints before a dot."""
    return f"({term!r})" if term.is_operator else repr(term)
