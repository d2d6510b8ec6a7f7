"""Counting periods whose length in steps is a fraction, in exact integer arithmetic.

An epoch of 54,000 samples in batches of 32 lasts 1,687.5 steps. Period j starts at step
floor(j * length). The number of the period that a step lies in is found without a product that
could leave 32 bits and without trusting a float.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def start_of(period: int, length: Fraction) -> int:
    """The first step of a period: floor(period * length)."""
    return period * length.numerator // length.denominator


def count_whole(step: int, length: Fraction) -> int:
    """How many whole periods end at or before `step`: the largest j with start_of(j) <= step."""
    return ((step + 1) * length.denominator - 1) // length.numerator


def count_whole_in_arrays(steps: Any, length: Fraction, xp: Any, largest: int) -> Any:
    """`count_whole` for an array of steps, in the integers that the array has.

    With length = n / d in lowest terms, d periods last exactly n steps, so the count is taken
    within such a block. There it is guessed in floating point, which is off by at most one while
    d < 2**22, and corrected against the exact boundaries.

    Raises:
        ValueError: if the arithmetic would leave the array's integers.
    """
    n, d = length.numerator, length.denominator
    if n > largest:
        return steps * 0
    if d == 1:
        return steps // n
    if d * d > largest or d >= 2**22:
        raise ValueError(
            f"a period of {n}/{d} steps can't be counted in {largest.bit_length()}-bit steps; "
            "pass steps of 64 bits"
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
