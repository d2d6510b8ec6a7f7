"""From a plan to a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from glidepath.plan.algorithms import ALGORITHMS
from glidepath.plan.files.kinds import kind_of
from glidepath.plan.files.limits import check_text
from glidepath.plan.plan import Plan
from glidepath.plan.quantities import QUANTITIES

_CONSTANTS = [one for row in ALGORITHMS.values() for one in row.constants.values()]
MEANINGS = {one.name: one.meaning for one in _CONSTANTS}
MEANINGS |= {name: quantity.meaning for name, quantity in QUANTITIES.items()} | {
    "version": "of the file format",
    "quantities": "names of your own, beside the standard ones",
    "groups": "of parameters, that have values of their own",
    "samples": "in the data set",
    "tokens_per_sample": "what turns tokens into steps",
    "total_steps": "of the run; percentages are parts of it",
    "at": "each tick is sampled at its end, so that the last one has the end value",
    "per": "values hold through each epoch",
}


def save(plan: Plan, path: str | Path) -> None:
    """Write a plan as a TOML file, or JSON by its suffix, which `load` reads back as an equal plan.

    Raises:
        OSError: if the file can't be written.
        ValueError: if the plan has a function, which a file can't hold.
    """
    path = Path(path)
    path.write_text(dumps(plan, kind=kind_of(path)), encoding="utf-8")


def dumps(plan: Plan, *, kind: str = "toml", comments: Sequence[str] | None = None) -> str:
    """A plan as text, "toml" or "json".

    Args:
        plan: to write.
        kind: of text.
        comments: what to say above it; where given, TOML has comments beside its keys, too.
    Raises:
        ValueError: if `kind` is neither, or the plan has a function or is nested too deep.
    """
    table = plan.as_table()
    if kind == "json":
        return json.dumps(table, indent=2, ensure_ascii=False) + "\n"
    if kind != "toml":
        raise ValueError(f'`kind` must be "toml" or "json", got {kind!r}')
    phases, events = table.pop("phase"), table.pop("event", [])
    single = {name: table.pop(name) for name in ("horizon", "optimizer") if name in table}
    says = comments is not None
    blocks = [_comments(comments or []) + _assignments(table, says)]
    blocks += [f"[{name}]\n" + _assignments(inside, says) for name, inside in single.items()]
    for phase, span in zip(phases, plan.spans, strict=True):
        place = [f"steps {span.first:,} to {span.end - 1:,}"] if says else []
        blocks += [_comments(place) + "[[phase]]\n" + _assignments(phase, says)]
    blocks += ["[[event]]\n" + _assignments(event, says) for event in events]
    text = "\n".join(blocks)
    if found := check_text(text):
        raise ValueError(f"the plan can't be saved, for it could not be read back: {found[1]}")
    return text


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
