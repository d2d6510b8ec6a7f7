"""What is wrong with a file, where, and what would work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from glidepath.plan.algebra import OPERATIONS
from glidepath.plan.event import EVENT_KINDS
from glidepath.plan.files.building import tag_of
from glidepath.plan.files.keys import keys_of
from glidepath.plan.files.lines import Path
from glidepath.plan.groups import DEFAULT, Scaled
from glidepath.plan.horizon import Horizon
from glidepath.plan.quantities import QUANTITIES, nearest
from glidepath.plan.shapes import SHAPES

PLAN_KEYS = ("$schema", "version", "quantities", "groups", "horizon", "optimizer", "phase", "event")
PHASE_KEYS = ("name", "for", "at", "per", "until")
NAMED = {name: made for name, made in OPERATIONS.items()} | {Scaled.name: Scaled}
ALTERNATIVES = {"number", "groups", "int", "float", "str", "Value", "Groups", *SHAPES, *NAMED}
WANTED = {
    "list_type": "a list",
    "too_short": "at least one",
    "model_type": "a table",
    "dict_type": "a table",
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "greater_than_equal": "1",
    "less_than_equal": "1",
}
"""What pydantic says in words of its own."""

IN_PYTHON = {"start": "from", "end": "to", "low": "min", "high": "max", "duration": "for"}
"""Keys of files by the names that they have in Python."""

EXAMPLE = '{ shape = "linear", from = 0.0, to = 1e-3 }'


def unknown_key(table: dict[str, Any]) -> tuple[Path, str] | None:
    """A key that is neither a field, a quantity nor a group, with the nearest one that is."""
    quantities = [*QUANTITIES, *_texts(table.get("quantities"))]
    groups = [DEFAULT, *_texts(table.get("groups"))]
    places: list[tuple[Path, Any, list[str]]] = [((), table, [*PLAN_KEYS, *quantities])]
    if isinstance(table.get("phase"), list):
        known = [*PHASE_KEYS, *quantities]
        places += [(("phase", i), phase, known) for i, phase in enumerate(table["phase"])]
    for path, place, known in places:
        for key, value in place.items() if isinstance(place, dict) else ():
            if key not in known:
                return (*path, key), f"unknown key; {nearest(key, known)}"
            unknown = _unknown_group(value, groups) if key in quantities else None
            if unknown:
                return (*path, key, unknown[0]), unknown[1]
    return None


def _texts(listed: Any) -> list[str]:
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _unknown_group(value: Any, groups: list[str]) -> tuple[str, str] | None:
    """A key of a table that is no shape, no operation, and not all groups."""
    kinds = ["shape", *NAMED]
    if not isinstance(value, dict) or any(key in kinds for key in value):
        return None
    for key in value:
        if key not in groups:
            hint = nearest(key, [*kinds, *groups])
            return key, f"neither a shape's key nor a group in `groups`; {hint}; as in {EXAMPLE}"
    return None


def explain(errors: list[Any], table: dict[str, Any]) -> tuple[Path, str]:
    """Where the first thing wrong lies in the file, and what would work.

    An unknown key comes before a missing one: it is often that one, misspelt.
    """
    error = min(errors, key=lambda e: e["type"] != "extra_forbidden")
    path = _path(error["loc"], table)
    found, kind = error["input"], error["type"]
    if kind == "missing":
        return path, "is missing"
    if kind == "extra_forbidden":
        keys = list(_keys_around(path, table))
        key = IN_PYTHON.get(str(path[-1]), "")
        hint = f"did you mean `{key}`?" if key in keys else nearest(str(path[-1]), keys)
        return path, f"unknown key; {hint}"
    if kind.startswith("union_tag"):
        name = found.get("shape") if isinstance(found, dict) else None
        hint = nearest(name, list(SHAPES)) if isinstance(name, str) else f"as in {EXAMPLE}"
        return path, f"expected a number or a shape, got {_short(found)}; {hint}"
    if path[-1] in ("for", "every", "after", "timescale"):
        return path, f'expected a duration such as "1000 steps", got {_short(found)}'
    if {"int", "float"} & set(error["loc"]):
        return path, f"expected a finite number, got {_short(found)}"
    wanted = WANTED.get(kind, error["msg"].removeprefix("Input should be "))
    return path, f"expected {wanted}, got {_short(found)}"


def _path(location: tuple[Any, ...], table: dict[str, Any]) -> Path:
    """A location without the names of the alternatives that were tried there."""
    path: Path = ()
    at: Any = table
    may_be_tag = False
    for part in location:
        if may_be_tag and part == tag_of(at):
            may_be_tag = False
            continue
        inside = part in at if isinstance(at, dict) else isinstance(part, int)
        if not inside and (part in ALTERNATIVES or "[" in str(part)):
            continue
        path = (*path, part)
        at = at[part] if inside and not isinstance(at, str) else None
        may_be_tag = True
    return path


def _keys_around(path: Path, table: dict[str, Any]) -> Iterator[str]:
    """The keys that could stand beside the last one of a path."""
    if path[0] == "horizon":
        yield from (field.name for field in fields(Horizon))
        return
    if path[-2] in ("until", "on"):
        yield from ("plateau", "patience", "min_delta", "mode", "cooldown")
        return
    if path[0] == "event":
        yield from ("step", *EVENT_KINDS)
        return
    around: Any = table
    for part in path[:-1]:
        around = around[part]
    name = around["shape"] if "shape" in around else next(n for n in NAMED if n in around)
    made: Any = SHAPES[name] if "shape" in around else NAMED[name]
    yield from ("shape",) if "shape" in around else ()
    yield from keys_of(made)
    yield from ("for", "at", "per") if "shape" in around else ()


def _short(value: object) -> str:
    text = json.dumps(value) if isinstance(value, bool) or value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
