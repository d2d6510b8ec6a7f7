"""The plan that a sweep varies: a preset with its arguments, or the table of a plan's file."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from glidepath.plan import Plan, files
from glidepath.plan.files.kinds import kind_of
from glidepath.plan.presets import PRESETS
from glidepath.plan.presets.arguments import call, known_arguments
from glidepath.plan.quantities import nearest
from glidepath.sweeps.domains import Scalar

NONE = "none"
"""A preset's argument that is left away, as for `glidepath show --set`."""

BATCH = "batch"
"""Of the horizon: a key of its own in a sweep, for the training needs to know it as well."""


class Base(Protocol):
    """A plan in which values can be set by name."""

    @property
    def name(self) -> str:
        """What its user calls it."""
        ...

    def known(self) -> list[str]:
        """The names that can be set, without the batch."""
        ...

    def plan(self, values: Mapping[str, Scalar], batch: int | None) -> Plan:
        """The plan with some values set, and in its horizon the batch, if one is given."""
        ...


@dataclass(frozen=True)
class PresetBase:
    """A preset; its arguments and the numbers of its horizon can be set.

    Attributes:
        name: of the preset.
    """

    name: str

    def known(self) -> list[str]:
        """As in `Base`."""
        return [one for one in known_arguments(self.name) if one != BATCH]

    def plan(self, values: Mapping[str, Scalar], batch: int | None) -> Plan:
        """As in `Base`."""
        set_ = {name: None if value == NONE else value for name, value in values.items()}
        return call(self.name, set_ if batch is None else set_ | {BATCH: batch})


@dataclass(frozen=True)
class FileBase:
    """A plan's file; every value in it that is a number or a text can be set by its path.

    A path is the keys that lead to the value, with dots between them; a phase goes by its name:
    `phase.warm-up.lr.to`.

    Attributes:
        name: of the file.
        table: that it has.
    """

    name: str
    table: dict[str, Any] = field(hash=False)

    def known(self) -> list[str]:
        """As in `Base`."""
        return [path for path in _leaves(self.table) if path != f"horizon.{BATCH}"]

    def plan(self, values: Mapping[str, Scalar], batch: int | None) -> Plan:
        """As in `Base`."""
        table = copy.deepcopy(self.table)
        for path, value in values.items():
            _set(table, path, value)
        if batch is not None:
            table.setdefault("horizon", {})[BATCH] = batch
        return files.loads(json.dumps(table), where=self.name, kind="json")


def base_named(name: str, below: Path) -> Base:
    """A preset, or the plan in a file.

    Args:
        name: of either.
        below: the directory that a file's path begins from.
    Raises:
        ValueError: if it is neither; the message has the nearest preset.
    """
    if name in PRESETS:
        return PresetBase(name)
    path = below / name
    if not path.is_file():
        raise ValueError(
            f"no preset and no file is called {name!r}; {nearest(name, list(PRESETS))}"
        )
    files.load(path)
    text = path.read_text(encoding="utf-8-sig")
    return FileBase(path.name, json.loads(text) if kind_of(path) == "json" else tomllib.loads(text))


def _leaves(table: Any, path: str = "") -> list[str]:
    """Paths of the values that are no tables, in a table or a list."""
    if isinstance(table, dict | list):
        return [leaf for key, one in _named(table) for leaf in _leaves(one, f"{path}.{key}")]
    return [path[1:]]


def _named(table: dict[str, Any] | list[Any]) -> list[tuple[str, Any]]:
    """What is in a table by its key, in a list by its name, or its number."""
    if isinstance(table, dict):
        return list(table.items())
    names = [one.get("name") if isinstance(one, dict) else None for one in table]
    return [(str(name or i), one) for i, (name, one) in enumerate(zip(names, table, strict=True))]


def _set(table: Any, path: str, value: Scalar) -> None:
    """Put a value where a path of `_leaves` leads."""
    for key, one in _named(table):
        if path == key:
            table[key if isinstance(table, dict) else int(key)] = value
            return
        if path.startswith(f"{key}.") and isinstance(one, dict | list):
            with suppress(KeyError):  # a phase may be called as another with a dot and more
                _set(one, path.removeprefix(f"{key}."), value)
                return
    raise KeyError(path)
