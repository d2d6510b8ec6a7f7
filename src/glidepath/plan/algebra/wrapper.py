"""A term around another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from glidepath.plan.algebra.term import Frame, Stretch, Term


@dataclass(frozen=True, repr=False)
class Wrapper(Term):
    """A term around another one, without lengths that it counts by itself.

    Attributes:
        inside: the other one.
    """

    inside: Term

    @final
    @property
    def children(self) -> tuple[Term, ...]:
        """What is inside."""
        return (self.inside,)

    @final
    def periods(self, frame: Frame) -> tuple[Fraction, ...]:  # noqa: ARG002
        """None of its own."""
        return ()


@dataclass(frozen=True, repr=False)
class Filter(Wrapper):
    """A wrapper that changes values and leaves time alone."""

    @final
    @property
    def is_endless(self) -> bool:
        """As what is inside."""
        return self.inside.is_endless

    @final
    def length(self, frame: Frame) -> Fraction | None:
        """As what is inside."""
        return self.inside.length(frame)

    @final
    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """As what is inside."""
        return self.inside.stretches(frame, start, until)


@dataclass(frozen=True, repr=False)
class Timing(Wrapper):
    """A wrapper that changes when values come, and not which."""

    @final
    @property
    def extremes(self) -> tuple[float, float]:
        """As what is inside."""
        return self.inside.extremes

    @final
    @property
    def is_whole(self) -> bool:
        """As what is inside."""
        return self.inside.is_whole
