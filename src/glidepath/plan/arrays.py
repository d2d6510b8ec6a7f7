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


NUMBERS = PythonNumbers()


@cache
def _library(array_type: Any) -> str:
    """The array library that a type comes from, or "" where it is no array."""
    roots = {base.__module__.partition(".")[0] for base in array_type.__mro__}
    if not hasattr(array_type, "dtype"):
        return ""
    if roots & {"jax", "jaxlib"}:
        return "jax.numpy"
    return "numpy" if "numpy" in roots else ""


def as_index(step: object) -> int | None:
    """`step` as a Python int, or None where it is an array.

    Raises:
        TypeError: for a bool, a float, or anything else that is not a whole number.
    """
    library = _library(type(step))  # type: ignore[arg-type]
    if library and not _is_numpy_scalar(step, library):
        return None
    if isinstance(step, bool):
        raise TypeError(f"a step must be an int, got {step}")
    try:
        return operator.index(step)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"a step must be an int, or a NumPy or JAX array of integers, got {step!r}"
        ) from None


def _is_numpy_scalar(step: object, library: str) -> bool:
    return library == "numpy" and isinstance(step, importlib.import_module("numpy").generic)


def as_steps(array: Any) -> tuple[Any, Any, int]:
    """An array of steps as (array of at least 32 bits, its library, its largest integer).

    In NumPy a negative step is an error; in JAX, whose arrays may live in compiled code or on a
    device that nobody wants to wait for, it counts as step 0.

    Raises:
        TypeError: if the array does not hold integers.
        ValueError: if a NumPy array holds a negative step.
    """
    library = _library(type(array))  # type: ignore[arg-type]
    xp = importlib.import_module(library)
    if array.dtype.kind not in "iu":
        raise TypeError(f"steps must be integers, got an array of {array.dtype}")
    if library == "numpy":
        if array.size and array.min() < 0:
            raise ValueError(f"a step must be at least 0, got {int(array.min())}")
        return array.astype("int64"), xp, 2**63 - 1
    wide = array if array.dtype.itemsize >= 4 else array.astype("int32")
    return xp.maximum(wide, 0), xp, int(xp.iinfo(wide.dtype).max)
