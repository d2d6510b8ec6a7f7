"""Numbers as users give them, checked where a value is made."""

from __future__ import annotations

import math
from numbers import Integral, Real


def finite(name: str, value: object) -> float:
    """`value` as a float.

    Raises:
        TypeError: if it is not a number (a bool or a string is none).
        ValueError: if it is not finite.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"`{name}` must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(f"`{name}` must be a finite number, got one beyond 1e308") from None
    if not math.isfinite(number):
        raise ValueError(f"`{name}` must be a finite number, got {number}")
    return number + 0.0  # which makes -0.0, equal to 0.0, the same


def finite_as_given(name: str, value: object) -> float | int:
    """`value` as an int where it was given as one, else as a finite float."""
    number = finite(name, value)
    return int(value) if isinstance(value, Integral) else number


def positive(name: str, value: object) -> float:
    """`value` as a float above 0.

    Raises:
        TypeError: if it is not a number.
        ValueError: if it is not finite, or not positive.
    """
    number = finite(name, value)
    if number <= 0:
        raise ValueError(f"`{name}` must be positive, got {number}")
    return number


def positive_count(name: str, value: object) -> int:
    """`value` as an int of at least 1.

    Raises:
        TypeError: if it is not a whole number.
        ValueError: if it is below 1.
    """
    return _count(name, value, 1)


def count_from_0(name: str, value: object) -> int:
    """`value` as an int of at least 0.

    Raises:
        TypeError: if it is not a whole number.
        ValueError: if it is below 0.
    """
    return _count(name, value, 0)


def _count(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"`{name}` must be a whole number, got {value!r}")
    if value < least:
        raise ValueError(f"`{name}` must be at least {least}, got {value}")
    return int(value)
