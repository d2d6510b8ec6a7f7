"""One thing after another."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, Stretch, Term
from glidepath.plan.arrays import LARGEST_64, NUMBERS
from glidepath.plan.times import can_reach, not_before


@final
@dataclass(frozen=True, repr=False)
class Series(Term):
    """Terms one after another: `a >> b`.

    Attributes:
        parts: at least two, none of them a series itself, so that nesting changes nothing.

    Raises:
        ValueError: if a part that goes on without end is not the last.
    """

    parts: tuple[Term, ...]
    name: ClassVar[str] = "series"
    is_operator: ClassVar[bool] = True

    @classmethod
    def of(cls, *terms: Term) -> Term:
        """Terms in order; series among them are taken apart."""
        parts = tuple(
            part for term in terms for part in (term.parts if isinstance(term, Series) else (term,))
        )
        return cls(parts) if len(parts) > 1 else parts[0]

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a series needs at least one part")
        for part in self.parts[:-1]:
            if part.is_endless:
                raise ValueError(
                    f"nothing can follow {part}, which has no end: "
                    'give it one by `times=...` or `.lasting("...")`'
                )

    @property
    def is_endless(self) -> bool:
        """Whether the last part is."""
        return self.parts[-1].is_endless

    @property
    def children(self) -> tuple[Term, ...]:
        """The parts."""
        return self.parts

    def length(self, frame: Frame) -> Fraction | None:
        """The sum of all."""
        *rest, last = (part.length(frame) for part in self.parts)
        return None if last is None else sum((one for one in rest if one is not None), last)

    def periods(self, frame: Frame) -> tuple[Fraction, ...]:  # noqa: ARG002
        """None: where parts begin is known."""
        return ()

    def _starts(self, frame: Frame, start: Fraction) -> list[Fraction]:
        lengths = [part.length(frame) or Fraction(0) for part in self.parts[:-1]]
        return list(accumulate(lengths, initial=start))

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """Each part from its exact start on, until the next begins."""
        starts = self._starts(frame, start)
        placed = [part.place(frame, at) for part, at in zip(self.parts, starts, strict=True)]
        return in_turn(placed, [frame.fine(at) for at in starts], frame.parts)

    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """Those of each part until the next begins."""
        starts = self._starts(frame, start)
        for part, begin, end in zip(self.parts, starts, [*starts[1:], until], strict=True):
            yield from part.stretches(frame, begin, min(end, until))

    @property
    def extremes(self) -> tuple[float, float]:
        """Of all parts."""
        lows, highs = zip(*(part.extremes for part in self.parts), strict=True)
        return _lowest(lows), -_lowest([-high for high in highs])

    @property
    def is_whole(self) -> bool:
        """Whether all parts are."""
        return all(part.is_whole for part in self.parts)

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """The part that the time lies in."""
        starts = self._starts(frame, start)
        index = bisect_right([frame.fine(at) for at in starts], time) - 1
        yield f"part {index + 1} of {len(self.parts)}, from step {int(starts[index]):,} on"
        yield from self.parts[index].explain(frame, starts[index], time)

    def __repr__(self) -> str:
        return " >> ".join(map(repr, self.parts))


def in_turn(placed: Sequence[Placed], bounds: Sequence[int], parts: int) -> Placed:
    """Pieces one after another, as one.

    Args:
        placed: the pieces.
        bounds: the first time of each, ascending.
        parts: how many parts make a step.
    """

    def at(time: Any, xp: Any) -> Any:
        if xp is NUMBERS:
            return placed[bisect_right(bounds, time) - 1](time, xp)
        return choose(time, bounds, placed, parts, xp)

    return at


def _lowest(values: Sequence[float]) -> float:
    """The smallest, or NaN if one is unknown."""
    return math.nan if any(map(math.isnan, values)) else min(values)


def choose(
    times: Any,
    bounds: Sequence[int],
    placed: Sequence[Placed],
    parts: int,
    xp: Any,
) -> Any:
    """Each time's value by the piece that it lies in.

    Args:
        times: an array.
        bounds: the first time of each piece, ascending.
        placed: the pieces, as functions of times and the namespace.
        parts: how many parts make a step.
        xp: the namespace of the times.
    """
    if xp.is_concrete:
        return _choose_members(times, bounds, placed, xp)
    value = xp.full(placed[0](times, xp), times)
    for bound, piece in zip(bounds[1:], placed[1:], strict=True):
        if can_reach(xp, bound, parts):
            value = xp.where(times >= bound, piece(not_before(times, bound, parts, xp), xp), value)
    return value


def _choose_members(times: Any, bounds: Sequence[int], placed: Sequence[Placed], xp: Any) -> Any:
    """Each piece for its own times only, which are slices once the times ascend."""
    flat, numpy = times.ravel(), xp.library
    if not (flat[1:] >= flat[:-1]).all():
        order = numpy.argsort(flat, kind="stable")
        ascending = _choose_members(flat[order], bounds, placed, xp)
        values = numpy.empty_like(ascending)
        values[order] = ascending
        return values.reshape(times.shape)
    cuts = [
        0,
        *numpy.searchsorted(flat, [min(bound, LARGEST_64) for bound in bounds[1:]]).tolist(),
        flat.size,
    ]
    values = [
        xp.full(piece(flat[start:end], xp), flat[start:end])
        for piece, start, end in zip(placed, cuts, cuts[1:], strict=False)
        if end > start
    ] or [xp.full(0.0, flat)]
    return numpy.concatenate(values).reshape(times.shape)
