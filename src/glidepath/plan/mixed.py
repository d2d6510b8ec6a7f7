"""Tensors in whose arithmetic whole numbers and floats mix, as NumPy's do and TensorFlow's don't.

TensorFlow refuses `steps / 10.0` where the steps are whole. Here such an operation takes place in
float64; one among whole numbers stays in int64, exactly.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

Operator = Callable[["Mixed", Any], "Mixed"]


def _both_ways(function: Callable[[Any, Any], Any]) -> tuple[Operator, Operator]:
    """An operator's method, and the one for when the tensor stands on its right."""

    def forwards(self: Mixed, other: Any) -> Mixed:
        one, two = alike(self.library, self, other)
        return Mixed(function(one, two), self.library)

    def backwards(self: Mixed, other: Any) -> Mixed:
        one, two = alike(self.library, self, other)
        return Mixed(function(two, one), self.library)

    return forwards, backwards


class Mixed:
    """A tensor of TensorFlow with NumPy's arithmetic.

    Attributes:
        tensor: of int64, float64, or bool after a comparison.
        library: the module `tensorflow`.
    """

    __slots__ = ("library", "tensor")

    def __init__(self, tensor: Any, library: Any) -> None:
        self.tensor, self.library = tensor, library

    __add__, __radd__ = _both_ways(operator.add)
    __sub__, __rsub__ = _both_ways(operator.sub)
    __mul__, __rmul__ = _both_ways(operator.mul)
    __truediv__, __rtruediv__ = _both_ways(operator.truediv)
    __floordiv__, __rfloordiv__ = _both_ways(operator.floordiv)
    __mod__, __rmod__ = _both_ways(operator.mod)
    __pow__, __rpow__ = _both_ways(operator.pow)
    __lt__, __gt__ = _both_ways(operator.lt)
    __le__, __ge__ = _both_ways(operator.le)

    def real(self) -> Any:
        """The tensor in float64."""
        return self.library.cast(self.tensor, self.library.float64)


def alike(library: Any, *values: Any) -> list[Any]:
    """Tensors of one type: int64 if all values are whole, else float64.

    Args:
        library: the module `tensorflow`.
        *values: tensors or numbers.
    """
    is_whole = all(
        value.tensor.dtype.is_integer if isinstance(value, Mixed) else isinstance(value, int)
        for value in values
    )
    dtype = library.int64 if is_whole else library.float64
    return [
        library.cast(value.tensor, dtype)
        if isinstance(value, Mixed)
        else library.constant(value, dtype)
        for value in values
    ]
