"""From a file to a plan, or to an error that names the file, the line and the field."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from glidepath.plan.duration import Duration
from glidepath.plan.event import EVENT_KINDS, Event
from glidepath.plan.files.building import build_condition, build_optimizer, build_value
from glidepath.plan.files.errors import explain, unknown_key
from glidepath.plan.files.kinds import FORMATS, kind_of
from glidepath.plan.files.limits import LARGEST_FILE_BYTES, check_text
from glidepath.plan.files.lines import Path, json_lines, line_of, toml_lines
from glidepath.plan.horizon import Horizon
from glidepath.plan.optimizer import Optimizer, OptimizerError
from glidepath.plan.phase import Phase
from glidepath.plan.plan import WORDS, Plan
from glidepath.plan.quantities import own_names
from glidepath.plan.spans import PhaseError
from glidepath.plan.values import named_values


class PlanFileError(ValueError):
    """A file that is no plan; the message names the file, the line and the field."""


def load(path: str | FilePath) -> Plan:
    """Read a plan from a TOML file, or a JSON file by its suffix.

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
    return loads(text, where=str(path), kind=kind_of(path))


def loads(text: str, *, where: str = "<text>", kind: str = "toml") -> Plan:
    """Read a plan from text; `where` stands for the file in errors, `kind` is "toml" or "json".

    Raises:
        ValueError: if `kind` is neither.
        PlanFileError: if the text is no plan.
    """
    from pydantic import ValidationError

    from glidepath.plan.files.format import PlanTable

    if kind not in FORMATS:
        raise ValueError(f'`kind` must be "toml" or "json", got {kind!r}')
    if found := check_text(text):
        raise PlanFileError(f"{where}, line {found[0]}: {found[1]}")
    reader = _Reader(where, toml_lines(text) if kind == "toml" else json_lines(text))
    table = _parsed(text, kind, where)
    if unknown := unknown_key(table):
        raise reader.error(*unknown)
    optimizer = build_optimizer(table.get("optimizer"), reader.placed)
    try:
        PlanTable.model_validate(table)
    except ValidationError as error:
        raise reader.error(*explain(error.errors(include_url=False), table)) from None
    return reader.build(table, optimizer)


def _parsed(text: str, kind: str, where: str) -> dict[str, Any]:
    try:
        if kind == "toml":
            return tomllib.loads(text)
        table = json.loads(text, parse_constant=float, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise PlanFileError(f"{where}: not valid {kind.upper()}: {error}") from None
    if not isinstance(table, dict):
        raise PlanFileError(f"{where}: expected an object with the key `phase`")
    return table


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} stands twice")
    return table


@dataclass(frozen=True)
class _Reader:
    """Turns a checked table into a plan; what the plan refuses is told with its place.

    Attributes:
        where: stands for the file.
        lines: of its keys.
    """

    where: str
    lines: dict[Path, int]

    def error(self, path: Path, message: str) -> PlanFileError:
        """An error with the file, the line and the field."""
        line = line_of(path, self.lines)
        field = ".".join(f"{part}" for part in path)
        place = f"{self.where}, line {line}" if line else self.where
        return PlanFileError(f"{place}: `{field}`: {message}" if field else f"{place}: {message}")

    @contextmanager
    def placed(self, path: Path) -> Iterator[None]:
        """Tell where an error comes from that does not say so itself."""
        try:
            yield
        except PlanFileError:
            raise
        except (TypeError, ValueError, ArithmeticError) as error:
            raise self.error(path, str(error)) from None

    def build(self, table: dict[str, Any], optimizer: Optimizer | None) -> Plan:
        """The plan."""
        rest = {key: one for key, one in table.items() if key not in ("version", "$schema")}
        rest.pop("optimizer", None)
        tables, events = rest.pop("phase"), rest.pop("event", [])
        with self.placed(("horizon",)):
            horizon = Horizon(**rest.pop("horizon", {}))
        phases = [self._phase(one, ("phase", i)) for i, one in enumerate(tables)]
        happened = [self._event(one, ("event", i)) for i, one in enumerate(events)]
        names = {key: rest.pop(key, []) for key in ("quantities", "groups")}
        for key, listed in names.items():
            with self.placed((key,)):
                own_names(key, listed, WORDS if key == "groups" else ())
        values = self._values(rest, ())
        try:
            return Plan(*phases, horizon=horizon, events=happened, optimizer=optimizer, **names,
                        **values)  # fmt: skip
        except PhaseError as error:
            index = max(i for i, phase in enumerate(phases) if phase.name == error.phase)
            raise self.error(("phase", index), str(error)) from None
        except OptimizerError as error:
            raise self.error(("optimizer", error.constant), str(error)) from None
        except (TypeError, ValueError, ArithmeticError) as error:
            raise PlanFileError(f"{self.where}: {error}") from None

    def _phase(self, table: dict[str, Any], path: Path) -> Phase:
        rest = dict(table)
        with self.placed((*path, "for")):
            duration = Duration.of(rest.pop("for"))
        until = rest.pop("until", None)
        if until is not None:
            until = build_condition(until, (*path, "until"), self.placed)
        clock = {key: rest.pop(key) for key in ("at", "per") if key in rest}
        name = rest.pop("name")
        values = self._values(rest, path)
        with self.placed(path):
            return Phase(name, duration, until=until, **clock, **values)

    def _values(self, tables: dict[str, Any], path: Path) -> dict[str, Any]:
        """What stands for quantities, each checked where it stands."""
        values = {}
        for key, table in tables.items():
            values[key] = build_value(table, (*path, key), self.placed)
            with self.placed((*path, key)):
                named_values({key: values[key]})
        return values

    def _event(self, table: dict[str, Any], path: Path) -> Event:
        kinds = [kind for kind in EVENT_KINDS if table.get(kind) is not None]
        with self.placed(path):
            if len(kinds) != 1:
                raise ValueError("an event has one of `ends`, `cuts` and `branches`")
            return Event(table["step"], kinds[0], table[kinds[0]])
