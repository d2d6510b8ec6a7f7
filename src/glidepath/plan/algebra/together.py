"""Several things at once."""

from __future__ import annotations

import heapq
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Self, final

from glidepath.plan.algebra.term import Frame, Placed, Stretch, Term, in_brackets
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.numbers import finite_as_given


@dataclass(frozen=True, repr=False)
class Together(Term):
    """Terms and numbers that begin together, combined step by step.

    It is as long as the longest, and goes on without end if one of them does; one that has ended
    holds its last value.

    Attributes:
        parts: at least two, numbers or terms, at least one of them a term.

    Raises:
        TypeError, ValueError: if a number is none, or not finite.
    """

    parts: tuple[Term | float | int, ...]
    is_operator: ClassVar[bool] = True
    symbol: ClassVar[str]
    """The operator that it prints with."""
    part_name: ClassVar[str]
    """What one of its parts is called."""

    @classmethod
    def of(cls, *parts: Term | float) -> Self:
        """Parts in order; those of the same kind are taken apart, so that nesting is nothing."""
        flat = [
            inner for part in parts for inner in (part.parts if isinstance(part, cls) else (part,))
        ]
        while len(flat) > 2 and not isinstance(flat[0], Term) and not isinstance(flat[1], Term):
            flat[:2] = [cls.combine(flat[0], flat[1])]  # as Python reads what it prints as
        return cls(tuple(flat))

    def __post_init__(self) -> None:
        if len(self.parts) < 2 or not self.children:
            raise ValueError(f"a {self.name} needs at least two {self.part_name}s, one of them a "
                             "schedule")  # fmt: skip
        checked = (
            one if isinstance(one, Term) else finite_as_given(self.part_name, one)
            for one in self.parts
        )
        object.__setattr__(self, "parts", tuple(checked))

    @staticmethod
    @abstractmethod
    def combine(one: Any, other: Any) -> Any:
        """Two values as one."""

    @final
    @property
    def children(self) -> tuple[Term, ...]:
        """The parts that are terms."""
        return tuple(part for part in self.parts if isinstance(part, Term))

    @final
    @property
    def is_endless(self) -> bool:
        """Whether one of them is."""
        return any(child.is_endless for child in self.children)

    @final
    def length(self, frame: Frame) -> Fraction | None:
        """Of the longest."""
        lengths = [child.length(frame) for child in self.children]
        ends = [length for length in lengths if length is not None]
        return max(ends) if len(ends) == len(lengths) else None

    @final
    def periods(self, frame: Frame) -> tuple[Fraction, ...]:  # noqa: ARG002
        """None of its own."""
        return ()

    @final
    def place(self, frame: Frame, start: Fraction) -> Placed:
        """From left to right."""
        first, *rest = (_placed(part, frame, start) for part in self.parts)
        combine = self.combine

        def at(time: Any, xp: Any) -> Any:
            value = first(time, xp)
            for one in rest:
                value = combine(value, one(time, xp))
            return value

        return at

    @final
    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """Those of all parts, in the order of their starts."""
        each = (child.stretches(frame, start, until) for child in self.children)
        yield from heapq.merge(*each, key=lambda one: one.start)

    @final
    @property
    def is_whole(self) -> bool:
        """Whether all parts are."""
        return all(
            one.is_whole if isinstance(one, Term) else isinstance(one, int) for one in self.parts
        )

    @final
    @property
    def ends(self) -> list[tuple[float, float]]:
        """The extremes of each part."""
        return [
            one.extremes if isinstance(one, Term) else (float(one), float(one))
            for one in self.parts
        ]

    @final
    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """Each part with its value."""
        for part in self.parts:
            if not isinstance(part, Term):
                yield f"{self.part_name} {part:g}"
                continue
            yield f"{self.part_name} {part.place(frame, start)(time, NUMBERS):g}:"
            yield from ("  " + line for line in part.explain(frame, start, time))

    def __repr__(self) -> str:
        return f" {self.symbol} ".join(
            in_brackets(one) if isinstance(one, Term) else repr(one) for one in self.parts
        )


def _placed(part: Term | float, frame: Frame, start: Fraction) -> Placed:
    if not isinstance(part, Term):
        return lambda time, xp: part  # noqa: ARG005
    placed = part.place(frame, start)

    def at(time: Any, xp: Any) -> Any:
        return placed(time, xp) if xp is NUMBERS else xp.full(placed(time, xp), time)

    return at
