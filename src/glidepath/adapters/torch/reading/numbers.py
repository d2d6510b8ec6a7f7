"""A scheduler's constants as numbers."""

from __future__ import annotations

from typing import Any

from glidepath.plan.numbers import finite


def number(scheduler: Any, name: str, value: Any) -> float:
    """A finite number, which may be a tensor.

    Raises:
        TypeError, ValueError: naming the scheduler and the constant, if it is none.
    """
    found = value.item() if hasattr(value, "item") else value
    return finite(f"{type(scheduler).__name__}.{name}", found)


def whole(value: float) -> int | None:
    """A whole number as an int, None for any other."""
    return int(value) if float(value).is_integer() else None


NEXT_TO = 1e-9
"""Steps: a float as near as that to a whole number was meant to be it."""


def snapped(steps: float) -> float:
    """A number of steps, or the whole number that it missed by rounding alone."""
    return float(round(steps)) if abs(steps - round(steps)) < NEXT_TO else steps


def base_rate(scheduler: Any, group: int) -> float:
    """The base rate of a parameter group.

    Raises:
        ValueError: if the group joined the optimizer later, or torch overwrites the base.
    """
    name = type(scheduler).__name__
    if group >= len(scheduler.base_lrs):
        raise ValueError(
            f"parameter group {group} joined the optimizer after this {name} was made, "
            f"which knows {len(scheduler.base_lrs)} of them"
        )
    base = scheduler.base_lrs[group]
    if hasattr(base, "fill_") and base is scheduler.optimizer.param_groups[group]["lr"]:
        raise ValueError(
            f"the base rate of this {name} is the very tensor that the optimizer's rate is, and "
            "every step overwrites it: give it as a number"
        )
    return number(scheduler, "base_lrs", base)
