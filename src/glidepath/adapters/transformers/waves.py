"""Cosine waves whose half waves need be no whole number of steps.

transformers tells a cosine by its number of waves in the run, so 900 steps may hold 3.5 of them. A
shape here takes whole steps. Where a half wave takes b/a steps, a of them take b, and the wave is
made of one that fits: cos(a x) is a polynomial of cos(x), Chebyshev's.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import reduce
from operator import mul

from glidepath.plan import Schedule, cosine, piecewise_constant

MOST_HALF_WAVES = 64
"""In the fewest whole steps that hold some: more factors than that are no expression to read."""


def waves(high: float, low: float, half: Fraction, *, at: str = "start") -> Schedule:
    """A cosine wave without end, which begins at `high`.

        v(t) = low + (high - low) * (1 + cos(pi * t / half)) / 2

    Args:
        high: value at the crests.
        low: value in the troughs.
        half: steps in half a wave.
        at: "start", or "end" to sample each step at its end, t + 1.
    Raises:
        ValueError: if too many half waves make a whole number of steps.
    """
    num_halves, steps = _whole(half)
    if num_halves == 1:
        return _fitting(high, low, steps, at)
    return _around(high, low, _multiple(_fitting(1.0, -1.0, steps, at), num_halves))


def falls(high: float, length: Fraction, steps: int) -> Schedule:
    """Half waves from `high` towards 0 again and again, for so many steps.

        v(t) = high * (1 + cos(pi * (t / length mod 1))) / 2

    Args:
        high: value at the beginning of each.
        length: steps in each.
        steps: in all.
    Raises:
        ValueError: if too many of them make a whole number of steps.
    """
    num_falls, fit = _whole(length)
    group = cosine(high, 0.0).over(fit)
    if num_falls > 1:
        wave = _multiple(cosine(1.0, -1.0).over(fit), num_falls)
        # Every second half wave rises; turned over, it falls. Of two in one step the later counts.
        signs = {math.ceil(n * length): (-1.0) ** n for n in range(num_falls)}
        turned = piecewise_constant(list(signs.values()), list(signs)[1:])
        group = _around(high, 0.0, turned * wave)
    if fit >= steps:
        return group if fit == steps else group.lasting(steps)
    return group.repeat(steps // fit) if steps % fit == 0 else group.repeat().lasting(steps)


def _whole(half: Fraction) -> tuple[int, int]:
    """The fewest half waves that take a whole number of steps, and those steps."""
    if half.denominator > MOST_HALF_WAVES:
        raise ValueError(
            f"`num_cycles` makes half waves of {float(half):.6g} steps, and only "
            f"{half.denominator:,} of them take a whole number of steps: choose `num_cycles` or "
            f"the number of steps so that at most {MOST_HALF_WAVES} do"
        )
    return half.denominator, half.numerator


def _fitting(high: float, low: float, steps: int, at: str) -> Schedule:
    """A wave without end whose half waves take whole steps."""
    return (cosine(high, low).over(steps, at=at) >> cosine(low, high).over(steps, at=at)).repeat()


def _around(high: float, low: float, wave: Schedule) -> Schedule:
    """A wave between -1 and 1 as one between two values, which rounding does not leave."""
    bounds = sorted((low, high))
    return ((high + low) / 2 + (high - low) / 2 * wave).clip(*bounds)


def _multiple(wave: Schedule, times: int) -> Schedule:
    """The cosine of so many times the angle, of a schedule that is the cosine of an angle.

        T_n(x) = 2 ** (n - 1) * product over k of (x - cos((2 k - 1) * pi / (2 n)))

    The zeros come in pairs of both signs, and 0 where n is odd. Multiplied out, the terms of the
    polynomial would cancel and take digits with them.

    Source: Abramowitz and Stegun 1964, eq. 22.16.4.
    """
    squares = [
        0.5 * (1 + math.cos((2 * k - 1) * math.pi / times)) for k in range(1, times // 2 + 1)
    ]
    factors = [wave * wave + -square for square in squares]
    return reduce(mul, [wave, *factors] if times % 2 else factors, 2.0 ** (times - 1))
