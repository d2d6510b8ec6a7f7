"""What holds afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, final

from glidepath.plan.algebra.term import Frame, Placed, Stretch, in_brackets
from glidepath.plan.algebra.wrapper import Wrapper
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.numbers import finite_as_given
from glidepath.plan.times import can_reach


@final
@dataclass(frozen=True, repr=False)
class Then(Wrapper):
    """A term after whose end a value holds that it only approached: `schedule.then(0.0)`.

    It is as long as what is inside: the value takes no time, and is seen only past the end.

    Attributes:
        inside: the term, which has an end.
        value: what holds from its end on.

    Raises:
        TypeError: if the value is no number.
        ValueError: if it is not finite, or the term has no end.
    """

    value: float | int = field(kw_only=True)
    name: ClassVar[str] = "then"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", finite_as_given("value", self.value))
        if self.inside.is_endless:
            raise ValueError(f"nothing can hold after {self.inside}, which has no end")

    @property
    def is_endless(self) -> bool:
        """Never."""
        return False

    def length(self, frame: Frame) -> Fraction | None:
        """As what is inside."""
        return self.inside.length(frame)

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """What is inside, and the value from its end on."""
        placed, value = self.inside.place(frame, start), self.value
        end, parts = frame.fine(self._end(frame, start)), frame.parts

        def at(time: Any, xp: Any) -> Any:
            if xp is NUMBERS:
                return placed(time, xp) if time < end else value
            values = xp.full(placed(time, xp), time)
            return xp.where(time >= end, value, values) if can_reach(xp, end, parts) else values

        return at

    def _end(self, frame: Frame, start: Fraction) -> Fraction:
        length = self.inside.length(frame)
        assert length is not None, "checked when made"
        return start + length

    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """As what is inside."""
        return self.inside.stretches(frame, start, until)

    @property
    def extremes(self) -> tuple[float, float]:
        """As what is inside, and the value."""
        low, high = self.inside.extremes
        return min(low, float(self.value)), max(high, float(self.value))

    @property
    def is_whole(self) -> bool:
        """Whether both are."""
        return self.inside.is_whole and isinstance(self.value, int)

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """What is inside, or that it has ended."""
        end = self._end(frame, start)
        if time >= frame.fine(end):
            yield f"{self.value:g} holds since step {int(end):,}, the end of {self.inside!r}"
        else:
            yield from self.inside.explain(frame, start, time)

    def __repr__(self) -> str:
        return f"{in_brackets(self.inside)}.then({self.value!r})"
