"""What a plan gives to a quantity: a number, a shape, a schedule, or one of them by group."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TypeAlias, TypeVar

from glidepath.plan.algebra import Term
from glidepath.plan.groups import DEFAULT, Scaled
from glidepath.plan.horizon import Horizon
from glidepath.plan.numbers import finite_as_given
from glidepath.plan.quantities import QUANTITIES, Quantity
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import Constant, Shape, constant

T = TypeVar("T")
Value: TypeAlias = Shape | Schedule | Scaled
Values: TypeAlias = tuple[tuple[str, Value], ...]
"""Pairs of a key, `lr` or `lr.backbone`, and what it is given, in the order of the keys."""


def named_values(given: Mapping[str, object]) -> Values:
    """What a user gives, by keys.

    Raises:
        TypeError, ValueError: naming the key, and what would work.
    """
    values: dict[str, Value] = {}
    for name, value in given.items():
        if not isinstance(value, Mapping):
            values[name] = as_value(name, value)
            continue
        if not value:
            raise ValueError(f"`{name}` is given no value: neither `default` nor a group")
        for group, one in value.items():
            key = name if group == DEFAULT else f"{name}.{group}"
            values[key] = as_value(key, one)
    return tuple(sorted(values.items()))


def quantity_of(key: str) -> str:
    """The quantity that a key is about: `lr` for `lr.backbone`."""
    return key.partition(".")[0]


def group_of(key: str) -> str:
    """The group that a key is about, or ""."""
    return key.partition(".")[2]


def as_value(key: str, value: object) -> Value:
    """One value, checked against what its quantity may be.

    Raises:
        TypeError: if it is neither a number, a shape, nor a schedule.
        ValueError: if it takes values that the quantity can't have.
    """
    if isinstance(value, Scaled):
        if not group_of(key):
            raise ValueError(f"`{key}` can't be scaled: only a group can, as a multiple of `{key}`")
        return value
    if isinstance(value, Schedule) and value.horizon != Horizon():
        raise ValueError(f"`{key}` has a horizon of its own; the plan's holds for all: drop `.on`")
    if not isinstance(value, Shape | Schedule):
        value = constant(finite_as_given(key, value))
    check_range(key, value.term if isinstance(value, Schedule) else value, value)
    return value


def check_range(key: str, curve: Shape | Term, value: object) -> None:
    """Refuse a curve with values that its quantity can't have; `value` is what it was given by.

    Raises:
        ValueError: naming the quantity and the bound.
    """
    known = QUANTITIES.get(quantity_of(key), Quantity(key, "", smallest=-math.inf))
    low, high = curve.extremes
    if known.is_whole and not curve.is_whole:
        raise ValueError(
            f"`{key}` takes whole numbers only: a constant or a staircase of them, "
            f"got {_as_argument(value)}"
        )
    if low < known.smallest:
        raise ValueError(f"`{key}` must be at least {known.smallest:g}, got {_as_argument(value)}")
    if high > known.largest and known.largest < math.inf:
        raise ValueError(f"`{key}` must be at most {known.largest:g}, got {_as_argument(value)}")


def by_quantity(values: Iterable[tuple[str, T]]) -> dict[str, dict[str, T]]:
    """Pairs by key as dictionaries by group, one for each quantity."""
    found: dict[str, dict[str, T]] = {}
    for key, value in values:
        found.setdefault(quantity_of(key), {})[group_of(key) or DEFAULT] = value
    return found


def as_arguments(values: Values) -> str:
    """Values as the keyword arguments that make them."""
    return ", ".join(
        f"{name}={_as_argument(groups[DEFAULT])}"
        if list(groups) == [DEFAULT]
        else f"{name}={{{', '.join(f'{g!r}: {_as_argument(v)}' for g, v in groups.items())}}}"
        for name, groups in by_quantity(values).items()
    )


def _as_argument(value: object) -> str:
    return repr(value.value if isinstance(value, Constant) else value)
