"""Presets called by names and values: their own arguments, and the numbers of their horizon."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from glidepath.plan.horizon import Horizon
from glidepath.plan.plan import Plan
from glidepath.plan.presets import PRESETS
from glidepath.plan.quantities import nearest


def known_arguments(name: str) -> list[str]:
    """What can be set in a preset: its arguments, and the fields of its horizon."""
    parameters = inspect.signature(PRESETS[name]).parameters
    of_horizon = [field.name for field in fields(Horizon)]
    return [one for one in parameters if one != "horizon"] + of_horizon


def call(name: str, settings: Mapping[str, Any]) -> Plan:
    """The plan of a preset with some of its arguments set.

    Args:
        name: of the preset.
        settings: its arguments and the fields of its horizon, by name.
    Raises:
        TypeError, ValueError: if the preset has no such argument, or refuses the value.
    """
    parameters, known = inspect.signature(PRESETS[name]).parameters, known_arguments(name)
    for key in settings:
        if key not in known:
            raise ValueError(f"the preset {name} has no {key!r}; {nearest(key, known)}")
    arguments = {key: one for key, one in settings.items() if key in parameters}
    horizon = {key: one for key, one in settings.items() if key not in parameters}
    if horizon:
        default = parameters["horizon"].default
        arguments["horizon"] = replace(default or Horizon(), **horizon)
    return PRESETS[name](**arguments)
