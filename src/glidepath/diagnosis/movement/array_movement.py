"""One array before and after an update."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from glidepath.diagnosis.movement.snapshot import Parameter, on_host
from glidepath.record.arrays import is_jax, is_torch

STATES = ("still", "without gradient", "frozen", "idle", "moved")


@final
@dataclass(frozen=True)
class ArrayMovement:
    """What happened to one array.

    Attributes:
        name: of it.
        has_moved: whether any of its bits is another.
        state: "idle", if it was said to be; else "moved"; else why it did not: "frozen", "without
            gradient", or "still", which nothing excuses.
        distance: L2 norm of the difference.
        norm: L2 norm before.
        size: elements.
        gradient_norm: L2; 0 for an array without one; None where none were given.
        update_norm: L2 norm of the update that was given; None where none were.
        dtype: such as "float32".
        cause: why it is "still", of `glidepath.diagnosis.movement.stillness.CAUSES`; else None.
    """

    name: str
    has_moved: bool
    state: str
    distance: float
    norm: float
    size: int
    gradient_norm: float | None
    update_norm: float | None
    dtype: str
    cause: str | None = None

    @property
    def relative(self) -> float:
        """The distance over the norm before; infinite from 0 on."""
        if not self.distance:
            return 0.0
        return self.distance / self.norm if self.norm else math.inf

    @property
    def gradient_size(self) -> float:
        """Root mean square of the gradient; 0 where it is not known."""
        return (self.gradient_norm or 0.0) / max(self.size, 1) ** 0.5

    @property
    def is_trained(self) -> bool:
        """Whether updates by gradients should move it: no counter, no buffer, nothing idle."""
        return self.is_number and self.gradient_norm != 0 and self.state not in ("idle", "frozen")

    @property
    def is_number(self) -> bool:
        """Whether it has elements, and those a gradient can move: no whole numbers."""
        return self.size > 0 and self.dtype.startswith(("float", "bfloat", "complex"))


def compared(
    name: str, before: Any, after: Parameter, gradient: Any, update: Any, *, is_idle: bool
) -> ArrayMovement:
    """What happened to an array.

    Args:
        name: of it.
        before: its numbers before.
        after: what it is now.
        gradient: of it, or its norm, or None where that is not known.
        update: likewise.
        is_idle: whether it is known to have no gradient.
    Raises:
        ValueError: if the two share memory or are of other shapes.
    """
    _refuse_shared(name, before, after.array)
    was, now = on_host(name, before), on_host(name, after.array)
    if was.shape != now.shape:
        raise ValueError(
            f"`before` has {name!r} as {list(was.shape)}, and `after` as {list(now.shape)}: they "
            "are of different models"
        )
    has_moved, gradient_norm = not _has_same_bits(was, now), norm_of(name, gradient)
    with np.errstate(invalid="ignore", over="ignore"):  # an array may have infinity in it
        distance = _norm(_wide(now) - _wide(was)) if has_moved else 0.0
    return ArrayMovement(
        name,
        has_moved,
        "idle" if is_idle else _state(has_moved, after, gradient_norm, now),
        distance,
        _norm(was),
        was.size,
        gradient_norm,
        norm_of(name, update),
        str(after.array.dtype).removeprefix("torch."),
    )


def norm_of(name: str, array: Any) -> float | None:
    """The L2 norm of an array, if there is one."""
    if array is None or isinstance(array, float):
        return array
    return _norm(on_host(name, array))


def _state(has_moved: bool, after: Parameter, gradient: float | None, now: np.ndarray) -> str:
    if has_moved:
        return "moved"
    if after.is_trainable is False:
        return "frozen"
    is_number = now.size > 0 and now.dtype.kind not in "biu"
    return "still" if is_number and gradient != 0 else "without gradient"


def _refuse_shared(name: str, before: Any, after: Any) -> None:
    """JAX's arrays never change, and two that share memory are two names of the same."""
    if is_jax(before) or is_jax(after):
        return
    if is_torch(before) and is_torch(after):
        is_shared = before.numel() > 0 and before.data_ptr() == after.data_ptr()
    else:
        is_shared = np.may_share_memory(on_host(name, before), on_host(name, after))
    if is_shared:
        raise ValueError(
            f"`before` and `after` share the memory of {name!r}, so that an update changes both: "
            "take `before = snapshot(model)` before the update"
        )


def _has_same_bits(was: np.ndarray, now: np.ndarray) -> bool:
    if was.dtype != now.dtype:
        return bool(np.array_equal(_wide(was), _wide(now), equal_nan=True))
    ours, theirs = (np.ascontiguousarray(one).reshape(-1).view(np.uint8) for one in (was, now))
    return bool(np.array_equal(ours, theirs))


def _wide(array: np.ndarray) -> np.ndarray:
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def _norm(array: np.ndarray) -> float:
    return float(np.linalg.norm(_wide(array).reshape(-1)))
