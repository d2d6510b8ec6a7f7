"""Shapes laid end to end in time: a pure function from step to value."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

from glidepath.plan.arrays import NUMBERS, Namespace, as_index, as_steps
from glidepath.plan.duration import Duration
from glidepath.plan.horizon import Horizon
from glidepath.plan.periods import count_whole

if TYPE_CHECKING:
    from glidepath.plan.shapes.shape import Formula, Shape

SAMPLED_AT = ("start", "end")
MOVES_PER = ("step", "epoch")


@dataclass(frozen=True)
class Segment:
    """A shape with a length, and the clock that it moves by.

    Attributes:
        shape: the curve.
        duration: how long it takes.
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

    def __repr__(self) -> str:
        clock = f", at={self.at!r}" if self.at != "start" else ""
        clock += f", per={self.per!r}" if self.per != "step" else ""
        return f"{self.shape!r}.over({str(self.duration)!r}{clock})"


@dataclass(frozen=True)
class Piece:
    """A segment that knows its place: every length in it is a number of steps.

    Attributes:
        formula: the curve.
        start: its first step.
        length: its number of steps.
        total: its number of ticks.
        shift: 1 where ticks are sampled at their end, else 0.
        epoch: the exact length of an epoch in steps where the curve moves per epoch, else None.
    """

    formula: Formula
    start: int
    length: int
    total: int
    shift: int
    epoch: Fraction | None

    def at(self, step: Any, xp: Namespace) -> Any:
        """The value at a step; before the start the first one, beyond the end the last."""
        steps = xp.maximum(step, self.start) - self.start
        ticks = xp.minimum(steps, min(self.length - 1, xp.largest))
        if self.epoch is not None:
            before = count_whole(self.start, self.epoch)
            ticks = count_whole(self.start + ticks, self.epoch, xp) - before
        if self.shift:
            ticks = xp.minimum(ticks, min(self.total, xp.largest) - 1) + 1
        return self.formula(ticks, self.total, xp)


@dataclass(frozen=True)
class Schedule:
    """Segments in order, and the horizon that turns their lengths into steps.

    Called with a step, it gives the value that the update of that step uses. A step is an int, or
    an array of integers (NumPy or JAX, inside or outside compiled code). Past the end the value
    of the last step holds.

    Example:
        >>> from glidepath import constant, linear
        >>> lr = linear(0.0, 1e-3).over("1000 steps") >> constant(1e-3).over("10 steps")
        >>> lr(500), lr(2_000_000)
        (0.0005, 0.001)
    """

    segments: tuple[Segment, ...]
    horizon: Horizon = field(default_factory=Horizon)

    def __post_init__(self) -> None:
        if not self.segments:
            raise ValueError("a schedule needs at least one segment")

    def on(self, horizon: Horizon) -> Schedule:
        """The same schedule with the numbers that turn epochs into steps."""
        return Schedule(self.segments, horizon)

    def __rshift__(self, other: Schedule) -> Schedule:
        if not isinstance(other, Schedule):
            return NotImplemented
        if Horizon() not in (self.horizon, other.horizon) and self.horizon != other.horizon:
            raise ValueError(f"two horizons in one schedule: {self.horizon} and {other.horizon}")
        horizon = other.horizon if self.horizon == Horizon() else self.horizon
        return Schedule(self.segments + other.segments, horizon)

    @cached_property
    def bounds(self) -> tuple[int, ...]:
        """The first step of each segment, then the number of steps of all.

        Raises:
            ValueError: if a length can't be resolved, or is less than one step.
        """
        return self.horizon.bounds(segment.duration for segment in self.segments)

    @property
    def total_steps(self) -> int:
        """The number of steps of all segments together."""
        return self.bounds[-1]

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The segments with their places in time."""
        return tuple(
            self._place(segment, start, end - start)
            for segment, start, end in zip(
                self.segments, self.bounds, self.bounds[1:], strict=False
            )
        )

    def _place(self, segment: Segment, start: int, length: int) -> Piece:
        shift = int(segment.at == "end" and segment.shape.has_ends)
        if segment.per == "step":
            formula = segment.shape.formula(self.horizon, Fraction(1))
            return Piece(formula, start, length, length, shift, None)
        epoch = self.horizon.steps_per_epoch
        if epoch < 1:
            raise ValueError(
                f'`per="epoch"` needs epochs of at least one step; {self.horizon.samples} samples '
                f"in batches of {self.horizon.batch} are less"
            )
        formula = segment.shape.formula(self.horizon, epoch)
        return Piece(formula, start, length, int(segment.duration.amount), shift, epoch)

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
        pieces = self.pieces
        return pieces[bisect_right(self.bounds, index, 1, len(pieces)) - 1].at(index, NUMBERS)

    def _at_array(self, steps: Any) -> Any:
        steps, xp = as_steps(steps)
        first, *rest = self.pieces
        value = first.at(steps, xp)
        value = xp.where(steps >= 0, value, value)  # a constant is as long as the steps are
        for piece in rest:
            if piece.start <= xp.largest:
                value = xp.where(steps >= piece.start, piece.at(steps, xp), value)
        return value

    def __repr__(self) -> str:
        text = " >> ".join(map(repr, self.segments))
        return text if self.horizon == Horizon() else f"({text}).on({self.horizon!r})"
