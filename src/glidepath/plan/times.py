"""Exact time: integers that count parts of a step.

An epoch of 54,000 samples in batches of 32 lasts 1,687.5 steps, so whatever is told in epochs
begins at whole multiples of half a step. A schedule counts in such parts: `parts` of them make a
step, and the time of step t is the last part in it, t * parts + parts - 1. What begins at an
exact time of b parts has then begun at step t if and only if time(t) >= b, which is the step
floor(b / parts): every question about when is an integer comparison or division.

Times are Python ints or arrays of integers. In arrays of 32 bits they would overflow, so there a
time is a pair of arrays, `Wide`, with the same operators.
"""

from __future__ import annotations

from typing import Any

from glidepath.plan.arrays import Arrays

MOST_PARTS = 2**15
"""Up to so many parts, nothing below leaves 32 bits."""

GUESSED_LOW = 2.0**-18
"""More than the rounding of a float32, and too little to miss by more than one of 2**15."""


class Wide:
    """Times beyond 32 bits: whole steps, and the parts that remain, as two arrays of 32 bits."""

    def __init__(self, steps: Any, rest: Any, parts: int, xp: Arrays) -> None:
        if parts > MOST_PARTS:
            raise ValueError(
                f"lengths in parts of 1/{parts} step can't be counted in integers of 32 bits: use "
                "steps of 64 bits, or a batch that has a larger divisor in common with the samples"
            )
        self.steps, self.rest, self.parts, self.xp = steps, rest, parts, xp

    @property
    def shape(self) -> Any:
        """Of either array."""
        return self.steps.shape

    def __sub__(self, earlier: int) -> Wide:
        return self._minus(*divmod(earlier, self.parts))

    def __add__(self, later: int) -> Wide:
        return self - -later

    def _minus(self, steps: Any, rest: Any) -> Wide:
        borrows = self.rest < rest
        left = self.rest - rest + self.xp.where(borrows, self.parts, 0)
        return Wide(self.steps - steps - self.xp.where(borrows, 1, 0), left, self.parts, self.xp)

    def __ge__(self, other: int) -> Any:
        steps, rest = divmod(other, self.parts)
        return (self.steps > steps) | ((self.steps == steps) & (self.rest >= rest))

    def __floordiv__(self, period: int) -> Any:
        return self.split(period)[0]

    def split(self, period: int) -> tuple[Any, Wide]:
        """How many whole periods have passed, and the time since the last of them.

        A block of `parts` periods lasts exactly `period` steps, so the count is taken within such
        a block: guessed in floating point, a little low, and put right by what remains.
        """
        xp, parts = self.xp, self.parts
        whole, rest = divmod(period, parts)
        if whole > xp.largest:
            return self.steps * 0, self
        fits = period <= xp.largest
        block = self.steps // period if fits else self.steps * 0
        within = Wide(self.steps % period if fits else self.steps, self.rest, parts, xp)
        passed = (within.steps + within.rest / parts) * (parts / period * (1 - GUESSED_LOW))
        guess = xp.floor(passed).astype(self.steps.dtype)
        left = within._minus(guess * whole + guess * rest // parts, guess * rest % parts)
        is_more = left >= period
        more = left - period
        left = Wide(
            xp.where(is_more, more.steps, left.steps),
            xp.where(is_more, more.rest, left.rest),
            parts,
            xp,
        )
        return block * parts + guess + xp.where(is_more, 1, 0), left

    def moved(self, to: int, ahead: bool) -> Wide:
        """Moved by whole steps until it lies at or after a time, or before it."""
        steps, rest = divmod(to if ahead else to - self.parts, self.parts)
        passed = self - to
        rest = rest + passed.rest
        carries = rest >= self.parts
        where = self.xp.where
        is_fine = passed.steps >= 0 if ahead else passed.steps < 0
        return Wide(
            where(is_fine, self.steps, steps + where(carries, 1, 0)),
            where(is_fine, self.rest, where(carries, rest - self.parts, rest)),
            self.parts,
            self.xp,
        )


def time_of(step: Any, parts: int, xp: Any) -> Any:
    """The time of a step, which is the last part in it.

    Args:
        step: an int, or an array of integers.
        parts: how many parts make a step.
        xp: what the step is an array of.
    Raises:
        ValueError: if there are too many parts for arrays of 32 bits, or a step of a NumPy array is
            beyond 2**63 parts.
    """
    if parts == 1:
        return step
    if xp.largest > 2**32:
        xp.check_below(step, xp.largest // parts)
        return step * parts + (parts - 1)
    return Wide(step, step * 0 + (parts - 1), parts, xp)


def refined(time: Any, times: int, parts: int, xp: Any) -> Any:
    """A time, counted in so many times as many parts of a step: the last of those in its part."""
    if times == 1:
        return time
    if isinstance(time, Wide):
        return Wide(time.steps, time.rest * times + (times - 1), parts * times, xp)
    return time_of(time, times, xp)


def count(time: Any, period: int, xp: Any) -> Any:
    """How many whole periods have passed at a time that is not negative."""
    if period > xp.largest and not isinstance(time, Wide):
        return time * 0
    return time // period


def split(time: Any, period: int, xp: Any) -> tuple[Any, Any]:
    """How many whole periods have passed, and the time since the last of them."""
    if isinstance(time, Wide):
        return time.split(period)
    passed = count(time, period, xp)
    return passed, time - passed * period if period <= xp.largest else time


def not_before(time: Any, start: int, parts: int, xp: Any) -> Any:
    """A time, or where it lies before a start, the first one after it by whole steps.

    What starts inside a step is first seen at the end of that step, wherever in a step times lie:
    inside a repeat they need not be last parts.
    """
    if isinstance(time, Wide):
        return time.moved(start, ahead=True)
    if parts == 1:
        return xp.maximum(time, start)
    return xp.where(time >= start, time, start + (time - start) % parts)


def before(time: Any, end: int, parts: int, xp: Any) -> Any:
    """A time, or where it does not lie before an end, the last one that does by whole steps."""
    if not can_reach(xp, end, parts):
        return time
    if isinstance(time, Wide):
        return time.moved(end, ahead=False)
    if parts == 1:
        return xp.minimum(time, end - 1)
    return xp.where(time < end, time, end - parts + (time - end) % parts)


def at_most(ticks: Any, last: int, xp: Any) -> Any:
    """A number of ticks, no larger than the last."""
    return xp.minimum(ticks, min(last, xp.largest))


def can_reach(xp: Any, time: int, parts: int) -> bool:
    """Whether the times of a namespace come as far as this one."""
    is_wide = parts > 1 and xp.largest <= 2**32
    return bool((time // parts if is_wide else time) <= xp.largest)
