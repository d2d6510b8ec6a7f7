"""Percentiles of many arrays at once."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from glidepath.record.arrays import is_jax, is_torch

PERCENTILES = (5.0, 50.0, 95.0)


def percentiles(rows: Sequence[Any]) -> Any:
    """The 5th, 50th and 95th percentile of each array, `[n, 3]`, float32.

    Between two elements they are interpolated linearly; NaN in an array makes them NaN.

    Args:
        rows: at least one, of one framework, of shape `[k]` each, k at least 1.
    """
    if is_torch(rows[0]):
        return _of_torch(rows)
    if is_jax(rows[0]):
        return _of_jax(rows)
    return np.stack([np.percentile(row, PERCENTILES) for row in rows]).astype(np.float32)


def _of_torch(rows: Sequence[Any]) -> Any:
    torch = sys.modules["torch"]
    device = rows[0].device
    found = []
    for row in rows:
        at = torch.tensor(PERCENTILES, dtype=row.dtype, device=row.device) / 100
        found.append(torch.quantile(row, at).to(device, torch.float32))
    return torch.stack(found)


def _of_jax(rows: Sequence[Any]) -> Any:
    """Arrays of one length are sorted together: to compile a sort takes longer than to do it."""
    jnp = sys.modules["jax"].numpy
    by_length: dict[int, list[int]] = {}
    for i, row in enumerate(rows):
        by_length.setdefault(len(row), []).append(i)
    order = [i for same in by_length.values() for i in same]
    at = np.array(PERCENTILES, np.float32)
    parts = [
        jnp.percentile(jnp.stack([rows[i] for i in same]), at, axis=1).T
        for same in by_length.values()
    ]
    return jnp.concatenate(parts).astype(jnp.float32)[np.argsort(order)]
