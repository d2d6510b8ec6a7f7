"""What optax's constructors are given, checked: numbers, counts of steps, boundaries, schedules."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from itertools import accumulate, pairwise
from operator import mul
from typing import Any

from glidepath.adapters.needs import needs
from glidepath.plan import Schedule
from glidepath.plan.numbers import count_from_0, finite, finite_as_given, positive, positive_count

with needs("jax"):
    import optax


def number(name: str, value: Any) -> float:
    """A finite number, which may be an array of no dimensions.

    Raises:
        TypeError, ValueError: if it is none.
    """
    return finite(name, _out_of_array(value))


def number_as_given(name: str, value: Any) -> float | int:
    """A finite number, which stays an int if it is one.

    Raises:
        TypeError, ValueError: if it is none.
    """
    return finite_as_given(name, _out_of_array(value))


def positive_number(name: str, value: Any, instead: str = "") -> float:
    """A number above 0.

    Args:
        name: of the argument.
        value: as given.
        instead: what to say to whoever gave another.
    Raises:
        TypeError, ValueError: if it is none.
    """
    try:
        return positive(name, _out_of_array(value))
    except ValueError as error:
        raise ValueError(f"{error}{instead}") from None


def count(name: str, value: Any, instead: str = "") -> int:
    """A number of steps from 0 on; a whole float, such as 1e4, will do.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is negative.
    """
    try:
        return count_from_0(name, _whole(value))
    except ValueError as error:
        raise ValueError(f"{error}{instead}") from None


def count_from_1(name: str, value: Any, instead: str = "") -> int:
    """A number of steps from 1 on; a whole float, such as 1e4, will do.

    Raises:
        TypeError: if it is no whole number.
        ValueError: if it is below 1.
    """
    try:
        return positive_count(name, _whole(value))
    except ValueError as error:
        raise ValueError(f"{error}{instead}") from None


def _whole(value: Any) -> Any:
    """The int that a float or an array of no dimensions is, if it is one."""
    value = _out_of_array(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _out_of_array(value: Any) -> Any:
    """The Python number in an array of no dimensions; anything else as it is."""
    return value.item() if getattr(value, "shape", None) == () else value


def products(
    init_value: Any, boundaries_and_scales: Mapping[Any, Any] | None
) -> tuple[list[float], list[int]]:
    """The values before and from each boundary on: products of the scales so far.

    A boundary at 0 has passed before the first step, so its scale belongs to the first value.

    Args:
        init_value: what is multiplied.
        boundaries_and_scales: factors by step, in any order, or None.
    Returns:
        The values, one more than boundaries, and the boundaries from 1 on, ascending.
    Raises:
        TypeError, ValueError: if a boundary is no step, or a scale negative.
    """
    name = "boundaries_and_scales"
    if not isinstance(boundaries_and_scales, Mapping | None):
        got = repr(boundaries_and_scales)
        raise TypeError(f"`{name}` must be a dictionary of scales by step, or None, got {got}")
    given = (boundaries_and_scales or {}).items()
    by_step = dict(sorted((count(name, step), number(name, scale)) for step, scale in given))
    if any(scale < 0 for scale in by_step.values()):
        raise ValueError(f"`{name}` must have scales of at least 0, got {boundaries_and_scales}")
    first = number("init_value", init_value) * by_step.pop(0, 1.0)
    return list(accumulate(by_step.values(), mul, initial=first)), list(by_step)


def several_schedules(given: Iterable[Any]) -> list[Schedule]:
    """The `schedules` of a join.

    Raises:
        TypeError: if one of them is none.
        ValueError: if there is none.
    """
    schedules = list(given)
    if not schedules:
        raise ValueError("`schedules` must have at least one schedule, got none")
    for one in schedules:
        if not isinstance(one, Schedule):
            raise TypeError(f"`schedules` must be what `read` returned, got {one!r}: {advice(one)}")
    return schedules


def lengths(boundaries: Iterable[Any], num_schedules: int) -> list[int]:
    """How long each schedule of a join lasts, but for the last; 0 where it is never seen.

    Raises:
        TypeError, ValueError: if they are not one fewer than schedules, or do not ascend.
    """
    ends = [count("boundaries", boundary) for boundary in boundaries]
    if len(ends) != num_schedules - 1:
        raise ValueError(
            f"`boundaries` must be one fewer than `schedules`, got {len(ends)} and "
            f"{num_schedules}: optax would leave out what has no partner, and not say so"
        )
    if ends != sorted(ends):
        raise ValueError(
            f"`boundaries` must ascend, got {ends}: each counts from the first step of all, not "
            "from the boundary before it"
        )
    return [after - before for before, after in pairwise([0, *ends])]


def advice(given: Any) -> str:
    """What to write instead of something that is not what it should be."""
    if isinstance(given, Schedule):
        return "a Schedule needs no reading"
    root, dot, _ = getattr(given, "__qualname__", "").partition(".<locals>.")
    theirs = getattr(optax.schedules, root, None) if dot else None
    if theirs is None:
        return "give a constructor, such as optax.linear_schedule, or its name"
    arguments = ", ".join(f"{name}=..." for name in inspect.signature(theirs).parameters)
    return (
        "what a constructor of optax's returned keeps no arguments to read; give the constructor "
        f"that you called, and its arguments: read(optax.{root}, {arguments})"
    )
