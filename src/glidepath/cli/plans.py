"""Plans by the names that users give on the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glidepath.plan import Plan, files
from glidepath.plan.presets import PRESETS
from glidepath.plan.presets.arguments import call
from glidepath.plan.quantities import nearest


def plan_named(name: str, settings: Sequence[str] = ()) -> Plan:
    """A preset, with some of its arguments set, or the plan in a file.

    Args:
        name: of a preset or a file.
        settings: such as "peak=3e-4" or "total=100k steps".
    Raises:
        ValueError: if it is neither; the message has the nearest preset. If a setting is none
            of the preset's, or the name is a file's, which is changed by an editor.
    """
    if name in PRESETS:
        return call(name, _settings(settings))
    if not Path(name).exists():
        hint = nearest(name, list(PRESETS))
        raise ValueError(f"no preset and no file is called {name!r}; {hint}")
    if not Path(name).is_file():
        raise ValueError(f"{name} is no file; a plan is a preset, a TOML or a JSON file")
    if settings:
        raise ValueError(f"--set is for presets; {name} is a file: change it there")
    return files.load(name)


def _settings(settings: Sequence[str]) -> dict[str, Any]:
    values = {}
    for setting in settings:
        key, is_set, text = setting.partition("=")
        if not is_set:
            raise ValueError(f"--set takes NAME=VALUE, such as --set peak=3e-4, got {setting!r}")
        values[key] = _value(text)
    return values


def _value(text: str) -> Any:
    """`none`, or a value as in TOML; anything else is a text, which needs no quotes."""
    if text == "none":
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
