"""The building blocks: a multilayer perceptron, and sums over edges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

LAYER_NORM_EPSILON = 1e-5
Parameters = dict[str, Any]


def init_mlp(
    random: np.random.Generator, num_inputs: int, latent: int, num_outputs: int, *, norm: bool
) -> Parameters:
    """Fresh parameters of an MLP with one hidden layer.

    Weights are normal with standard deviation 1 / sqrt(num_inputs), cut off at two of them;
    biases and offsets 0, scales 1.
    """
    layers: Parameters = {
        "w0": _truncated_normal(random, num_inputs, latent),
        "b0": np.zeros(latent, np.float32),
        "w1": _truncated_normal(random, latent, num_outputs),
        "b1": np.zeros(num_outputs, np.float32),
    }
    if norm:
        layers["scale"] = np.ones(num_outputs, np.float32)
        layers["offset"] = np.zeros(num_outputs, np.float32)
    return layers


def _truncated_normal(random: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    draws = random.standard_normal((rows, columns))
    while (beyond := np.abs(draws) > 2).any():
        draws[beyond] = random.standard_normal(int(beyond.sum()))
    return (draws / np.sqrt(rows)).astype(np.float32)


def mlp(parameters: Parameters, parts: Sequence[tuple[jax.Array, jax.Array]]) -> jax.Array:
    """An MLP whose first matrix is applied part by part.

    Args:
        parameters: of `init_mlp`.
        parts: (features, rows of the first matrix) pairs, whose products are added up. A product
            taken before a gather, or once for a whole batch, costs a fraction of one taken after.
    Returns:
        `[..., num_outputs]`.
    """
    return mlp_of_sum(parameters, sum(features @ rows for features, rows in parts))


def mlp_of_sum(parameters: Parameters, products: jax.Array) -> jax.Array:
    """The rest of an MLP, from the products with its first matrix on."""
    hidden = jax.nn.swish(products + parameters["b0"])
    out = hidden @ parameters["w1"] + parameters["b1"]
    return layer_norm(parameters, out) if "scale" in parameters else out


def layer_norm(parameters: Parameters, x: jax.Array) -> jax.Array:
    """Zero mean and unit variance over the last axis, then a scale and an offset; in float32."""
    wide = x.astype(jnp.float32)
    mean = wide.mean(axis=-1, keepdims=True)
    variance = jnp.square(wide - mean).mean(axis=-1, keepdims=True)
    normal = ((wide - mean) * jax.lax.rsqrt(variance + LAYER_NORM_EPSILON)).astype(x.dtype)
    return normal * parameters["scale"] + parameters["offset"]


def sum_edges(edges: jax.Array, receivers: np.ndarray, num_receivers: int) -> jax.Array:
    """Add up the edges that arrive at each node, in float32.

    Where as many arrive at every node, as in the decoder, this is a plain sum over an axis.

    Args:
        edges: `[num_edges, ...]`, sorted by receiver.
        receivers: `[num_edges]`, not traced.
        num_receivers: nodes.
    Returns:
        `[num_receivers, ...]`, in the type of the edges.
    """
    degrees = np.bincount(receivers, minlength=num_receivers)
    if (degrees == degrees[0]).all():
        grouped = edges.reshape(num_receivers, degrees[0], *edges.shape[1:])
        return grouped.sum(axis=1, dtype=jnp.float32).astype(edges.dtype)
    total = jax.ops.segment_sum(
        edges.astype(jnp.float32), receivers, num_receivers, indices_are_sorted=True
    )
    return total.astype(edges.dtype)
