"""The array functions that formulas use, for Python numbers and for each array library.

A formula is written once, against the names of `Namespace`. It runs on a Python number through
`math`, and on an array through the library the array came from, which is found by the array's
type: nothing is imported that the caller has not imported already.
"""

from __future__ import annotations

import importlib
import math
import operator
import sys
from functools import cache
from typing import Any, Protocol


class Namespace(Protocol):
    """What a formula may call: elementwise, on numbers or arrays alike.

    Attributes:
        largest: the largest integer that a step can be.
    """

    largest: int

    def cos(self, x: Any, /) -> Any:
        """Cosine of radians."""
        ...

    def where(self, condition: Any, yes: Any, no: Any, /) -> Any:
        """`yes` where the condition holds, else `no`."""
        ...

    def minimum(self, x: Any, y: Any, /) -> Any:
        """The smaller of two."""
        ...

    def maximum(self, x: Any, y: Any, /) -> Any:
        """The larger of two."""
        ...


class Numbers:
    """Python's numbers under the names of an array library."""

    largest = sys.maxsize
    cos = staticmethod(math.cos)
    minimum = staticmethod(min)
    maximum = staticmethod(max)

    @staticmethod
    def where(condition: bool, yes: Any, no: Any, /) -> Any:
        """`yes` if the condition holds, else `no`."""
        return yes if condition else no


class Arrays:
    """An array library, and the range of the integers in one of its arrays."""

    def __init__(self, library: Any, largest: int) -> None:
        self.largest = largest
        self.cos = library.cos
        self.floor = library.floor
        self.where = library.where
        self.minimum = library.minimum
        self.maximum = library.maximum


NUMBERS = Numbers()


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
        ValueError: if it is negative.
    """
    library = _library(type(step))  # type: ignore[arg-type]
    if library and not _is_numpy_scalar(step, library):
        return None
    if isinstance(step, bool):
        raise TypeError(f"a step must be an int, got {step}")
    try:
        index = operator.index(step)  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"a step must be an int, or a NumPy or JAX array of integers, got {step!r}"
        ) from None
    if index < 0:
        raise ValueError(f"a step must be at least 0, got {index}")
    return index


def _is_numpy_scalar(step: object, library: str) -> bool:
    return library == "numpy" and isinstance(step, importlib.import_module("numpy").generic)


def as_steps(array: Any) -> tuple[Any, Arrays]:
    """An array of steps, of at least 32 bits, and the namespace to compute with it.

    In NumPy a negative step is an error; in JAX, whose arrays may live in compiled code or on a
    device that nobody wants to wait for, it counts as step 0.

    Raises:
        TypeError: if the array does not hold integers.
        ValueError: if a NumPy array holds a negative step.
    """
    library = _library(type(array))  # type: ignore[arg-type]
    module = importlib.import_module(library)
    if array.dtype.kind not in "iu":
        raise TypeError(f"steps must be integers, got an array of {array.dtype}")
    if library == "numpy":
        if array.size and array.min() < 0:
            raise ValueError(f"a step must be at least 0, got {int(array.min())}")
        return array.astype("int64"), Arrays(module, 2**63 - 1)
    wide = array if array.dtype.itemsize >= 4 else array.astype("int32")
    return module.maximum(wide, 0), Arrays(module, int(module.iinfo(wide.dtype).max))
