"""A state as a tree of arrays, and a copy of it that may be used up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from numbers import Number
from typing import Any

from glidepath.record.arrays import is_jax, is_torch


def is_numpy(thing: Any) -> bool:
    """Whether it is an array or a scalar of NumPy."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(thing, numpy.ndarray | numpy.generic)


def is_array(thing: Any) -> bool:
    """Whether it is an array of JAX, torch or NumPy."""
    return is_jax(thing) or is_torch(thing) or is_numpy(thing)


def has_arrays(tree: Any) -> bool:
    """Whether there is an array in a tree."""
    return any(map(is_array, _leaves(tree)))


def has_values(tree: Any) -> bool:
    """Whether there is an array or a number in a tree."""
    return any(is_array(one) or isinstance(one, Number) for one in _leaves(tree))


def _leaves(tree: Any) -> list[Any]:
    if (jax := sys.modules.get("jax")) is not None:
        return jax.tree.leaves(tree)
    found: list[Any] = []
    _mapped(found.append, tree)
    return found


def copied(state: Any) -> Any:
    """The same tree with arrays of its own: compiled code may take their buffers.

    Args:
        state: a pytree, where JAX is loaded; dicts, lists and tuples otherwise.
    Raises:
        TypeError: if a leaf is neither an array, a number, a text, nor a function.
    """
    jax = sys.modules.get("jax")
    return jax.tree.map(_copy, state) if jax is not None else _mapped(_copy, state)


def _mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    if isinstance(tree, Mapping):
        return {key: _mapped(function, one) for key, one in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(_mapped(function, one) for one in tree))
    if isinstance(tree, list | tuple):
        return type(tree)(_mapped(function, one) for one in tree)
    return function(tree)


def _copy(leaf: Any) -> Any:
    if is_jax(leaf):
        return sys.modules["jax"].numpy.copy(leaf)
    if is_torch(leaf):
        return leaf.detach().clone().requires_grad_(leaf.requires_grad)
    if is_numpy(leaf):
        return leaf.copy()
    if _is_unchangeable(leaf):
        return leaf
    raise TypeError(
        f"`state` has a {type(leaf).__name__}, which can't be restored: give a tree of arrays, or "
        "the objects that an update changes, such as [model, optimizer]; of flax.nnx give "
        "nnx.split((model, optimizer))[1], and merge inside `step_fn`"
    )


def _is_unchangeable(leaf: Any) -> bool:
    """Whether it is a plain value or a function, which trees of Equinox and Flax have in them."""
    if leaf is None or isinstance(leaf, Number | str | bytes):
        return True
    is_nnx = any(one.__module__.startswith("flax.nnx") for one in type(leaf).__mro__)
    holds_state = is_nnx or any(hasattr(leaf, one) for one in ("load_state_dict", "variables"))
    return callable(leaf) and not holds_state
