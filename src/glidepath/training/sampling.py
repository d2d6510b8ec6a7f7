"""Which samples an update sees: a pure function of the seed and the step."""

from __future__ import annotations

import numpy as np

_STREAM = 0x5A3B1E


def draw(seed: int, step: int, size: int, population: int, attempt: int = 0) -> np.ndarray:
    """Draw samples for one update, uniformly and with replacement.

    Args:
        seed: of the run.
        step: the update, counted from 0.
        size: how many.
        population: how many there are to draw from.
        attempt: which draw; a run that was rolled back needs others than the first, 0.
    Returns:
        indices, `[size]`, int64.
    Raises:
        ValueError: if there is nothing to draw from.
    """
    if population < 1:
        raise ValueError(f"`population` must be at least 1, got {population}")
    key = [_STREAM, seed, step] if attempt == 0 else [_STREAM, seed, step, attempt]
    random = np.random.Generator(np.random.Philox(np.random.SeedSequence(key)))
    return random.integers(population, size=size)
