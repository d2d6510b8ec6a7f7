"""Counting periods whose length in steps is a fraction, in exact integer arithmetic.

An epoch of 54,000 samples in batches of 32 lasts 1,687.5 steps. Period j starts at step
floor(j * length). The number of the period that a step lies in is found without a product that
could leave 32 bits and without trusting a float.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from glidepath.plan.arrays import NUMBERS, Arrays, Namespace

MOST_GUESSED = 2**22
"""Up to so many periods in a block, a guess in float32 is off by at most one."""


def start_of(period: int, length: Fraction) -> int:
    """The first step of a period: floor(period * length)."""
    return period * length.numerator // length.denominator


def count_whole(step: Any, length: Fraction, xp: Namespace = NUMBERS) -> Any:
    """How many whole periods end at or before a step: the largest j with start_of(j) <= step.

    Args:
        step: an int, or an array of integers of the namespace `xp`.
        length: of a period, at least one step.
        xp: what the step is an array of.
    Raises:
        ValueError: if the arithmetic would leave the array's integers.
    """
    if isinstance(xp, Arrays):
        return _count_in_arrays(step, length, xp)
    return ((step + 1) * length.denominator - 1) // length.numerator


def _count_in_arrays(steps: Any, length: Fraction, xp: Arrays) -> Any:
    """Count without a product of the step.

    With length = n / d in lowest terms, d periods last exactly n steps, so the count is taken
    within such a block. There it is guessed in floating point and corrected against the exact
    boundaries.
    """
    n, d = length.numerator, length.denominator
    if d == 1:
        return steps // n if n <= xp.largest else steps * 0
    if n > xp.largest or d * d > xp.largest or d >= MOST_GUESSED:
        raise ValueError(
            f"a period of {n}/{d} steps can't be counted in integers up to {xp.largest}: "
            "use steps of 64 bits, or a batch that has a larger divisor in common with the samples"
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
