"""A schedule's value as a tensor of Keras' backend."""

from __future__ import annotations

import sys
from typing import Any

import keras

from glidepath.plan import Schedule


def value_at(schedule: Schedule, step: Any) -> Any:
    """The value at a step, inside compiled code or outside.

    Args:
        schedule: of any quantity.
        step: a whole number, or a tensor or variable of them.
    Returns:
        A tensor of the step's shape, in float64 where that is Keras' float type, else in float32.
        Keras' own types of 16 bits are too coarse: 1 - 0.999 would be 0.
    Raises:
        TypeError: if the step is not whole.
    """
    step = keras.ops.convert_to_tensor(step)
    if "int" not in keras.backend.standardize_dtype(step.dtype):
        raise TypeError(
            "a step must be whole, such as `optimizer.iterations`, got a tensor of "
            f"{keras.backend.standardize_dtype(step.dtype)}: floats can't count beyond 2**24"
        )
    value = schedule(int(step) if _is_at_hand(step) else step)
    is_double = keras.config.floatx() == "float64"
    return keras.ops.cast(value, "float64" if is_double else "float32")


def _is_at_hand(step: Any) -> bool:
    """Whether the number can be had without waiting for a device: then Python is faster."""
    if keras.backend.backend() != "torch" or step.ndim:
        return False
    return step.device.type == "cpu" and not sys.modules["torch"].compiler.is_compiling()
