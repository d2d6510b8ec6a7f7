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
from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from glidepath.plan.mixed import Mixed, alike

LARGEST_64 = 2**63 - 1

BLOCK = 2**13
"""Elements in a block: its intermediate results fit into a cache, and malloc keeps their memory."""


class Namespace(Protocol):
    """What a formula may call: elementwise, on numbers or arrays alike.

    Attributes:
        largest: the largest integer that a step can be.
    """

    largest: int

    def cos(self, x: Any, /) -> Any:
        """Cosine of radians."""
        ...

    def sin(self, x: Any, /) -> Any:
        """Sine of radians."""
        ...

    def exp(self, x: Any, /) -> Any:
        """Exponential."""
        ...

    def sqrt(self, x: Any, /) -> Any:
        """Square root."""
        ...

    def floor(self, x: Any, /) -> Any:
        """The largest whole number that is not larger."""
        ...

    def power(self, base: float, exponent: Any, /) -> Any:
        """A positive number to the power of an array."""
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

    def apply(self, function: Callable[[int], float], x: Any, /) -> Any:
        """A function of a Python int, applied to each element."""
        ...


class Numbers:
    """Python's numbers under the names of an array library."""

    @staticmethod
    def check_below(steps: int, bound: int, /) -> None:
        """Nothing: a Python int has no bound."""

    largest = sys.maxsize
    cos = staticmethod(math.cos)
    sin = staticmethod(math.sin)
    exp = staticmethod(math.exp)
    sqrt = staticmethod(math.sqrt)
    floor = staticmethod(math.floor)
    minimum = staticmethod(min)
    maximum = staticmethod(max)

    @staticmethod
    def power(base: float, exponent: float, /) -> float:
        """`base ** exponent`, infinite where that is beyond 1e308, as in an array."""
        try:
            return float(base**exponent)
        except OverflowError:
            return math.inf

    @staticmethod
    def where(condition: bool, yes: Any, no: Any, /) -> Any:
        """`yes` if the condition holds, else `no`."""
        return yes if condition else no

    @staticmethod
    def apply(function: Callable[[int], float], x: int, /) -> float:
        """The function's value."""
        return function(x)


class Arrays:
    """An array library, and the range of the integers in one of its arrays."""

    is_concrete = False
    """Whether elements can be looked at and picked: not inside compiled code."""

    def __init__(self, library: Any, largest: int) -> None:
        self.library: Any = library
        self.largest = largest
        self.cos, self.sin, self.exp = library.cos, library.sin, library.exp
        self.sqrt, self.floor, self.where = library.sqrt, library.floor, library.where

    def minimum(self, x: Any, y: Any, /) -> Any:
        """The smaller of two."""
        return self.library.minimum(x, y)

    def maximum(self, x: Any, y: Any, /) -> Any:
        """The larger of two."""
        return self.library.maximum(x, y)

    def power(self, base: float, exponent: Any, /) -> Any:
        """By the exponential, for a base like 0.99 is rounded in float32, and its powers more."""
        return self.library.exp(exponent * math.log(base))

    def full(self, value: Any, like: Any, /) -> Any:
        """A number as often as there are elements; an array as it is."""
        is_number = isinstance(value, int | float)
        return self.library.full(like.shape, value) if is_number else value

    def as_real(self, x: Any, /) -> Any:
        """Whole numbers as floats."""
        return x if "float" in str(x.dtype) else x + 0.0

    def map(self, function: Callable[[Any], Any], steps: Any, /) -> Any:
        """An elementwise function of an array."""
        return function(steps)

    def check_below(self, steps: Any, bound: int, /) -> None:
        """Nothing, where looking at the values would mean to wait for them."""


class NumPyArrays(Arrays):
    """NumPy."""

    is_concrete = True

    def power(self, base: float, exponent: Any, /) -> Any:
        """In float64, where nothing is lost."""
        with self.library.errstate(over="ignore"):
            return self.library.power(base, exponent)

    def as_real(self, x: Any, /) -> Any:
        """Whole numbers as floats."""
        return self.library.asarray(x, dtype=float)

    def check_below(self, steps: Any, bound: int, /) -> None:
        """Refuse steps that the arithmetic can't reach."""
        if steps.size and steps.max() >= bound:
            raise ValueError(
                f"a step in an array must be below {bound:,} here, got {steps.max():,}"
            )

    def map(self, function: Callable[[Any], Any], steps: Any, /) -> Any:
        """In blocks that stay in the processor's cache: twice as fast on a long curve."""
        if steps.size <= BLOCK:
            return function(steps)
        flat = steps.ravel()
        first = function(flat[:BLOCK])
        values = self.library.empty(flat.shape, first.dtype)
        values[:BLOCK] = first
        for start in range(BLOCK, flat.size, BLOCK):
            values[start : start + BLOCK] = function(flat[start : start + BLOCK])
        return values.reshape(steps.shape)

    def apply(self, function: Callable[[int], float], x: Any, /) -> Any:
        """One by one."""
        values = [function(int(one)) for one in x.ravel()]
        return self.library.array(values, dtype=float).reshape(x.shape)


class JaxArrays(Arrays):
    """JAX, inside compiled code or outside."""

    def apply(self, function: Callable[[int], float], x: Any, /) -> Any:
        """By a call back to Python, one by one."""
        jax, numpy = importlib.import_module("jax"), importlib.import_module("numpy")
        dtype = self.library.asarray(0.0).dtype

        def one_by_one(steps: Any) -> Any:
            values = [function(int(one)) for one in numpy.ravel(steps)]
            return numpy.array(values, dtype=dtype).reshape(numpy.shape(steps))

        shape = jax.ShapeDtypeStruct(x.shape, dtype)
        return jax.pure_callback(one_by_one, shape, x, vmap_method="expand_dims")


class TorchArrays(Arrays):
    """PyTorch, whose functions of two arguments want tensors."""

    def minimum(self, x: Any, y: Any, /) -> Any:
        """The smaller of two; the second may be a number."""
        return x.clamp(max=y)

    def maximum(self, x: Any, y: Any, /) -> Any:
        """The larger of two; the second may be a number."""
        return x.clamp(min=y)

    def full(self, value: Any, like: Any, /) -> Any:
        """A number as often as there are elements, on their device; a tensor as it is."""
        is_number = isinstance(value, int | float)
        return self.library.full(like.shape, value, device=like.device) if is_number else value

    def apply(self, function: Callable[[int], float], x: Any, /) -> Any:
        """One by one."""
        values = [function(one) for one in x.reshape(-1).tolist()]
        dtype = self.library.get_default_dtype()
        return self.library.tensor(values, dtype=dtype, device=x.device).reshape(x.shape)


class TensorFlowArrays(Arrays):
    """TensorFlow, eager or inside `tf.function`: whole numbers in int64, all else in float64.

    Its default, float32, would round each of a formula's steps. For the few numbers of an update
    float64 costs nothing, and whoever needs float32, as Keras does, rounds once, at the end.
    """

    def __init__(self, library: Any) -> None:
        super().__init__(library, LARGEST_64)
        functions = (library.cos, library.sin, library.exp, library.sqrt, library.floor)
        self.cos, self.sin, self.exp, self.sqrt, self.floor = map(self._of_floats, functions)
        self.where = self._where

    def _of_floats(self, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: Mixed(function(x.real()), self.library)

    def _where(self, condition: Any, yes: Any, no: Any, /) -> Any:
        """`yes` where the condition holds, else `no`."""
        both = alike(self.library, yes, no)
        return Mixed(self.library.where(condition.tensor, *both), self.library)

    def minimum(self, x: Any, y: Any, /) -> Any:
        """The smaller of two."""
        return Mixed(self.library.minimum(*alike(self.library, x, y)), self.library)

    def maximum(self, x: Any, y: Any, /) -> Any:
        """The larger of two."""
        return Mixed(self.library.maximum(*alike(self.library, x, y)), self.library)

    def power(self, base: float, exponent: Any, /) -> Any:
        """In float64, where nothing is lost."""
        return float(base) ** exponent

    def full(self, value: Any, like: Any, /) -> Any:
        """A number as often as there are elements; a tensor as it is."""
        if not isinstance(value, int | float):
            return value
        (number,) = alike(self.library, value)
        return Mixed(self.library.fill(self.library.shape(like.tensor), number), self.library)

    def as_real(self, x: Any, /) -> Any:
        """Whole numbers as floats."""
        return Mixed(x.real(), self.library)

    def map(self, function: Callable[[Any], Any], steps: Any, /) -> Any:
        """An elementwise function of a tensor, which AutoGraph has no business to rewrite."""
        as_it_is = self.library.autograph.experimental.do_not_convert(function)
        return as_it_is(Mixed(steps, self.library)).tensor

    def apply(self, function: Callable[[int], float], x: Any, /) -> Any:
        """By a call back to Python, one by one; code compiled by XLA can't make it."""
        numpy = importlib.import_module("numpy")

        def one_by_one(steps: Any) -> Any:
            values = [function(int(one)) for one in numpy.ravel(steps)]
            return numpy.array(values, dtype=float).reshape(numpy.shape(steps))

        values = self.library.numpy_function(one_by_one, [x.tensor], self.library.float64)
        return Mixed(self.library.ensure_shape(values, x.tensor.shape), self.library)


NUMBERS = Numbers()
LIBRARIES = {
    "jax": "jax.numpy",
    "jaxlib": "jax.numpy",
    "numpy": "numpy",
    "tensorflow": "tensorflow",
    "torch": "torch",
}


@cache
def _library(array_type: Any) -> str:
    """The array library that a type comes from, or "" where it is no array."""
    if not hasattr(array_type, "dtype"):
        return ""
    roots = {base.__module__.partition(".")[0] for base in array_type.__mro__}
    return next((name for root, name in LIBRARIES.items() if root in roots), "")


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
            f"a step must be an int, or a NumPy, JAX, torch or TensorFlow array of integers, "
            f"got {step!r}"
        ) from None
    if index < 0:
        raise ValueError(f"a step must be at least 0, got {index}")
    return index


def _is_numpy_scalar(step: object, library: str) -> bool:
    return library == "numpy" and isinstance(step, importlib.import_module("numpy").generic)


def as_steps(array: Any) -> tuple[Any, Arrays]:
    """An array of steps, of at least 32 bits, and the namespace to compute with it.

    In NumPy a negative step is an error; in the others, whose arrays may live in compiled code or
    on a device that nobody wants to wait for, it counts as step 0.

    Raises:
        TypeError: if the array does not hold integers.
        ValueError: if a NumPy array holds a negative step.
    """
    library = _library(type(array))  # type: ignore[arg-type]
    module: Any = sys.modules[library]
    if library == "torch":
        if array.dtype.is_floating_point or array.dtype.is_complex or array.dtype == module.bool:
            raise TypeError(f"steps must be integers, got a tensor of {array.dtype}")
        return array.to(module.int64).clamp(min=0), TorchArrays(module, LARGEST_64)
    if library == "tensorflow":
        tensor = module.convert_to_tensor(array)
        if not tensor.dtype.is_integer:
            raise TypeError(f"steps must be integers, got a tensor of {tensor.dtype.name}")
        return module.maximum(module.cast(tensor, module.int64), 0), TensorFlowArrays(module)
    if array.dtype.kind not in "iu":
        raise TypeError(f"steps must be integers, got an array of {array.dtype}")
    if library == "numpy":
        if array.size and array.min() < 0:
            raise ValueError(f"a step must be at least 0, got {int(array.min())}")
        if array.size and array.max() > LARGEST_64:
            raise ValueError(f"a step in an array must be below 2**63, got {int(array.max())}")
        steps = module.asarray(array).astype("int64", copy=False)
        return steps, NumPyArrays(module, LARGEST_64)
    size = max(array.dtype.itemsize, 4)
    largest = 2 ** (8 * size - 1) - 1
    if array.dtype.kind == "u" and array.dtype.itemsize == size:
        array = module.minimum(array, largest)
    return module.maximum(array.astype(f"int{8 * size}"), 0), JaxArrays(module, largest)
