"""The arrays of a model by name, whatever framework they are from."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from itertools import chain, count
from typing import Any

import numpy as np


def named_arrays(tree: Any) -> dict[str, Any]:
    """The arrays in a model or a tree of them.

    Args:
        tree: a torch module, a Keras model, a JAX pytree, or nested mappings and sequences of
            arrays of NumPy, JAX or torch.
    Returns:
        Arrays by name: torch's and Keras' own, or the keys on the way joined by "/". Where that
        gives a name twice, as of {"a/b": x, "a": {"b": y}}, the later ones are "a/b (2)" and so on.
        Parameters of torch that share an array are there once, under their first name. Keys of
        `jax.random` are no numbers, and left out.
    Raises:
        TypeError: if there is no array in it.
    """
    found: dict[str, Any] = {}
    for name, array in _named(tree):
        if hasattr(array, "shape") and not _is_key(array):
            found[_free(name, found)] = array
    if not found:
        raise TypeError(
            "expected a torch module, a Keras model or a tree of arrays, got "
            f"{type(tree).__name__} without any"
        )
    return found


def _free(name: str, taken: Mapping[str, Any]) -> str:
    """The name, or the first numbered one that is not taken."""
    return next(
        one for one in chain([name], (f"{name} ({i})" for i in count(2))) if one not in taken
    )


def _is_key(array: Any) -> bool:
    """Whether it is a key of JAX's random numbers."""
    jax = sys.modules.get("jax")
    return is_jax(array) and jax.dtypes.issubdtype(array.dtype, jax.dtypes.prng_key)


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


_NUMPY_S = ("torch.float16", "torch.float32", "torch.float64")


def is_torch(array: Any) -> bool:
    """Whether an array is one of torch's."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.Tensor)


def is_jax(array: Any) -> bool:
    """Whether an array is one of JAX's, at hand or traced."""
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(array, jax.Array)


def as_numpy(array: Any) -> np.ndarray:
    """An array of any framework on the host; torch's floats that NumPy lacks, as float32."""
    if is_torch(array):
        array = array.detach().cpu()
        is_numpy_s = not array.is_floating_point() or str(array.dtype) in _NUMPY_S
        return (array if is_numpy_s else array.float()).numpy()
    return np.asarray(array)
