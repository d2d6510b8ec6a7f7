"""A model's arrays as they are now, which no update changes."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from glidepath.record.arrays import as_numpy, is_jax, is_torch, named_arrays


@dataclass(frozen=True)
class Parameter:
    """An array of a model.

    Attributes:
        array: of its framework.
        is_trainable: None where the framework does not say.
        variable: what holds the array and goes with it from update to update, or the array.
    """

    array: Any
    is_trainable: bool | None
    variable: Any


def is_torch_module(model: Any) -> bool:
    """Whether it is a module of torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def is_keras_model(model: Any) -> bool:
    """Whether it is a model or a layer of Keras; with torch as the backend it is a module, too."""
    return hasattr(model, "trainable_variables") and hasattr(model, "weights")


def parameters_of(model: Any) -> dict[str, Parameter]:
    """The arrays of a model by name, with what is known of each.

    Args:
        model: as in `named_arrays`; of a Keras model all weights count, frozen ones, too.
    Raises:
        TypeError: if there is no array in it.
    """
    if is_keras_model(model):
        return {one.path: Parameter(one.value, bool(one.trainable), one) for one in model.weights}
    return {
        name: Parameter(array, is_trained(array), array)
        for name, array in named_arrays(model).items()
    }


def is_trained(array: Any) -> bool | None:
    """Whether it takes gradients, where that is known: copies of torch's parameters do not tell."""
    is_live = is_torch(array) and isinstance(array, sys.modules["torch"].nn.Parameter)
    return bool(array.requires_grad) if is_live else None


def snapshot(model: Any) -> dict[str, np.ndarray]:
    """A copy of a model's arrays, to be compared by `moved` later.

    Args:
        model: a torch module, a Keras model, or a tree of arrays.
    Returns:
        Arrays by name; torch's bfloat16, which NumPy lacks, as float32.
    Raises:
        TypeError: if there is no array in it.
    Example:
        >>> params = {"w": np.zeros(2)}
        >>> before = snapshot(params)
        >>> params["w"] += 1.0
        >>> before["w"].tolist()
        [0.0, 0.0]
    """
    return {name: np.array(on_host(name, one.array)) for name, one in parameters_of(model).items()}


def on_host(name: str, array: Any) -> np.ndarray:
    """An array of numbers on the host.

    Raises:
        ValueError: if its memory was given away.
        TypeError: if it has no numbers yet, or never.
    """
    if is_jax(array):
        array = _of_jax(name, array)
    elif is_torch(array):
        array = array.to_dense() if array.is_sparse else array
        is_tiny = array.is_floating_point() and array.dtype.itemsize == 1
        array = array.float() if is_tiny else array
    found = as_numpy(array)
    if found.dtype.kind not in "biufcV" or found.dtype.names is not None:
        raise TypeError(f"`{name}` must be an array of numbers, got {found.dtype}")
    return found


def _of_jax(name: str, array: Any) -> Any:
    jax = sys.modules["jax"]
    if isinstance(array, jax.core.Tracer):
        raise TypeError(
            f"`{name}` is traced and has no numbers yet: compare outside of compiled functions, "
            "or record a `glidepath.record.summarize` that is made inside"
        )
    if array.is_deleted():
        raise ValueError(
            f"`{name}` is no longer there, for its memory was given to an update "
            "(`donate_argnums`): take a copy before, snapshot(params)"
        )
    return array
