"""A pure function from step to value, and the algebra that makes new ones."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, final

from glidepath.plan.algebra import (
    Clip,
    Cut,
    Frame,
    Lasting,
    Product,
    Repeat,
    Series,
    Shift,
    Stretch,
    Sum,
    Term,
    Then,
    frame_for,
)
from glidepath.plan.arrays import NUMBERS, as_index, as_steps
from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.plateau import Plateau
from glidepath.plan.times import time_of


@final
@dataclass(frozen=True)
class Schedule:
    """An expression of shapes in time, and the horizon that turns its lengths into steps.

    Called with a step, it gives the value that the update of that step uses. A step is an int, or
    an array of integers (NumPy, JAX, torch or TensorFlow, inside or outside compiled code). Past
    the end the value of the last step holds. It prints as the expression that makes it.

    Example:
        >>> from glidepath import constant, linear
        >>> lr = linear(0.0, 1e-3).over("1000 steps") >> constant(1e-3).over("10 steps")
        >>> lr(500), lr(2_000_000)
        (0.0005, 0.001)
    """

    term: Term
    horizon: Horizon = field(default_factory=Horizon)

    def __post_init__(self) -> None:
        if not isinstance(self.term, Term):
            raise TypeError(f"a schedule is made by `shape.over(...)`, got {self.term!r}")

    def on(self, horizon: Horizon) -> Schedule:
        """The same schedule with the numbers that turn units into steps."""
        return Schedule(self.term, horizon)

    def __rshift__(self, other: Schedule) -> Schedule:
        """This one, then the other. Nesting changes nothing.

        Raises:
            ValueError: if this one has no end, or their horizons differ.
        """
        if not isinstance(other, Schedule):
            return NotImplemented
        return Schedule(Series.of(self.term, other.term), self._one_horizon(other))

    def __mul__(self, other: Schedule | float) -> Schedule:
        """Times a number or another schedule, step by step; both begin together.

        Raises:
            TypeError, ValueError: if the factor is no finite number, or the horizons differ.
        """
        if isinstance(other, Schedule):
            return Schedule(Product.of(self.term, other.term), self._one_horizon(other))
        return Schedule(Product.of(self.term, other), self.horizon)

    def __rmul__(self, number: float) -> Schedule:
        return Schedule(Product.of(number, self.term), self.horizon)

    def __add__(self, other: Schedule | float) -> Schedule:
        """Plus a number or another schedule, step by step; both begin together.

        Raises:
            TypeError, ValueError: if the summand is no finite number, or the horizons differ.
        """
        if isinstance(other, Schedule):
            return Schedule(Sum.of(self.term, other.term), self._one_horizon(other))
        return Schedule(Sum.of(self.term, other), self.horizon)

    def __sub__(self, other: Schedule | float) -> Schedule:
        """Minus a number or another schedule, step by step; both begin together."""
        return self + -1.0 * other if isinstance(other, Schedule) else self + -other

    def __radd__(self, number: float) -> Schedule:
        return Schedule(Sum.of(number, self.term), self.horizon)

    def _one_horizon(self, other: Schedule) -> Horizon:
        if Horizon() not in (self.horizon, other.horizon) and self.horizon != other.horizon:
            raise ValueError(f"two horizons in one schedule: {self.horizon} and {other.horizon}")
        return other.horizon if self.horizon == Horizon() else self.horizon

    def repeat(self, times: int | None = None, *, growth: float = 1, scale: float = 1) -> Schedule:
        """The same again and again: warm restarts.

        Cycle n starts after exactly n lengths, however long an epoch is: floor(n * length). A
        whole `growth` keeps lengths exact too; any other rounds the length of cycle n,
        length * growth ** n, to the nearest whole step (half up), or to the nearest epoch where
        the schedule is told in epochs alone.

        Args:
            times: how often in all; without end where None.
            growth: how many times as long each cycle is as the one before.
            scale: how many times as high each cycle is as the one before.
        Raises:
            TypeError, ValueError: if a number is not positive, or this schedule has no end.
        Source: Loshchilov and Hutter 2017, arXiv:1608.03983.
        Example:
            >>> from glidepath import cosine
            >>> sgdr = cosine(1.0, 0.0).over("10 steps").repeat(growth=2)
            >>> [sgdr(step) for step in (0, 5, 10, 20, 30, 70)]
            [1.0, 0.5, 1.0, 0.5, 1.0, 1.0]
        """
        return Schedule(Repeat(self.term, times=times, growth=growth, scale=scale), self.horizon)

    def clip(self, min: float | None = None, max: float | None = None) -> Schedule:
        """No value lower than `min`, none higher than `max`.

        Raises:
            TypeError, ValueError: if they are no numbers, both missing, or the wrong way round.
        """
        return Schedule(Clip(self.term, low=min, high=max), self.horizon)

    def shift(self, by: DurationLike) -> Schedule:
        """The same, beginning later; until then its first value holds.

        Raises:
            TypeError, ValueError: if it is no duration.
        """
        return Schedule(Shift(self.term, by=Duration.of(by)), self.horizon)

    def lasting(self, duration: DurationLike) -> Schedule:
        """The same with a length of its own: cut off there, or its last value held until then.

        Raises:
            TypeError, ValueError: if it is no duration.
        """
        return Schedule(Lasting(self.term, duration=Duration.of(duration)), self.horizon)

    def cut(
        self, factor: float, *, on: Plateau, lowest: float = 0.0, steps: Sequence[int] = ()
    ) -> Schedule:
        """The same, times a factor each time that a condition holds; see `Plan.listen`.

        Args:
            factor: such as 0.1.
            on: the condition, such as `plateau("val_loss", patience=5)`.
            lowest: no cut goes lower; what is lower by itself stays.
            steps: from which on it has been cut; a plan fills them in from its events.
        Raises:
            TypeError, ValueError: if an argument is none of these.
        """
        return Schedule(
            Cut(self.term, factor, on=on, lowest=lowest, steps=tuple(steps)), self.horizon
        )

    def then(self, value: float) -> Schedule:
        """The same, and from its end on a value that it may only have approached.

        It takes no time: `linear(1.0, 0.0).over(10).then(0.0)` is as long as without.

        Raises:
            TypeError, ValueError: if it is no finite number, or this schedule has no end.
        """
        return Schedule(Then(self.term, value=value), self.horizon)

    @cached_property
    def frame(self) -> Frame:
        """What turns its lengths into integers."""
        return frame_for(self.term, self.horizon)

    @property
    def total_steps(self) -> int | None:
        """The number of steps until its end; None where it has none.

        Raises:
            ValueError: naming the number that the horizon lacks.
        """
        length = self.term.length(self.frame)
        return None if length is None else int(length)

    def stretches(self, until: int) -> Iterator[Stretch]:
        """The segments in it where they lie before a step, in the order of their starts."""
        return self.term.stretches(self.frame, Fraction(0), Fraction(until))

    def seams(self, until: int) -> Iterator[int]:
        """The steps before `until` at which a piece of it begins, or a stair, in order."""
        each = (one.segment.edges(one.frame, one.start, one.end) for one in self.stretches(until))
        last = -1
        for seam in _in_order(each):
            if int(seam) > last:
                last = int(seam)
                yield last

    @cached_property
    def _value(self) -> Callable[[Any, Any], Any]:
        return self.term.place(self.frame, Fraction(0))

    def __call__(self, step: Any) -> Any:
        """The value at a step.

        Args:
            step: an int, or an array of integers of any shape.
        Returns:
            A number, or an array of the same shape.
        Raises:
            TypeError: if the step is not whole.
            ValueError: if it is negative, or a length needs a number that the horizon lacks.
        """
        index = step if type(step) is int and step >= 0 else as_index(step)
        if index is None:
            return self._at_array(step)
        parts = self.frame.parts
        return self._value(index if parts == 1 else index * parts + parts - 1, NUMBERS)

    def _at_array(self, steps: Any) -> Any:
        steps, xp = as_steps(steps)
        parts, is_whole = self.frame.parts, self.term.is_whole

        def values(some: Any) -> Any:
            found = xp.full(self._value(time_of(some, parts, xp), xp), some)
            return found if is_whole else xp.as_real(found)

        return xp.map(values, steps)

    def __reduce__(self) -> tuple[Any, ...]:
        return Schedule, (self.term, self.horizon)

    def __repr__(self) -> str:
        text = repr(self.term)
        return text if self.horizon == Horizon() else f"({text}).on({self.horizon!r})"


def _in_order(each: Iterable[Iterator[Fraction]]) -> Iterator[Fraction]:
    """Times of one stretch after another, of which those side by side may overlap."""
    waiting: list[tuple[Fraction, int, Iterator[Fraction]]] = []
    for number, edges in enumerate(each):
        start = next(edges)
        yield from _until(start, waiting)
        heapq.heappush(waiting, (start, number, edges))
    yield from _until(None, waiting)


def _until(
    end: Fraction | None, waiting: list[tuple[Fraction, int, Iterator[Fraction]]]
) -> Iterator[Fraction]:
    """The next times of several iterators, before an end."""
    while waiting and (end is None or waiting[0][0] < end):
        time, number, edges = heapq.heappop(waiting)
        yield time
        for later in edges:
            heapq.heappush(waiting, (later, number, edges))
            break
