"""The names of what a sweep sets and varies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glidepath.plan.quantities import nearest

PLAN = "plan."
"""Begins the name of what is part of the plan."""

ENDS = ("low", "high")
"""A table with one of these is a range, and no table of names."""


@dataclass(frozen=True)
class Keys:
    """What of a training a sweep can change, beside the plan.

    Attributes:
        varied: names that may vary, `batch` and `seed` among them.
        fixed: names that can be set, and not vary: data, and what is measured.
        paths: those of `fixed` that are paths, from the sweep's file.
    """

    varied: tuple[str, ...] = ("batch", "seed")
    fixed: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def check(self, name: str, of_plan: list[str], *, may_be_fixed: bool) -> None:
        """Refuse a name that nothing has.

        Args:
            name: as it stands in the file, its parts with dots between them.
            of_plan: names of what the plan has.
            may_be_fixed: whether it stands under `set`.
        Raises:
            ValueError: with the nearest name that there is.
        """
        known = [*(PLAN + one for one in of_plan), *self.varied]
        if not may_be_fixed and name in self.fixed:
            raise ValueError("can't vary, for losses could not be compared: it stands in [set]")
        if may_be_fixed:
            known += self.fixed
        if name not in known:
            raise ValueError(f"unknown key; {nearest(name, known)}")


def flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in nested tables, by names with dots; a range stays a table.

    Example:
        >>> flat({"plan": {"peak": {"low": 1, "high": 2}}, "seed": [0, 1]})
        {'plan.peak': {'low': 1, 'high': 2}, 'seed': [0, 1]}
    """
    found: dict[str, Any] = {}
    for key, value in table.items():
        if value and isinstance(value, dict) and not set(ENDS) & value.keys():
            found |= {f"{key}.{inner}": one for inner, one in flat(value).items()}
        else:
            found[key] = value
    return found
