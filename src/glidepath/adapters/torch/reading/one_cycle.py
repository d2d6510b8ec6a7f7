"""OneCycleLR: two or three phases, which end where they end, be it between two steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial, reduce
from operator import rshift
from typing import Any

from glidepath.adapters.torch.reading.fitting import fitted
from glidepath.adapters.torch.reading.formulas import CosineWave
from glidepath.adapters.torch.reading.lines import lines
from glidepath.adapters.torch.reading.motion import Values
from glidepath.adapters.torch.reading.numbers import base_rate, number, snapped
from glidepath.plan import Schedule, constant, cosine, from_function


@dataclass(frozen=True)
class Piece:
    """A phase of the cycle, with its cosine or its line.

    Attributes:
        begin: where the phase before ended, in steps; the first begins at 0.
        until: its own end.
        start: value at `begin`, in the unit of the quantity.
        end: value at `until`.
        is_line: whether it goes straight.
    """

    begin: float
    until: float
    start: float
    end: float
    is_line: bool

    def at(self, step: int) -> float:
        """The value at a step."""
        p = (step - self.begin) / (self.until - self.begin)
        weight = 1.0 - p if self.is_line else 0.5 * (1.0 + math.cos(math.pi * p))
        return self.start * weight + self.end * (1.0 - weight)

    def drawn(self, first: int, after: int) -> Schedule:
        """Its cosine from one step to before another."""
        length = self.until - self.begin
        if first == self.begin and length.is_integer():
            return fitted(cosine(self.start, self.end).over(int(length)), after - first)
        wave = CosineWave(self.start, self.end, self.begin - first, length)
        return from_function(wave).over(after - first)


def one_cycle_lr(scheduler: Any, group: int) -> Values:
    """OneCycleLR: up to max_lr until pct_start * T - 1, and down until T - 1, T being total_steps.

    With three phases it comes back to where it began at 2 * pct_start * T - 2, and then goes
    further down. Past its end torch fails, and the schedule holds the last value.
    """
    return Values("OneCycleLR", base_rate(scheduler, group), _drawn(scheduler, group, "lr"))


def momentum_of_one_cycle_lr(scheduler: Any, group: int) -> Schedule:
    """The same phases between max_momentum and base_momentum."""
    return _drawn(scheduler, group, "momentum")


def _drawn(scheduler: Any, group: int, quantity: str) -> Schedule:
    last, pieces = scheduler.total_steps - 1, _pieces(scheduler, group, quantity)
    value = partial(_at, pieces)
    ends = [piece.until for piece in pieces[:-1] if 0 < piece.until < last]
    if pieces[0].is_line:
        near = [step for end in ends for step in (math.floor(end), math.ceil(end))]
        curves = [lines(value, [0, *near, last])] if last else []
    else:
        curves = _cosines(pieces, last)
    return reduce(rshift, [*curves, constant(value(last)).over(1)])


def _pieces(scheduler: Any, group: int, quantity: str) -> list[Piece]:
    settings = scheduler.optimizer.param_groups[group]
    begin, is_line, pieces = 0.0, _is_linear(scheduler), []
    for phase in scheduler._schedule_phases:
        until = snapped(phase["end_step"])
        ends = (phase[f"start_{quantity}"], phase[f"end_{quantity}"])
        start, end = (number(scheduler, name, settings[name]) for name in ends)
        pieces.append(Piece(begin, until, start, end, is_line))
        begin = until
    return pieces


def _is_linear(scheduler: Any) -> bool:
    """By its name, or in a state that torch 1 has saved by the function itself."""
    named = getattr(scheduler, "_anneal_func_type", None)
    return named == "linear" if named else scheduler.anneal_func.__name__ == "_annealing_linear"


def _at(pieces: Sequence[Piece], step: int) -> float:
    """The value at a step, by the first phase that has not ended before it."""
    piece = next((piece for piece in pieces if step <= piece.until), pieces[-1])
    return piece.at(step)


def _cosines(pieces: Sequence[Piece], last: int) -> list[Schedule]:
    """Each phase from its first step to before the next one's, as far as the last step."""
    starts = [min(max(math.ceil(piece.begin), 0), last) for piece in pieces]
    return [
        piece.drawn(first, after)
        for piece, first, after in zip(pieces, starts, [*starts[1:], last], strict=True)
        if after > first
    ]
