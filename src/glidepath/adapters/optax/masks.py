"""Which parameters weight decay acts on."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

DECAYS = ("all", "matrices")


def mask_of(decays: Any) -> Any:
    """What optax takes as a mask, from the words of a plan.

    Args:
        decays: "all"; "matrices", the parameters of two or more dimensions, so neither biases nor
            norms; or a mask as optax has it, a tree of booleans or a function that makes one.
    Raises:
        ValueError: if it is another word.
    """
    if not isinstance(decays, str):
        return decays
    if decays not in DECAYS:
        raise ValueError(f"`decays` must be one of {', '.join(DECAYS)}, or a mask, got {decays!r}")
    return None if decays == "all" else matrices


def matrices(parameters: Any) -> Any:
    """True for each parameter of two or more dimensions."""
    return jax.tree.map(lambda one: jnp.ndim(one) >= 2, parameters)
