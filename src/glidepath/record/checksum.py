"""A checksum of an array's bits, the same in every framework, computed where the array lies."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from glidepath.record.arrays import is_jax, is_torch

ODD = 2654435761
"""2**32 over the golden ratio, the multiplier of Knuth's multiplicative hashing (The Art of
Computer Programming 3, 6.4): neighbours in an array get factors that are far apart."""
MASK = 2**32 - 1
CHUNK = 2**20
"""Elements that torch takes at once: it has no unsigned integers to sum in, and needs 64 bits."""


def checksum(array: Any) -> Any:
    """A number that changes if a bit of the array does.

        c = sum over i of bits[i] * ((ODD * i) | 1)   mod 2**32

    where bits are the elements as unsigned integers, of 32 bits at most. A single changed element
    always changes it, for the factors are odd; several do, but for one case in 2**32.

    Args:
        array: of NumPy, JAX (also traced) or torch, of any shape and of 1, 2, 4 or 8 bytes an
            element.
    Returns:
        a scalar of the framework, from 0 to 2**32 - 1.
    Example:
        >>> int(checksum(np.zeros(3, np.float32))), int(checksum(np.ones(2, np.float32)))
        (0, 2801795072)
    """
    if is_torch(array):
        return _of_torch(array)
    if is_jax(array):
        return _of_jax(array)
    bits = np.ascontiguousarray(array).reshape(-1).view(f"u{min(array.dtype.itemsize, 4)}")
    factors = (np.arange(bits.size, dtype=np.uint32) * np.uint32(ODD)) | np.uint32(1)
    return np.sum(bits.astype(np.uint32) * factors, dtype=np.uint32)


def _of_jax(array: Any) -> Any:
    jax = sys.modules["jax"]
    jnp = jax.numpy
    if array.dtype == bool:
        array = array.astype(jnp.uint8)
    kind = {1: jnp.uint8, 2: jnp.uint16}.get(array.dtype.itemsize, jnp.uint32)
    bits = jax.lax.bitcast_convert_type(array, kind).reshape(-1).astype(jnp.uint32)
    factors = (jax.lax.iota(jnp.uint32, bits.size) * jnp.uint32(ODD)) | jnp.uint32(1)
    return jnp.sum(bits * factors, dtype=jnp.uint32)


def _of_torch(array: Any) -> Any:
    torch = sys.modules["torch"]
    with torch.no_grad():
        flat = array.detach().contiguous().reshape(-1)
        kind = {1: torch.uint8, 2: torch.int16}.get(flat.dtype.itemsize, torch.int32)
        mask = 2 ** (8 * min(flat.dtype.itemsize, 4)) - 1
        bits = flat.view(kind)
        total = torch.zeros((), dtype=torch.int64, device=flat.device)
        for start in range(0, bits.numel(), CHUNK):
            part = bits[start : start + CHUNK].to(torch.int64) & mask
            where = torch.arange(start, start + part.numel(), device=flat.device)
            total += (part * (((where * ODD) & MASK) | 1)).sum()
        return total & MASK
