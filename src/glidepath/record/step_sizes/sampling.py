"""A few elements of an array, evenly spread."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np

from glidepath.record.arrays import is_jax, is_torch

MOST = 4_096
"""Elements of an array. The share of them with some property is then that of all to 1.6% (two
standard deviations, sqrt(1/4 / 4096) each, at most), and so few are soon sorted."""


def local(array: Any) -> Any:
    """The part of torch's array that this process holds, where it is sharded (FSDP2)."""
    return array.to_local() if hasattr(array, "to_local") else array


def sampled(array: Any) -> Any:
    """At most `MOST` elements of an array, in float32 at least, `[k]`.

    Args:
        array: of torch, JAX or NumPy, of any shape; complex numbers of torch are two elements each.
    """
    if is_torch(array):
        array = local(array.detach())
        array = sys.modules["torch"].view_as_real(array) if array.is_complex() else array
    # Odd, so that it meets every column of a matrix.
    every = max(1, -(-math.prod(array.shape) // MOST)) | 1
    taken = array.reshape(-1)[::every]
    if is_torch(array):
        return taken.float() if array.dtype.itemsize < 4 else taken
    namespace = sys.modules["jax"].numpy if is_jax(array) else np
    return namespace.asarray(taken, namespace.promote_types(array.dtype, namespace.float32))
