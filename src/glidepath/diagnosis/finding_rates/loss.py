"""A loss, of any framework, as a number."""

from __future__ import annotations

from numbers import Real
from typing import Any


def as_number(loss: Any) -> float:
    """A loss as a float.

    Args:
        loss: a number, or an array of shape ().
    Raises:
        TypeError: if it is neither.
    """
    kind, shape = type(loss).__name__, getattr(loss, "shape", None)
    if shape is not None and tuple(shape) == () and _is_real(loss):
        return float(loss.item() if hasattr(loss, "item") else loss)
    if shape is not None:
        raise TypeError(
            f"the loss must be a number or an array of shape (), got {kind} of shape "
            f"{tuple(shape)} and {getattr(loss, 'dtype', 'no type')}: return its mean"
        )
    if isinstance(loss, bool) or not isinstance(loss, Real):
        raise TypeError(f"the loss must be a number or an array of shape (), got {kind}")
    return float(loss)


def _is_real(loss: Any) -> bool:
    return not any(kind in str(loss.dtype) for kind in ("bool", "complex", "object", "str", "key"))
