"""Counting periods whose length in steps is a fraction, in exact integer arithmetic.

An epoch of 54,000 samples in batches of 32 lasts 1,687.5 steps. Period j starts at step
floor(j * length). The number of the period that a step lies in is found without a product that
could leave 32 bits and without trusting a float.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from glidepath.plan.arrays import NUMBERS


def start_of(period: int, length: Fraction) -> int:
    """The first step of a period: floor(period * length)."""
    return period * length.numerator // length.denominator


def count_whole(step: Any, length: Fraction, xp: Any = NUMBERS, largest: int = 0) -> Any:
    """How many whole periods end at or before a step: the largest j with start_of(j) <= step.

    Args:
        step: an int, or an array of integers of the namespace `xp`.
        length: of a period, in steps.
        xp: what the step is an array of.
        largest: the largest integer that the array can hold.
    Raises:
        ValueError: if the arithmetic would leave the array's integers.
    """
    if xp is NUMBERS:
        return ((step + 1) * length.denominator - 1) // length.numerator
    if length.denominator == 1:
        return step // length.numerator if length.numerator <= largest else step * 0
    return _count_in_blocks(step, length, xp, largest)


def _count_in_blocks(steps: Any, length: Fraction, xp: Any, largest: int) -> Any:
    """Count without a product of the step.

    With length = n / d in lowest terms, d periods last exactly n steps, so the count is taken
    within such a block. There it is guessed in floating point, which is off by at most one while
    d < 2**22, and corrected against the exact boundaries.
    """
    n, d = length.numerator, length.denominator
    if n > largest or d * d > largest or d >= 2**22:
        raise ValueError(
            f"a period of {n}/{d} steps can't be counted in {largest.bit_length() + 1}-bit "
            "integers; pass steps of 64 bits"
        )
    whole, rest = divmod(n, d)

    def boundary(j: Any) -> Any:
        return j * whole + j * rest // d

    block, within = steps // n, steps % n
    guess = xp.floor(within * (d / n))
    guess = xp.minimum(guess.astype(steps.dtype), d - 1)
    guess = xp.where(boundary(guess) > within, guess - 1, guess)
    guess = xp.where(boundary(guess + 1) <= within, guess + 1, guess)
    return block * d + guess
