"""A traced number that Keras' Python code takes for one that is there.

Keras asks `if self.momentum != 0` and `if self.global_clipnorm and ...` in Python, which compiled
code can't answer for a number that changes. The question means whether the optimizer has momentum,
or clips, at all; and it does, whatever the number is at this step.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

import keras

Operator = Callable[["Present", Any], Any]


def _both_ways(function: Callable[[Any, Any], Any]) -> tuple[Operator, Operator]:
    """An operator's method, and the one for when the number stands on its right."""
    return (
        lambda self, other: function(self.tensor, other),
        lambda self, other: function(other, self.tensor),
    )


class Present:
    """A tensor of JAX or TensorFlow that answers yes, and computes as it is otherwise.

    Attributes:
        tensor: the number.
    """

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, tensor: Any) -> None:
        self.tensor = tensor

    def __bool__(self) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return True

    def __gt__(self, other: object) -> bool:
        return True

    __add__, __radd__ = _both_ways(operator.add)
    __sub__, __rsub__ = _both_ways(operator.sub)
    __mul__, __rmul__ = _both_ways(operator.mul)
    __truediv__, __rtruediv__ = _both_ways(operator.truediv)

    def __jax_array__(self) -> Any:
        return self.tensor

    def __tf_tensor__(self, dtype: Any = None, name: str | None = None) -> Any:
        return self.tensor if dtype is None else keras.ops.cast(self.tensor, dtype.name)


@cache
def _torch_class() -> type:
    """The same for torch, whose fused operations take nothing but tensors."""
    tensor: Any = sys.modules["torch"].Tensor

    class PresentTensor(tensor):
        __bool__, __ne__, __gt__ = Present.__bool__, Present.__ne__, Present.__gt__
        __hash__ = tensor.__hash__

    return PresentTensor


def present(tensor: Any) -> Any:
    """A tensor of the backend, as one that Keras takes for a number that is not 0."""
    if keras.backend.backend() == "torch":
        return tensor.as_subclass(_torch_class())
    return Present(tensor)
