"""Plans as TOML and JSON files, both ways."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from glidepath.plan.building import build_condition, build_value
from glidepath.plan.duration import Duration
from glidepath.plan.file_errors import explain, unknown_key
from glidepath.plan.horizon import Horizon
from glidepath.plan.limits import LARGEST_FILE_BYTES, check_text
from glidepath.plan.lines import Path, json_lines, line_of, toml_lines
from glidepath.plan.listening import Event
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.quantities import QUANTITIES
from glidepath.plan.spans import PhaseError
from glidepath.plan.values import named_values

FORMATS = ("toml", "json")
MEANINGS = {name: quantity.meaning for name, quantity in QUANTITIES.items()} | {
    "version": "of the file format",
    "quantities": "names of your own, beside the standard ones",
    "groups": "of parameters, that have values of their own",
    "samples": "in the data set",
    "tokens_per_sample": "what turns tokens into steps",
    "total_steps": "of the run; percentages are parts of it",
    "at": "each tick is sampled at its end, so that the last one has the end value",
    "per": "values hold through each epoch",
}


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
    return loads(text, where=str(path), kind=_kind_of(path))


def loads(text: str, *, where: str = "<text>", kind: str = "toml") -> Plan:
    """Read a plan from text; `where` stands for the file in errors, `kind` is "toml" or "json".

    Raises:
        ValueError: if `kind` is neither.
        PlanFileError: if the text is no plan.
    """
    from pydantic import ValidationError

    from glidepath.plan.file_format import PlanTable

    if kind not in FORMATS:
        raise ValueError(f'`kind` must be "toml" or "json", got {kind!r}')
    if found := check_text(text):
        raise PlanFileError(f"{where}, line {found[0]}: {found[1]}")
    reader = _Reader(where, toml_lines(text) if kind == "toml" else json_lines(text))
    table = _parsed(text, kind, where)
    if unknown := unknown_key(table):
        raise reader.error(*unknown)
    try:
        PlanTable.model_validate(table)
    except ValidationError as error:
        raise reader.error(*explain(error.errors(include_url=False), table)) from None
    return reader.build(table)


def save(plan: Plan, path: str | FilePath) -> None:
    """Write a plan as a TOML file, or JSON by its suffix, which `load` reads back as an equal plan.

    Raises:
        OSError: if the file can't be written.
        ValueError: if the plan has a function, which a file can't hold.
    """
    path = FilePath(path)
    path.write_text(dumps(plan, kind=_kind_of(path)), encoding="utf-8")


def dumps(plan: Plan, *, kind: str = "toml", comments: Sequence[str] | None = None) -> str:
    """A plan as text, "toml" or "json".

    Args:
        plan: to write.
        kind: of text.
        comments: what to say above it; where given, TOML has comments beside its keys, too.
    Raises:
        ValueError: if `kind` is neither, or the plan has a function.
    """
    table = plan.as_table()
    if kind == "json":
        return json.dumps(table, indent=2, ensure_ascii=False) + "\n"
    if kind != "toml":
        raise ValueError(f'`kind` must be "toml" or "json", got {kind!r}')
    phases, horizon = table.pop("phase"), table.pop("horizon", {})
    events = table.pop("event", [])
    says = comments is not None
    blocks = [_comments(comments or []) + _assignments(table, says)]
    blocks += ["[horizon]\n" + _assignments(horizon, says)] if horizon else []
    for phase, span in zip(phases, plan.spans, strict=True):
        place = [f"steps {span.first:,} to {span.end - 1:,}"] if says else []
        blocks += [_comments(place) + "[[phase]]\n" + _assignments(phase, says)]
    blocks += ["[[event]]\n" + _assignments(event, says) for event in events]
    return "\n".join(blocks)


def _kind_of(path: FilePath) -> str:
    return "json" if path.suffix.lower() == ".json" else "toml"


def _parsed(text: str, kind: str, where: str) -> dict[str, Any]:
    try:
        if kind == "toml":
            return tomllib.loads(text)
        table = json.loads(text, parse_constant=_refuse, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise PlanFileError(f"{where}: not valid {kind.upper()}: {error}") from None
    if not isinstance(table, dict):
        raise PlanFileError(f"{where}: expected an object with the key `phase`")
    return table


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(k for k in keys if keys.count(k) > 1)!r} stands twice")
    return table


def _comments(lines: Sequence[str]) -> str:
    return "".join(f"# {line}\n" for line in lines)


def _assignments(table: dict[str, Any], says: bool) -> str:
    """One key a line; with what a key means beside it where the file says so."""
    return "".join(
        f"{key} = {_toml(value)}"
        + (f"  # {MEANINGS[key]}" if says and key in MEANINGS else "")
        + "\n"
        for key, value in table.items()
    )


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, str | bool):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)


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
        except (TypeError, ValueError) as error:
            raise self.error(path, str(error)) from None

    def build(self, table: dict[str, Any]) -> Plan:
        """The plan."""
        rest = dict(table)
        tables, events = rest.pop("phase"), rest.pop("event", [])
        with self.placed(("horizon",)):
            horizon = Horizon(**rest.pop("horizon", {}))
        phases = [self._phase(one, ("phase", i)) for i, one in enumerate(tables)]
        happened = [self._event(one, ("event", i)) for i, one in enumerate(events)]
        names = {key: rest.pop(key, []) for key in ("quantities", "groups")}
        for key in ("version", "$schema"):
            rest.pop(key, None)
        values = self._values(rest, ())
        try:
            return Plan(*phases, horizon=horizon, events=happened, **names, **values)
        except PhaseError as error:
            index = max(i for i, phase in enumerate(phases) if phase.name == error.phase)
            raise self.error(("phase", index), str(error)) from None
        except (TypeError, ValueError) as error:
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
        kinds = [kind for kind in ("ends", "cuts") if table.get(kind) is not None]
        with self.placed(path):
            if len(kinds) != 1:
                raise ValueError("an event either `ends` a phase or `cuts` a value")
            return Event(table["step"], kinds[0], table[kinds[0]])
