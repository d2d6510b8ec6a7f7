"""The figures of a model's arrays at one update, in the framework that holds them."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from glidepath.record.arrays import as_numpy, is_jax, is_torch, named_arrays
from glidepath.record.checksum import checksum
from glidepath.record.step_sizes import StepSizes

SAFE = 1e-12
"""A norm in float32 above it has lost nothing: squares below 1e-38 add up to less than its last
digit."""


@dataclass(frozen=True)
class Summary:
    """Figures of every array, of which there are n; None where nothing was given to see it in.

    Attributes:
        names: of the arrays.
        parameter_norms: L2 norms before the update, `[n]`.
        gradient_norms: of the gradients, before clipping, `[n]`.
        update_norms: of what the update added, `[n]`.
        looked: whether what follows was computed; it costs more, and zeros stand there otherwise.
        checksums: of the arrays' bits before the update, `[n]`, uint32.
        gradient_zeros: shares of each gradient that are exactly 0, `[n]`.
        step_sizes: of the optimizer, array by array.
    """

    names: tuple[str, ...]
    parameter_norms: Any
    gradient_norms: Any
    update_norms: Any
    looked: Any
    checksums: Any
    gradient_zeros: Any
    step_sizes: StepSizes | None = None

    def on_host(self) -> Summary:
        """The same with NumPy arrays; waits for the device."""
        if is_jax(self.parameter_norms):
            return sys.modules["jax"].device_get(self)
        parts = {field.name: getattr(self, field.name) for field in fields(self)}
        return Summary(**{name: _hosted(part) for name, part in parts.items()})


def _hosted(part: Any) -> Any:
    return as_numpy(part) if hasattr(part, "shape") else part


def summarize(
    params: Any,
    grads: Any = None,
    updates: Any = None,
    *,
    step_sizes: StepSizes | Callable[[], StepSizes] | None = None,
    look: Any = True,
) -> Summary:
    """The figures of one update.

    In JAX it may be called inside the compiled step, and should be: then `look` may be traced,
    such as `step % 100 == 0`, and what costs more is computed at those steps alone.

    Args:
        params: before the update: a module or a tree, as in `named_arrays`.
        grads: of the same structure, or None; those of a torch module are found by themselves.
        updates: what the optimizer adds to the parameters, or None.
        step_sizes: of the optimizer at this update, of `step_sizes`; or a function without
            arguments that finds them, which is called only where they are looked at.
        look: whether to compute checksums and zeros, which read every array once more.
    Returns:
        Figures of the framework's own arrays; give them to `Recorder.log`.
    Raises:
        ValueError: if gradients or updates are of other arrays than the parameters.
    Example:
        >>> found = summarize({"w": np.array([3.0, 4.0])}, {"w": np.array([0.0, 2.0])})
        >>> found.parameter_norms.tolist(), found.gradient_norms.tolist()
        ([5.0], [2.0])
        >>> found.gradient_zeros.tolist()
        [0.5]
    """
    named = named_arrays(params)
    names = tuple(named)
    arrays = list(named.values())
    gradients = _aligned("grads", named, _gradients(params, arrays, grads))
    changes = _aligned("updates", named, named_arrays(updates) if updates is not None else None)
    if any(is_jax(array) for array in arrays):
        register()
    checksums, zeros, sizes = _looked(arrays, gradients, step_sizes, look)
    return Summary(
        names,
        _norms(arrays),
        None if gradients is None else _norms(gradients),
        None if changes is None else _norms(changes),
        look,
        checksums,
        zeros,
        sizes,
    )


def _gradients(params: Any, arrays: Sequence[Any], grads: Any) -> Mapping[str, Any] | None:
    if grads is not None:
        return named_arrays(grads)
    if not all(is_torch(array) for array in arrays) or all(one.grad is None for one in arrays):
        return None
    return {name: one.grad for name, one in named_arrays(params).items()}


def _aligned(
    argument: str, named: Mapping[str, Any], arrays: Mapping[str, Any] | None
) -> list[Any] | None:
    """Arrays in the order of the parameters; None for one that has no gradient."""
    if arrays is None:
        return None
    if unknown := sorted(set(arrays) - set(named)):
        raise ValueError(
            f"`{argument}` has {unknown[0]!r}, and the parameters are {', '.join(named)[:200]}: "
            "give trees of the same structure"
        )
    for name, array in arrays.items():
        if array is not None and tuple(array.shape) != tuple(named[name].shape):
            raise ValueError(
                f"`{argument}` has {name!r} as {list(array.shape)}, and the parameter is "
                f"{list(named[name].shape)}: give trees of the same structure"
            )
    return [arrays.get(name) for name in named]


def _looked(
    arrays: Sequence[Any],
    gradients: Sequence[Any] | None,
    sizes: StepSizes | Callable[[], StepSizes] | None,
    look: Any,
) -> tuple[Any, Any, StepSizes | None]:
    """Checksums, zeros and step sizes; in compiled code only where they are looked at."""

    def found() -> tuple[Any, Any, StepSizes | None]:
        measured = sizes() if callable(sizes) else sizes
        return _stacked([checksum(one) for one in arrays], 0.0), _zeros(gradients), measured

    if not is_jax(look):
        return found() if look else (None, None, None)
    jax = sys.modules["jax"]
    shapes = jax.eval_shape(found)
    nothing = jax.tree.map(lambda one: jax.numpy.zeros(one.shape, one.dtype), shapes)
    return jax.lax.cond(look, found, lambda: nothing)


def _zeros(gradients: Sequence[Any] | None) -> Any:
    if gradients is None:
        return None
    return _stacked([None if one is None else _share(one == 0) for one in gradients], 1.0)


def _share(mask: Any) -> Any:
    return mask.float().mean() if is_torch(mask) else mask.mean()


def _norms(arrays: Sequence[Any]) -> Any:
    """The L2 norm of each, in float32 at least, and whatever its size; 0 for one that is not there.

    Squares leave float32's range from 1.8e19 on and below 1e-19: a gradient that is no 0, and no
    infinity, must not look like one.
    """
    of_torch = [one.detach() for one in arrays if is_torch(one)]
    others = [one for one in arrays if one is not None and not is_torch(one)]
    found_torch, found = iter(()), iter(())
    if of_torch:
        torch = sys.modules["torch"]
        with torch.no_grad():
            found_torch = iter(_torch_norms(torch, of_torch))
    if others:
        found = iter(_scaled_norms(others))
    each = [
        None if one is None else next(found_torch if is_torch(one) else found) for one in arrays
    ]
    return _stacked(each, 0.0)


def _torch_norms(torch: Any, arrays: list[Any]) -> list[Any]:
    """In few kernels and without a copy of the arrays; in float64, where the device has it.

    On a CPU that is ten times as slow, and only done where float32 does not do.
    """
    arrays = [_with_norm(one) for one in arrays]
    if any(one.device.type == "mps" for one in arrays):
        return [norm.float() for norm in _quick_torch_norms(torch, arrays)]
    if any(one.device.type != "cpu" for one in arrays):
        return _wide_torch_norms(torch, arrays)
    quick = _quick_torch_norms(torch, arrays)
    return [
        norm.double() if SAFE < norm < math.inf else _wide_torch_norms(torch, [one])[0]
        for norm, one in zip(quick, arrays, strict=True)
    ]


def _with_norm(array: Any) -> Any:
    """The array, or a copy in float32 of whole numbers and of 8 bits, of which torch has none."""
    is_number = array.is_floating_point() or array.is_complex()
    return array if is_number and array.dtype.itemsize > 1 else array.float()


def _quick_torch_norms(torch: Any, arrays: list[Any]) -> list[Any]:
    if all(one.dtype.itemsize > 2 for one in arrays):
        return torch._foreach_norm(arrays)
    return [torch.linalg.vector_norm(one, dtype=_at_least(torch, one.dtype)) for one in arrays]


def _at_least(torch: Any, dtype: Any) -> Any:
    return torch.promote_types(dtype, torch.float32)


def _wide_torch_norms(torch: Any, arrays: list[Any]) -> list[Any]:
    if any(one.is_complex() for one in arrays):
        wide = [torch.promote_types(one.dtype, torch.float64) for one in arrays]
        norm = torch.linalg.vector_norm
        return [norm(one, dtype=dtype) for one, dtype in zip(arrays, wide, strict=True)]
    return list(torch._foreach_norm(arrays, 2, torch.float64))


def _scaled_norms(arrays: list[Any]) -> Any:
    """Of arrays of JAX and NumPy, each scaled by a power of 2 near its largest magnitude.

        |a| = |a / s| * s,   s = 2^e,   largest |a| in [s / 2, s)

    That rounds nothing, and reads each array twice; the scales of all are found together, for many
    small operations cost more than the arithmetic. A norm beyond the largest number is that
    number, for it is finite.
    """
    namespace = sys.modules["jax"].numpy if any(map(is_jax, arrays)) else np
    kinds = [namespace.promote_types(array.dtype, namespace.float32) for array in arrays]
    wide = [namespace.abs(array.astype(kind)) for array, kind in zip(arrays, kinds, strict=True)]
    largest = namespace.stack([namespace.max(array, initial=0) for array in wide])
    limits = namespace.finfo(largest.dtype)
    exponents = namespace.frexp(largest)[1]
    exponents = namespace.clip(exponents, limits.minexp + 1, limits.maxexp - 3)
    down = namespace.ldexp(namespace.ones_like(largest), -exponents)
    squares = [namespace.sum(namespace.square(array * down[i])) for i, array in enumerate(wide)]
    norms = namespace.sqrt(namespace.stack(squares))
    with np.errstate(over="ignore"):
        found = norms / down
    return namespace.where(namespace.isfinite(norms), namespace.minimum(found, limits.max), found)


def _stacked(scalars: Sequence[Any], missing: float) -> Any:
    """One array of the framework that they are of, with a number where one is missing."""
    some = next((one for one in scalars if one is not None), np.float32(missing))
    if any(map(is_torch, scalars)) and not all(one is None or is_torch(one) for one in scalars):
        scalars = [None if one is None else as_numpy(one) for one in scalars]  # of NumPy beside
        some = np.float32(missing)
    if is_torch(some):
        torch = sys.modules["torch"]
        full = [some.new_tensor(missing) if one is None else one for one in scalars]
        return torch.stack([one.to(some.device) for one in full])
    full = [np.float32(missing) if one is None else one for one in scalars]
    return sys.modules["jax"].numpy.stack(full) if is_jax(some) else np.stack(full)


def register() -> None:
    """Make summaries trees of JAX, so that compiled functions can return them."""
    register_dataclass = sys.modules["jax"].tree_util.register_dataclass
    if not _REGISTERED:
        data = [field.name for field in fields(Summary) if field.name != "names"]
        register_dataclass(Summary, data_fields=data, meta_fields=["names"])
        own = [field.name for field in fields(StepSizes) if field.name != "names"]
        register_dataclass(StepSizes, data_fields=own, meta_fields=["names"])
        _REGISTERED.append(True)


_REGISTERED: list[bool] = []
"""JAX takes a class once."""
