"""Plans as TOML files, both ways."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from glidepath.plan.duration import Duration
from glidepath.plan.horizon import Horizon
from glidepath.plan.lines import Path, line_numbers, line_of
from glidepath.plan.phase import Phase
from glidepath.plan.plan import PhaseError, Plan
from glidepath.plan.quantities import QUANTITIES, as_shape, nearest
from glidepath.plan.shapes import SHAPES, Shape

if TYPE_CHECKING:
    from pydantic import BaseModel

LARGEST_FILE_BYTES = 1_000_000
ALTERNATIVES = {"number", "int", "float", "str", *SHAPES}
EXAMPLE = '{ shape = "linear", from = 0.0, to = 1e-3 }'


class PlanFileError(ValueError):
    """A file that is no plan; the message names the file, the line and the field."""


def load(path: str | FilePath) -> Plan:
    """Read a plan from a TOML file.

    Raises:
        OSError: if the file can't be read.
        PlanFileError: if it is no plan.
    """
    path = FilePath(path)
    size = path.stat().st_size
    if size > LARGEST_FILE_BYTES:
        raise PlanFileError(f"{path}: {size} bytes; a plan has at most {LARGEST_FILE_BYTES}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanFileError(f"{path}: not a text file in UTF-8: {error}") from None
    return loads(text, where=str(path))


def loads(text: str, *, where: str = "<text>") -> Plan:
    """Read a plan from TOML text; `where` stands for the file in errors.

    Raises:
        PlanFileError: if it is no plan.
    """
    from pydantic import ValidationError

    from glidepath.plan.file_format import PlanTable

    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise PlanFileError(f"{where}: not valid TOML: {error}") from None
    lines = line_numbers(text)
    _refuse_unknown_keys(table, lines, where)
    try:
        parsed = PlanTable.model_validate(table)
    except ValidationError as error:
        errors = error.errors(include_url=False)
        raise _error(where, lines, *_explain(errors, table)) from None
    return _build(parsed, lines, where)


def save(plan: Plan, path: str | FilePath) -> None:
    """Write a plan as a TOML file, which `load` reads back as an equal plan."""
    FilePath(path).write_text(dumps(plan), encoding="utf-8")


def dumps(plan: Plan) -> str:
    """A plan as TOML text."""
    table = plan.as_table()
    phases, horizon = table.pop("phase"), table.pop("horizon", {})
    blocks = [_assignments(table)]
    blocks += ["[horizon]\n" + _assignments(horizon)] if horizon else []
    blocks += ["[[phase]]\n" + _assignments(phase) for phase in phases]
    return "\n".join(blocks)


def _assignments(table: dict[str, Any]) -> str:
    return "".join(f"{key} = {_toml(value)}\n" for key, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _refuse_unknown_keys(table: dict[str, Any], lines: dict[Path, int], where: str) -> None:
    """A key that is neither a field nor a quantity, with the nearest one that is."""
    listed = table.get("quantities")
    own = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    quantities = [*QUANTITIES, *own]
    places: list[tuple[Path, Any, list[str]]] = [
        ((), table, ["version", "quantities", "horizon", "phase", *quantities])
    ]
    if isinstance(table.get("phase"), list):
        known = ["name", "for", "at", "per", *quantities]
        places += [(("phase", i), phase, known) for i, phase in enumerate(table["phase"])]
    for path, place, known in places:
        for key in place if isinstance(place, dict) else ():
            if key not in known:
                hint = nearest(key, known)
                raise _error(where, lines, (*path, key), f"unknown key; {hint}")


def _explain(errors: list[Any], table: dict[str, Any]) -> tuple[Path, str]:
    """Where the first thing wrong lies in the file, and what would work.

    An unknown key comes before a missing one: it is often that one, misspelt.
    """
    error = min(errors, key=lambda e: e["type"] != "extra_forbidden")
    path = _path(error["loc"], table)
    found, kind = error["input"], error["type"]
    if kind == "missing":
        return path, "is missing"
    if kind == "extra_forbidden":
        return path, _unknown(path, table)
    if kind.startswith("union_tag"):
        name = found.get("shape") if isinstance(found, dict) else None
        hint = nearest(name, list(SHAPES)) if isinstance(name, str) else f"as in {EXAMPLE}"
        return path, f"expected a number or a shape, got {_short(found)}; {hint}"
    if path[-1] in ("for", "every"):
        return path, f'expected a duration such as "1000 steps", got {_short(found)}'
    if {"int", "float"} & set(error["loc"]):
        return path, f"expected a finite number, got {_short(found)}"
    return path, f"expected {error['msg'].removeprefix('Input should be ')}, got {_short(found)}"


def _unknown(path: Path, table: dict[str, Any]) -> str:
    if path[-1] in ("at", "per"):
        return "belongs to the phase, beside `for`, and holds for all of its quantities"
    return f"unknown key; {nearest(str(path[-1]), _keys_around(path, table))}"


def _path(location: tuple[Any, ...], table: dict[str, Any]) -> Path:
    """A location without the names of the alternatives that were tried there."""
    path: Path = ()
    at: Any = table
    for part in location:
        inside = part in at if isinstance(at, dict) else isinstance(part, int)
        if part in ALTERNATIVES and not inside:
            continue
        path = (*path, part)
        at = at[part] if inside and not isinstance(at, str) else None
    return path


def _keys_around(path: Path, table: dict[str, Any]) -> list[str]:
    if path[0] == "horizon":
        return [field.name for field in fields(Horizon)]
    around: Any = table
    for part in path[:-1]:
        around = around[part]
    shape = SHAPES[around["shape"]]
    return ["shape", *(f.metadata.get("key", f.name) for f in fields(shape))]  # type: ignore[arg-type]


def _short(value: object) -> str:
    text = json.dumps(value) if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _error(where: str, lines: dict[Path, int], path: Path, message: str) -> PlanFileError:
    line = line_of(path, lines)
    field = ".".join(f"{part}" for part in path)
    place = f"{where}, line {line}" if line else where
    return PlanFileError(f"{place}: `{field}`: {message}" if field else f"{place}: {message}")


def _build(parsed: Any, lines: dict[Path, int], where: str) -> Plan:
    """A checked file as a plan; what the plan refuses is told with its place in the file."""
    phases = []
    for i, phase in enumerate(parsed.phase):
        values = _shapes(phase.__pydantic_extra__, lines, where, ("phase", i))
        with _placed(where, lines, ("phase", i, "for")):
            duration = Duration.of(phase.duration)
        with _placed(where, lines, ("phase", i)):
            phases.append(Phase(phase.name, duration, at=phase.at, per=phase.per, **values))
    with _placed(where, lines, ("horizon",)):
        horizon = Horizon(**parsed.horizon.model_dump())
    held = _shapes(parsed.__pydantic_extra__, lines, where, ())
    try:
        return Plan(*phases, horizon=horizon, quantities=parsed.quantities, **held)
    except PhaseError as error:
        index = max(i for i, phase in enumerate(phases) if phase.name == error.phase)
        raise _error(where, lines, ("phase", index), str(error)) from None
    except (TypeError, ValueError) as error:
        raise PlanFileError(f"{where}: {error}") from None


def _shapes(
    values: dict[str, BaseModel | float], lines: dict[Path, int], where: str, path: Path
) -> dict[str, Shape]:
    """Numbers as constants, and tables as the shapes that they name."""
    shapes: dict[str, Shape] = {}
    for name, value in values.items():
        with _placed(where, lines, (*path, name)):
            if isinstance(value, int | float):
                shapes[name] = as_shape(name, value)
                continue
            numbers = value.model_dump()
            shapes[name] = as_shape(name, SHAPES[numbers.pop("shape")](**numbers))
    return shapes


@contextmanager
def _placed(where: str, lines: dict[Path, int], path: Path) -> Iterator[None]:
    try:
        yield
    except (TypeError, ValueError) as error:
        raise _error(where, lines, path, str(error)) from None
