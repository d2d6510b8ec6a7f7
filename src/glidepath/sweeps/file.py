"""A sweep's file, TOML: read, and what is wrong with it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from glidepath.plan.files.format import STRICT, Number
from glidepath.plan.files.lines import line_of, toml_lines
from glidepath.plan.quantities import nearest
from glidepath.sweeps.base import Base, base_named
from glidepath.sweeps.domains import Choices, Domain, Range, Scalar
from glidepath.sweeps.keys import Keys, flat
from glidepath.sweeps.sweep import Sweep

Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Plain = str | bool | int | Annotated[float, Field(allow_inf_nan=False)]


class RangeTable(BaseModel):
    """`{ low = 1e-4, high = 1e-2, log = true }`."""

    model_config = STRICT
    low: Number
    high: Number
    log: bool = False
    step: Number | None = None


class SweepTable(BaseModel):
    """The whole file; what stands under `set` and `vary` has names with dots by now."""

    model_config = STRICT
    base: str
    trials: Count = 20
    steps: Count | None = None
    evaluate_every: Count = 100
    checkpoint_every: Count | str = 200
    sampler: Literal["tpe", "random"] = "tpe"
    pruner: Literal["median", "halving", "none"] = "median"
    prune_after: Natural = 0
    seed: Natural = 0
    set: dict[str, Plain] = {}
    vary: dict[str, RangeTable | list[Plain]]


class SweepFileError(ValueError):
    """A file that is no sweep; the message names the file, the line and the key."""


def load(path: Path, keys: Keys) -> tuple[Sweep, dict[str, Any]]:
    """Read a sweep's file.

    Args:
        path: of the file.
        keys: what the training lets a sweep change.
    Returns:
        the sweep; and its table, with names with dots and absolute paths, to keep.
    Raises:
        OSError: if it can't be read.
        SweepFileError: if it is no sweep.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        table = tomllib.loads(text)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SweepFileError(f"{path}: not valid TOML: {error}") from None
    places = _Places(str(path), text)
    for name in ("set", "vary"):
        if isinstance(table.get(name), dict):
            table[name] = flat(table[name])
    table = _with_absolute_paths(table, path.parent.resolve(), keys)
    return build(table, path.parent, keys, places), table


def whole(table: Mapping[str, Any]) -> dict[str, Any]:
    """A sweep's table with its defaults written out, as JSON gives it back.

    Args:
        table: that `load` has returned.
    Raises:
        SweepFileError: if it is none.
    """
    return _read(table, _Places("the sweep", "")).model_dump(mode="json")


def build(table: dict[str, Any], below: Path, keys: Keys, places: _Places | None = None) -> Sweep:
    """A sweep from its table.

    Args:
        table: with names with dots.
        below: the directory that a plan's path begins from.
        keys: what the training lets a sweep change.
        places: of its keys in a file.
    Raises:
        SweepFileError: if it is no sweep.
    """
    places = places or _Places("the sweep", "")
    read = _read(table, places)
    with places.of("base"):
        base = base_named(read.base, below)
    for name, listed in (("set", read.set), ("vary", read.vary)):
        _check_names(name, listed, base, keys, places)
    options = read.model_dump(exclude={"base", "set", "vary", "checkpoint_every"})
    with places.of():
        return Sweep(
            base=base,
            fixed=dict(read.set),
            vary={name: _domain(name, one, places) for name, one in read.vary.items()},
            checkpoint_every=str(read.checkpoint_every),
            **options,
        )


def _read(table: Mapping[str, Any], places: _Places) -> SweepTable:
    try:
        return SweepTable.model_validate(table)
    except ValidationError as error:
        raise places.error(*_explained(error)) from None


def _check_names(
    where: str, names: Mapping[str, Any], base: Base, keys: Keys, places: _Places
) -> None:
    known = base.known()
    for name in names:
        with places.of(where, name):
            keys.check(name, known, may_be_fixed=where == "set")


def _domain(name: str, found: RangeTable | list[Scalar], places: _Places) -> Domain:
    with places.of("vary", name):
        return Choices(tuple(found)) if isinstance(found, list) else Range(**found.model_dump())


def _with_absolute_paths(table: dict[str, Any], below: Path, keys: Keys) -> dict[str, Any]:
    """With paths that hold when the sweep goes on from another directory."""
    fixed = table.get("set")
    if not isinstance(fixed, dict):
        return table
    absolute = {
        name: str((below / fixed[name]).resolve())
        for name in keys.paths
        if isinstance(fixed.get(name), str) and "://" not in fixed[name]
    }
    return table | {"set": fixed | absolute}


class _Places:
    """Where things stand in a file, for errors.

    Args:
        name: of the file.
        text: of it.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name, self._lines = name, toml_lines(text)

    def error(self, path: tuple[str, ...], message: str) -> SweepFileError:
        """An error with the file, the line and the key."""
        key = ".".join(path)
        line = line_of(tuple(key.split(".")), self._lines)
        place = f"{self._name}, line {line}" if line else self._name
        return SweepFileError(f"{place}: `{key}`: {message}" if key else f"{place}: {message}")

    @contextmanager
    def of(self, *path: str) -> Iterator[None]:
        """Tell where an error comes from that does not say so itself."""
        try:
            yield
        except SweepFileError:
            raise
        except (TypeError, ValueError) as error:
            raise self.error(path, str(error)) from None


def _explained(error: ValidationError) -> tuple[tuple[str, ...], str]:
    """Where the first thing wrong lies, and what would work; an unknown key comes first."""
    errors = error.errors(include_url=False)
    first = min(errors, key=lambda one: one["type"] != "extra_forbidden")
    path = tuple(str(part) for part in first["loc"])
    if path[:1] == ("vary",):
        return _explained_range(path, first)
    if first["type"] == "extra_forbidden":
        return path, f"unknown key; {nearest(path[-1], list(SweepTable.model_fields))}"
    if first["type"] == "missing":
        return path, "is missing"
    if path[:1] == ("set",):
        return path[:2], f"expected a text, a number, true or false, got {first['input']!r}"
    return path, _expected(first)


def _explained_range(path: tuple[str, ...], first: Any) -> tuple[tuple[str, ...], str]:
    """What is wrong below `vary`: pydantic names the alternatives, too, which no file has."""
    if len(path) < 3 or path[2] != "RangeTable" or first["type"] == "model_type":
        return path[:2], (
            "expected a range such as { low = 1e-4, high = 1e-2, log = true }, or a list of "
            f"values, got {first['input']!r}"
        )
    if first["type"] == "extra_forbidden":
        return (
            *path[:2],
            path[3],
        ), f"unknown key; {nearest(path[3], list(RangeTable.model_fields))}"
    if first["type"] == "missing":
        return path[:2], f"`{path[3]}` is missing"
    return (*path[:2], path[3]), _expected(first)


def _expected(first: Any) -> str:
    if {"int", "float"} & set(map(str, first["loc"])):
        return f"expected a finite number, got {first['input']!r}"
    message = first["msg"].removeprefix("Input should be ")
    message = message.replace("greater than or equal to", "at least")
    return f"expected {message}, got {first['input']!r}"
