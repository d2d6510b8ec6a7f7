"""Again and again."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import count, takewhile
from typing import Any, ClassVar, final

from glidepath.plan.algebra.series import in_turn
from glidepath.plan.algebra.term import Frame, Placed, Stretch, Term, frame_for, in_brackets, walk
from glidepath.plan.arrays import LARGEST_64, NUMBERS
from glidepath.plan.duration import Duration
from glidepath.plan.numbers import positive, positive_count
from glidepath.plan.times import before, refined, split

LARGEST_GROWTH = 1_000_000

MOST_CYCLES = 5_000
"""Of a repeat that grows, whose cycles are laid out one by one."""


@final
@dataclass(frozen=True, repr=False)
class Repeat(Term):
    """A term again and again: `schedule.repeat(times, growth=, scale=)`.

    Cycle n starts when exactly n lengths have passed, and each of its values is that of the first
    cycle at the same time into it, times scale ** n. With a growth the cycles are laid out one by
    one, each a stretched copy. A whole growth keeps lengths exact; with any other, the length of
    cycle n, length * growth ** n, is rounded to the nearest whole step (half up), or to the
    nearest epoch where everything inside is told in epochs.

    Attributes:
        cycle: what is repeated.
        times: how often it runs in all; without end where None.
        growth: how many times as long each cycle is as the one before.
        scale: how many times as high each cycle is as the one before.

    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not positive, or the cycle has no end.
    """

    cycle: Term
    times: int | None = field(default=None, kw_only=True)
    growth: float = field(default=1.0, kw_only=True)
    scale: float = field(default=1.0, kw_only=True)
    name: ClassVar[str] = "repeat"

    def __post_init__(self) -> None:
        if self.times is not None:
            object.__setattr__(self, "times", positive_count("times", self.times))
        for name in ("growth", "scale"):
            object.__setattr__(self, name, positive(name, getattr(self, name)))
        if self.growth > LARGEST_GROWTH:
            raise ValueError(f"`growth` must be at most {LARGEST_GROWTH:,}, got {self.growth}")
        growing = [t for t in walk(self) if isinstance(t, Repeat) and t.growth != 1]
        num_cycles = math.prod(t.times or 64 for t in growing)
        if num_cycles > MOST_CYCLES:
            raise ValueError(
                f"`times` must come to at most {MOST_CYCLES:,} cycles where they grow, and "
                f"repeats in repeats come to {num_cycles:,}"
            )
        if self.cycle.is_endless:
            raise ValueError(f"{self.cycle} has no end and can't be repeated")

    @property
    def is_endless(self) -> bool:
        """Whether no number of times is given."""
        return self.times is None

    @property
    def children(self) -> tuple[Term, ...]:
        """The cycle."""
        return (self.cycle,)

    def length(self, frame: Frame) -> Fraction | None:
        """Of all cycles."""
        if self.times is None:
            return None
        if self.growth == 1:
            return self.times * self._once(frame)
        return sum((self._cycle_length(frame, n) for n in range(self.times)), Fraction(0))

    def periods(self, frame: Frame) -> tuple[Fraction, ...]:
        """A cycle, where all are as long."""
        return (self._once(frame),) if self.growth == 1 else ()

    def _once(self, frame: Frame) -> Fraction:
        length = self.cycle.length(frame)
        assert length is not None, "checked when made"
        return length

    def _cycle_length(self, frame: Frame, n: int) -> Fraction:
        """The exact length of a cycle that grows, in steps."""
        # The decimal as it is written: 1.15 is a little less as a binary number.
        length, growth = self._once(frame), Fraction(str(self.growth))
        if growth.denominator == 1:
            return length * growth**n
        inside = (getattr(term, one.name) for term in walk(self.cycle) for one in fields(term))  # type: ignore[arg-type]
        units = {value.unit for value in inside if isinstance(value, Duration)}
        unit = frame.horizon.steps_per_epoch if units == {"epochs"} else Fraction(1)
        rounded = math.floor(length * _power(growth, n) / unit + Fraction(1, 2)) * unit
        if rounded < 1:
            raise ValueError(
                f"cycle {n + 1} of {self} is shorter than a step: "
                f"with a `growth` of {self.growth} at most `times={n}` fit"
            )
        return rounded

    def _cycles(self, frame: Frame, start: Fraction) -> Iterator[tuple[Fraction, Frame]]:
        """The exact start of each cycle, and the frame that stretches it."""
        once = self._once(frame)
        for n in count() if self.times is None else range(self.times):
            if self.growth == 1:
                yield start + n * once, frame
                continue
            length = self._cycle_length(frame, n)
            yield start, self._finer(replace(frame, stretch=frame.stretch * length / once), start)
            start += length

    def _finer(self, frame: Frame, start: Fraction) -> Frame:
        """A stretched frame, with parts for what the stretched cycle counts."""
        needed = frame_for(self.cycle, frame.horizon, frame.stretch).parts
        if needed == 1:
            return frame
        return replace(frame, parts=math.lcm(frame.parts, needed, start.denominator))

    def place(self, frame: Frame, start: Fraction) -> Placed:
        """The first cycle with the time folded into it; or cycle after cycle where they grow."""
        if self.growth != 1:
            return self._one_by_one(frame, start)
        placed, first = self.cycle.place(frame, start), frame.fine(start)
        period, scale = frame.fine(self._once(frame)), self.scale
        end, parts = None if self.times is None else period * self.times, frame.parts

        def at(time: Any, xp: Any) -> Any:
            passed = time - first
            if end is not None:
                passed = before(passed, end, parts, xp)
            cycle, passed = split(passed, period, xp)
            value = placed(passed + first if first else passed, xp)
            return value if scale == 1 else xp.power(scale, cycle) * value

        return at

    def _one_by_one(self, frame: Frame, start: Fraction) -> Placed:
        self._check_number_of_cycles(frame)
        placed, bounds = [], []
        for n, (begin, inner) in enumerate(self._cycles(frame, start)):
            if begin > LARGEST_64:
                break
            one = _refined(self.cycle.place(inner, begin), frame.parts, inner.parts)
            placed.append(_scaled(one, NUMBERS.power(self.scale, n)))
            bounds.append(frame.fine(begin))
        return in_turn(placed, bounds, frame.parts)

    def _check_number_of_cycles(self, frame: Frame) -> None:
        """Refuse a growth so close to 1 that the cycles come to no end within 63 bits."""
        if self.times is None and self.growth > 1:
            whole = float(LARGEST_64) * (self.growth - 1) / float(self._once(frame))
            if math.log1p(whole) > MOST_CYCLES * math.log(self.growth):
                raise ValueError(
                    f"a `growth` of {self.growth} makes more than {MOST_CYCLES:,} cycles: "
                    "give `times=...`"
                )

    def stretches(self, frame: Frame, start: Fraction, until: Fraction) -> Iterator[Stretch]:
        """Those of every cycle until the next begins."""
        last = None
        for cycle in takewhile(lambda one: one[0] < until, self._cycles(frame, start)):
            if last is not None:
                yield from self.cycle.stretches(last[1], last[0], cycle[0])
            last = cycle
        if last is not None:
            yield from self.cycle.stretches(last[1], last[0], until)

    @property
    def extremes(self) -> tuple[float, float]:
        """Of the first cycle and of the last, which may come close to 0 or be without bound."""
        low, high = self.cycle.extremes
        if self.times is not None:
            last = NUMBERS.power(self.scale, self.times - 1)
        else:
            last = 1.0 if self.scale == 1 else 0.0 if self.scale < 1 else float("inf")
        ends = [low, high, *(end * last if end else 0.0 for end in (low, high))]
        return min(ends), max(ends)

    @property
    def is_whole(self) -> bool:
        """Whether the cycle is, and the scale is 1."""
        return self.cycle.is_whole and self.scale == 1

    def explain(self, frame: Frame, start: Fraction, time: int) -> Iterator[str]:
        """Which cycle, and what it says."""
        n, (begin, inner) = self._cycle_at(frame, start, time)
        of = "" if self.times is None else f" of {self.times:,}"
        scaled = f", times {self.scale:g} ** {n}" if self.scale != 1 else ""
        yield f"cycle {n + 1:,}{of}, from step {int(begin):,} on{scaled}"
        finer = refined(time, inner.parts // frame.parts, frame.parts, NUMBERS)
        yield from self.cycle.explain(inner, begin, finer)

    def _cycle_at(
        self, frame: Frame, start: Fraction, time: int
    ) -> tuple[int, tuple[Fraction, Frame]]:
        """The number of the cycle that a time lies in, with its start and frame."""
        if self.growth == 1:
            n = (time - frame.fine(start)) // frame.fine(self._once(frame))
            n = n if self.times is None else min(n, self.times - 1)
            return n, (start + n * self._once(frame), frame)
        begun = takewhile(lambda one: frame.fine(one[0]) <= time, self._cycles(frame, start))
        return list(enumerate(begun))[-1]

    def __repr__(self) -> str:
        inside = in_brackets(self.cycle)
        arguments = [str(self.times)] if self.times is not None else []
        arguments += [f"growth={self.growth!r}"] if self.growth != 1 else []
        arguments += [f"scale={self.scale!r}"] if self.scale != 1 else []
        return f"{inside}.repeat({', '.join(arguments)})"


def _power(base: Fraction, exponent: int) -> Fraction:
    """To 60 digits: exact ones would be thousands after as many cycles."""
    with localcontext(prec=60):
        return Fraction((Decimal(base.numerator) / Decimal(base.denominator)) ** exponent)


def _refined(placed: Placed, parts: int, finer: int) -> Placed:
    """Something that counts in finer parts, for times in coarser ones."""
    times = finer // parts
    if times == 1:
        return placed
    return lambda time, xp: placed(refined(time, times, parts, xp), xp)


def _scaled(placed: Placed, factor: float) -> Placed:
    return placed if factor == 1 else lambda time, xp: factor * placed(time, xp)
