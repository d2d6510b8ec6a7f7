"""Plans by the names that users give on the command line."""

from __future__ import annotations

from pathlib import Path

from glidepath.plan import Plan, files
from glidepath.plan.presets import PRESETS
from glidepath.plan.quantities import nearest


def plan_named(name: str) -> Plan:
    """A preset, or the plan in a file.

    Raises:
        ValueError: if it is neither; the message has the nearest preset.
    """
    if name in PRESETS:
        return PRESETS[name]()
    if Path(name).is_file():
        return files.load(name)
    if Path(name).exists():
        raise ValueError(f"{name} is no file; a plan is a preset or a TOML file")
    raise ValueError(f"no preset and no file is called {name!r}; {nearest(name, list(PRESETS))}")
