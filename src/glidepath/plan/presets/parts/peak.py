"""The top of the rate, under which everything else stays."""

from __future__ import annotations

from glidepath.plan.numbers import finite, positive


def peak_above(peak: float, **others: float) -> float:
    """`peak` as a float, once it is known to be the top.

    Args:
        peak: learning rate, positive.
        **others: the preset's other rates, by the names of its arguments.
    Raises:
        TypeError: if one is not a number.
        ValueError: if the peak is not positive, or another rate is higher or negative.
    """
    top = positive("peak", peak)
    for name, value in others.items():
        if not 0 <= finite(name, value) <= top:
            raise ValueError(f"`{name}` must lie between 0 and the `peak` of {top}, got {value}")
    return top
