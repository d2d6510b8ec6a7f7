"""Long series of numbers as few points to draw."""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def drawable(steps: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Those points that have a finite value.

    Args:
        steps: `[points]`.
        values: `[points]`.
    """
    finite = np.isfinite(values)
    return steps[finite], values[finite]


def thinned(steps: np.ndarray, values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest point of every block of neighbours, so that spikes stay.

    Args:
        steps: `[points]`, ascending.
        values: `[points]`, finite.
        most: points to keep, at least 4; the first and the last are among them.
    """
    count = len(values)
    if count <= most:
        return steps, values
    edges = np.linspace(0, count, most // 2).round().astype(int)
    kept = {0, count - 1}
    for start, end in pairwise(edges):
        block = values[start:end]
        kept |= {start + int(block.argmin()), start + int(block.argmax())}
    at = np.array(sorted(kept))
    return steps[at], values[at]


def smoothed(values: np.ndarray, width: int) -> np.ndarray:
    """Means over each point and its neighbours, fewer of them near the ends.

        s[i] = mean(v[i-h], ..., v[i+h]),   h = min(width // 2, i, n - 1 - i)

    Args:
        values: `[points]`, finite.
        width: points that a mean is over.
    """
    count, half = len(values), width // 2
    middle = np.arange(count)
    reach = np.minimum(half, np.minimum(middle, middle[::-1]))
    sums = np.empty(count)
    is_first, is_last = (reach < half) & (reach == middle), (reach < half) & (reach < middle)
    sums[is_first] = np.cumsum(values)[2 * middle[is_first]]
    sums[is_last] = np.cumsum(values[::-1])[::-1][2 * middle[is_last] - count + 1]
    inside = reach == half
    sums[inside] = _window_sums(values, 2 * half + 1)
    return sums / (2 * reach + 1)


def _window_sums(values: np.ndarray, width: int) -> np.ndarray:
    """Sums over all windows of a width, without differences of larger sums.

    A loss falls by many powers of ten, and what is left of such a difference is noise. Each window
    is the end of one block of its width and the beginning of the next.
    """
    count = len(values)
    blocks = np.pad(values, (0, -count % width)).reshape(-1, width)
    to_end = np.cumsum(blocks[:, ::-1], axis=1)[:, ::-1].ravel()
    from_start = np.cumsum(blocks, axis=1).ravel()
    first = np.arange(max(0, count - width + 1))
    is_block = first % width == 0
    return np.where(is_block, to_end[first], to_end[first] + from_start[first + width - 1])
