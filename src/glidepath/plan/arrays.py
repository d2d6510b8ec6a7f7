"""The array functions that formulas use, for Python numbers and for each array library.

A formula is written once, against the names of `Namespace`. It runs on a Python number through
`math`, and on an array through the library the array came from, which is found by the array's
type: nothing is imported that the caller has not imported already.
"""

from __future__ import annotations

import importlib
import math
import operator
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol


class Namespace(Protocol):
    """What a formula may call: elementwise, on numbers or arrays alike."""

    cos: Callable[[Any], Any]
    floor: Callable[[Any], Any]
    where: Callable[[Any, Any, Any], Any]
    minimum: Callable[[Any, Any], Any]
    maximum: Callable[[Any, Any], Any]


class PythonNumbers:
    """`math` under the names of an array library."""

    cos = staticmethod(math.cos)
    floor = staticmethod(math.floor)
    minimum = staticmethod(min)
    maximum = staticmethod(max)

    @staticmethod
    def where(condition: bool, yes: Any, no: Any) -> Any:
        """`yes` where the condition holds, else `no`."""
        return yes if condition else no


class TorchTensors:
    """`torch` under NumPy's names: its minimum and maximum take no plain number."""

    def __init__(self, torch: Any) -> None:
        self.cos = torch.cos
        self.floor = torch.floor
        self.where = torch.where
        self._clamp = torch.clamp

    def minimum(self, x: Any, bound: Any) -> Any:
        """The smaller of a tensor and a number."""
        return self._clamp(x, max=bound)

    def maximum(self, x: Any, bound: Any) -> Any:
        """The larger of a tensor and a number."""
        return self._clamp(x, min=bound)


NUMBERS = PythonNumbers()


@cache
def _library(array_type: Any) -> str:
    """The name of the library that an array type comes from, or "" where it is no array."""
    if not hasattr(array_type, "dtype"):
        return ""
    for base in array_type.__mro__:
        root = base.__module__.partition(".")[0]
        if root in ("jax", "jaxlib"):
            return "jax.numpy"
        if root in ("numpy", "torch"):
            return root
    return ""


def namespace_of(array: Any) -> Any:
    """The functions of the library that `array` belongs to.

    Raises:
        TypeError: if it is neither a NumPy, JAX nor PyTorch array.
    """
    name = _library(type(array))  # type: ignore[arg-type]
    if not name:
        raise TypeError(
            f"a step must be an int, or a NumPy, JAX or PyTorch array of integers, got {array!r}"
        )
    module = importlib.import_module(name)
    return TorchTensors(module) if name == "torch" else module


def as_steps(array: Any) -> tuple[Any, Any, int]:
    """An array of steps as (array of at least 32 bits, its namespace, its largest value).

    In NumPy a negative step is an error; in a library whose arrays may live in compiled code, or
    on a device that nobody wants to wait for, it counts as step 0.

    Raises:
        TypeError: if the array does not hold integers.
        ValueError: if a NumPy array holds a negative step.
    """
    xp = namespace_of(array)
    kind = str(array.dtype).rpartition(".")[2]
    if "int" not in kind:
        raise TypeError(f"steps must be integers, got an array of {kind}")
    if isinstance(xp, TorchTensors):
        return xp.maximum(array.long(), 0), xp, 2**63 - 1
    wide = array if kind in ("int32", "int64", "uint32") else array.astype("int32")
    if xp.__name__ == "numpy":
        wide = array.astype("int64")
        if wide.size and wide.min() < 0:
            raise ValueError(f"a step must be at least 0, got {int(wide.min())}")
    largest = int(xp.iinfo(wide.dtype).max)
    return xp.maximum(wide, 0), xp, largest


def as_index(step: object) -> int | None:
    """`step` as a Python int, or None where it is an array.

    Raises:
        TypeError: for a bool, a float, or anything else that is not a whole number.
    """
    if isinstance(step, bool):
        raise TypeError(f"a step must be an int, got {step}")
    if _library(type(step)) and getattr(step, "ndim", None) is not None:  # type: ignore[arg-type]
        is_numpy_integer = type(step).__module__ == "numpy" and hasattr(type(step), "__index__")
        if not is_numpy_integer or hasattr(step, "__array_function__"):
            return None
    try:
        return operator.index(step)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(f"a step must be an int or an array of integers, got {step!r}") from None
