"""The arrays of a model by name, whatever framework they are from."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def named_arrays(tree: Any) -> dict[str, Any]:
    """The arrays in a model or a tree of them.

    Args:
        tree: a torch module, a Keras model, a JAX pytree, or nested mappings and sequences of
            arrays of NumPy, JAX or torch.
    Returns:
        Arrays by name: torch's and Keras' own, or the keys on the way joined by "/". Parameters
        that share an array are there once, under their first name.
    Raises:
        TypeError: if there is no array in it.
    """
    found = {name: array for name, array in _named(tree) if hasattr(array, "shape")}
    if not found:
        raise TypeError(
            "expected a torch module, a Keras model or a tree of arrays, got "
            f"{type(tree).__name__} without any"
        )
    return found


def _named(tree: Any) -> Iterator[tuple[str, Any]]:
    torch, jax = sys.modules.get("torch"), sys.modules.get("jax")
    if hasattr(tree, "trainable_variables"):  # of Keras, which on torch is a module, too
        yield from ((one.path, one.value) for one in tree.trainable_variables)
    elif torch is not None and isinstance(tree, torch.nn.Module):
        yield from ((name.replace(".", "/"), one) for name, one in tree.named_parameters())
    elif jax is not None and not isinstance(tree, Mapping):
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
            yield "/".join(_key(key) for key in path), leaf
    else:
        yield from _walked((), tree)


def _walked(path: tuple[str, ...], tree: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(tree, Mapping):
        for key in tree:
            yield from _walked((*path, str(key)), tree[key])
    elif isinstance(tree, list | tuple):
        for i, item in enumerate(tree):
            yield from _walked((*path, str(i)), item)
    elif hasattr(tree, "shape") or not path:
        yield "/".join(path), tree
    else:
        yield from (("/".join((*path, name)) if name else "/".join(path), one)
                    for name, one in _named(tree))  # fmt: skip


def _key(key: Any) -> str:
    """One step of a JAX path: of a dictionary, a sequence or an object."""
    for name in ("key", "idx", "name"):
        if hasattr(key, name):
            return str(getattr(key, name))
    return str(key)


def is_torch(array: Any) -> bool:
    """Whether an array is one of torch's."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def is_jax(array: Any) -> bool:
    """Whether an array is one of JAX's, at hand or traced."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(array, jax.Array)


def as_numpy(array: Any) -> np.ndarray:
    """An array of any framework on the host; torch's bfloat16, which NumPy lacks, as float32."""
    if is_torch(array):
        array = array.detach().cpu()
        return (array.float() if str(array.dtype) == "torch.bfloat16" else array).numpy()
    return np.asarray(array)
