"""Losses of single batches as a curve: the moving average, and how much batches differ."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

SHARE_THAT_IS_LOW = 5
"""The lowest fifth of the rates: there the loss moves little, and batches differ by themselves."""

MEDIAN_TO_SPREAD = 2 * 0.4769362762044699
"""The median of |a - b| of two normal numbers, in standard deviations of one: 2 * erfinv(1/2)."""


def smoothed(values: Iterable[float], beta: float) -> tuple[float, ...]:
    """The exponential moving average, corrected for its beginning.

        a(i) = beta * a(i - 1) + (1 - beta) * value(i),   a(-1) = 0
        smoothed(i) = a(i) / (1 - beta ** (i + 1))

    Args:
        values: in their order.
        beta: in [0, 1); it averages over the last 1 / (1 - beta) or so.
    Source: Kingma and Ba 2014, arXiv:1412.6980, section 3, for the correction; Gugger 2018, "How
        do you find a good learning rate", for its use on losses.
    Example:
        >>> smoothed([4.0, 1.0], beta=0.5)
        (4.0, 2.0)
    """
    average, found = 0.0, []
    for i, value in enumerate(values):
        average = beta * average + (1 - beta) * value
        found.append(average / (1 - beta ** (i + 1)))
    return tuple(found)


def num_settling(beta: float, num_steps: int) -> int:
    """Updates after which the average is one over enough losses, at most a fifth of a sweep."""
    return max(1, min(math.ceil(1 / (1 - beta)), num_steps // SHARE_THAT_IS_LOW))


def num_low(num_steps: int) -> int:
    """How many updates of a sweep have a low rate."""
    return max(2, num_steps // SHARE_THAT_IS_LOW)


def batch_noise(losses: Sequence[float], num_steps: int) -> float:
    """The standard deviation of one batch's loss about the next one's, at low rates.

        noise = median |loss(i + 1) - loss(i)| / 0.954

    Differences of neighbours hardly see a slow fall, and the median does not see an outlier.

    Args:
        losses: of a sweep, so far.
        num_steps: updates of the whole sweep.
    Returns:
        In the unit of the loss; 0 for fewer than 2 losses.
    Source: von Neumann 1941, "Distribution of the ratio of the mean square successive difference
        to the variance", with the median in place of the mean square.
    """
    low = losses[: num_low(num_steps)]
    differences = [abs(b - a) for a, b in pairwise(low)]
    return median(differences) / MEDIAN_TO_SPREAD if differences else 0.0


def noise_left(noise: float, beta: float) -> float:
    """The standard deviation that the moving average leaves of a noise, sqrt((1-b)/(1+b)) of it."""
    return noise * math.sqrt((1 - beta) / (1 + beta))
