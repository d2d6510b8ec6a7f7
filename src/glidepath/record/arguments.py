"""What a recorder may be given, checked while nothing is written yet."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

OWN = ("kind", "step", "time")
"""What a line says of itself."""
COUNTS = ("samples", "num_updates", "seconds", "data_seconds", "memory_bytes")
NORMS = ("gradient_norm", "parameter_norm", "update_ratio")
NUMBERS = frozenset({"loss", "lr", *COUNTS, *NORMS})
"""Figures that rules and reports reckon with: no texts."""
LAST_STEP = 2**63 - 1


def check_whole(argument: str, value: Any, least: int) -> None:
    """Refuse what is no whole number.

    Raises:
        ValueError: saying what would work.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"`{argument}` must be a whole number from {least}, got {value!r}")


def check_step(step: Any) -> int:
    """A number of updates.

    Raises:
        TypeError, ValueError: saying what would work.
    """
    if isinstance(step, bool) or not isinstance(step, int | np.integer):
        raise TypeError(f"`step` must be a whole number, got {step!r}")
    if not 0 <= step <= LAST_STEP:
        raise ValueError(f"`step` must be at least 0, got {step}" if step < 0 else
                         f"`step` must be below 2**63, got {step}")  # fmt: skip
    return int(step)


def check_figures(figures: Mapping[str, Any], planned: Collection[str] = ()) -> None:
    """Refuse what can't be a figure, without waiting for its value.

    Args:
        figures: by name.
        planned: names of the plan's values, which must be numbers as well.
    Raises:
        TypeError: if a figure is neither a number nor a text, or must be a number.
        ValueError: if its name is one of a line's own, or it is out of range.
    """
    for name, value in figures.items():
        if name in OWN:
            raise ValueError(f"`{name}` is what every line has: give the figure another name")
        shape = tuple(getattr(value, "shape", ()))
        if shape not in ((), (1,)):
            raise TypeError(f"`{name}` must be a number, got an array {list(shape)}")
        if isinstance(value, str) and (name in NUMBERS or name in planned):
            raise TypeError(f"`{name}` must be a number, got {value!r}")
        if isinstance(value, int | float | np.number):
            _check_range(name, value)


def _check_range(name: str, value: Any) -> None:
    if name in COUNTS and value < 0:
        raise ValueError(f"`{name}` must be 0 or more, got {value}")
    try:
        math.isfinite(value)
    except OverflowError:
        raise ValueError(
            f"`{name}` must be a number up to 1.8e308, got one of {len(hex(value)) * 4:,} bits"
        ) from None


def check_seconds(seconds: Any) -> float:
    """A time that something took.

    Raises:
        TypeError, ValueError: saying what would work.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | np.number):
        raise TypeError(f"`seconds` must be a number, got {seconds!r}")
    if not 0 <= seconds < math.inf:
        raise ValueError(f"`seconds` must be 0 or more, got {seconds}")
    return float(seconds)


def check_arrays(params: Any, grads: Any, updates: Any) -> None:
    """Refuse what would be left out without a word.

    Raises:
        TypeError: saying what would work.
    """
    if params is None and (grads is not None or updates is not None):
        raise TypeError(
            "`grads` and `updates` are recorded beside `params`, whose names they take: give "
            "params=model, too"
        )
