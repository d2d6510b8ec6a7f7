"""Levels of a noisy curve that single values cannot move: medians, and how sure they are."""

from __future__ import annotations

import numpy as np

NORMAL = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""
MEDIAN_COST = 1.2533
"""Standard error of a median over that of a mean, of normal values: sqrt(pi / 2)."""


def block_medians(values: np.ndarray, size: int) -> np.ndarray:
    """Medians of blocks that lie end to end from the first value on.

    Args:
        values: `[n]`, without NaN; infinities count as what they are.
        size: values in a block, 1 at least; what is left at the end is left out.
    Returns:
        `[n // size]`.
    """
    whole = len(values) // size * size
    return np.median(values[:whole].reshape(-1, size), axis=1)


def block_size(num_values: int, least: int, blocks: int = 32) -> int:
    """A size for blocks: a power of two times `least`, so that blocks seldom change as a run grows.

    Args:
        num_values: values so far.
        least: the smallest size.
        blocks: about as many there will be, up to twice as many.
    """
    size = least
    while num_values // (2 * size) >= blocks:
        size *= 2
    return size


def scatter(values: np.ndarray) -> float:
    """How far single values lie from their trend, as a standard deviation; 0 for fewer than 3.

        1.4826 * median |d - median d| / sqrt(2),   d the differences of neighbours

    A trend is a part of every difference, and so is taken away by their median.

    Args:
        values: `[n]`, in order; only the finite ones count.
    """
    differences = np.diff(values[np.isfinite(values)])
    if len(differences) < 2:
        return 0.0
    off = np.abs(differences - np.median(differences))
    return float(NORMAL * np.median(off) / np.sqrt(2))


def error_of_median(values: np.ndarray, size: int | None = None) -> float:
    """Standard error of the median of `size` values that scatter as these do.

    Args:
        values: `[n]`, in order.
        size: of the block; n where None.
    """
    return MEDIAN_COST * scatter(values) / max(1, size or len(values)) ** 0.5
