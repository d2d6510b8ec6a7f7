"""Which batch an update had: a short text that is the same for the same samples."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from glidepath.record.arrays import as_numpy, named_arrays

MOST = 4_096
"""Elements of an array that are looked at, evenly spread: a batch may be gigabytes."""


def fingerprint(batch: Any) -> str:
    """Tells batches apart.

    Args:
        batch: arrays in any structure; indices of the samples are best, where you have them, as a
            list of whole numbers, a range or an array.
    Returns:
        12 hexadecimal digits.
    Raises:
        TypeError: if there is no array in it.
    Example:
        >>> fingerprint(np.arange(3)) == fingerprint([0, 1, 2]) == fingerprint(range(3))
        True
    """
    digest = hashlib.blake2b(digest_size=6)
    for name, array in _arrays(batch).items():
        digest.update(f"{name}{tuple(array.shape)}".encode())
        flat = array.reshape(-1)
        step = max(1, -(-len(flat) // MOST)) | 1  # odd, so that it meets every column
        digest.update(np.ascontiguousarray(as_numpy(flat[::step])).tobytes())
    return digest.hexdigest()


def _arrays(batch: Any) -> dict[str, Any]:
    """The arrays of a batch, or its indices as one."""
    is_list = isinstance(batch, range) or (isinstance(batch, list | tuple) and len(batch) > 0)
    if is_list and all(isinstance(one, int | np.integer) for one in batch):
        return {"": np.asarray(batch, np.int64)}
    try:
        found = named_arrays(batch)
    except TypeError:
        found = {}
    is_object = [getattr(one.dtype, "kind", None) == "O" for one in found.values()]
    if not found or any(is_object):
        raise TypeError(
            "`batch` must be the indices of its samples, such as [3, 1, 2], or its arrays, or a "
            f"text that is the same for the same samples; got {str(batch)[:60]} of type "
            f"{type(batch).__name__}"
        )
    return found
