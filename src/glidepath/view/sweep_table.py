"""A sweep's trials in a table, the best first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from glidepath.view.amounts import duration, figure
from glidepath.view.plain import plain
from glidepath.view.watch.status import STATE_STYLES

STYLES = STATE_STYLES | {"pruned": "yellow", "running": "green"}


def sweep_table(sweep: Mapping[str, Any]) -> Table:
    """The trials for the terminal.

    Args:
        sweep: in plain values, as of `sweeps.results.as_table`.
    """
    varied = list(sweep["vary"])
    heads = ("trial", sweep["metric"], *varied, "steps", "took", "state")
    table = Table(box=None, padding=(0, 2, 0, 0))
    for head in heads:
        justify = "left" if head == "state" else "right"
        table.add_column(escape(plain(head)), justify=justify, no_wrap=head in ("took", "state"))
    for trial in sweep["trials"]:
        table.add_row(*_cells(trial, varied), style="bold" if _is_best(sweep, trial) else "")
    return table


def _is_best(sweep: Mapping[str, Any], trial: Mapping[str, Any]) -> bool:
    return bool(trial["number"] == sweep["best"])


def _cells(trial: Mapping[str, Any], varied: list[str]) -> list[str]:
    style = STYLES.get(trial["state"], "bold")
    values = [trial["values"].get(name) for name in varied]
    took = "-" if trial["seconds"] is None else duration(trial["seconds"])
    return [
        str(trial["number"]),
        figure(trial["loss"]),
        *(escape(value_text(value)) for value in values),
        f"{trial['steps']:,}",
        took,
        f"[{style}]{escape(plain(trial['state']))}[/]",
    ]


def value_text(value: Any) -> str:
    """A value that was tried, in few characters."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return figure(float(value))
    return "-" if value is None else plain(str(value).lower() if value in (True, False) else value)


def sweep_summary(sweep: Mapping[str, Any]) -> str:
    """How far the sweep is, and why trials failed."""
    trials = sweep["trials"]
    states = [trial["state"] for trial in trials]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    lines = [f"{len(trials)} of {sweep['num_trials']} trials: {counts or 'none yet'}"]
    lines += [f"trial {one['number']}: {plain(one['error'])}" for one in trials if one["error"]]
    return "\n".join(lines)
