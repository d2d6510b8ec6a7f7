"""The line that a record begins with: which run this is, and what it follows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from glidepath.plan import Event, Plan
from glidepath.plan.files import dumps
from glidepath.plan.identity import identity
from glidepath.record.environment import environment
from glidepath.record.schema import VERSION, as_text


def header(
    path: Path,
    plan: Plan | None,
    name: str | None,
    total_steps: int | None,
    configuration: Mapping[str, Any],
    *,
    events: Iterable[Event] = (),
) -> dict[str, Any]:
    """The fields of a "run" line.

    Args:
        path: the run's directory.
        plan: that it follows, or None.
        name: of the run; the directory's where None.
        total_steps: updates that it will do; the plan's where None.
        configuration: what else it was started with.
        events: that have happened to the plan.
    Raises:
        TypeError: if the configuration has values that JSON has not.
    """
    _check_plain(configuration)
    return {
        "schema": VERSION,
        "name": name or path.resolve().name,
        "plan": _text(plan),
        "fingerprint": None if plan is None else identity(plan)["fingerprint"],
        "total_steps": total_steps or (None if plan is None else plan.total_steps),
        "environment": environment(),
        "configuration": dict(configuration),
        "events": [[event.step, event.kind, event.target] for event in events],
    }


def _check_plain(configuration: Mapping[str, Any]) -> None:
    try:
        as_text(dict(configuration))
    except (TypeError, ValueError) as error:
        raise TypeError(
            "`configuration` must hold plain texts, numbers, truths, lists and dicts of them, for "
            f"the record is JSON: {error}"
        ) from None


def _text(plan: Plan | None) -> str | None:
    """The plan as its file; None for one with a function, which a file can't hold."""
    try:
        return None if plan is None else dumps(plan)
    except ValueError:
        return None
