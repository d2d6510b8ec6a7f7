"""What there is to say of a run in a few words, and what runs were started with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from glidepath.record.durations import durations
from glidepath.record.history import History
from glidepath.record.pace import pace_of
from glidepath.record.state import state_of
from glidepath.view.amounts import duration, figure, size
from glidepath.view.report.run import Run
from glidepath.view.watch.status import RECENT, is_loss, rate_text

ABSENT = "-"


def facts(run: Run) -> dict[str, str]:
    """The run in short, by headings; what was not recorded is not among them."""
    history = run.history
    done, total = history.num_done, history.total_steps
    told = {
        "state": _state_and_time(history),
        "updates": f"{done:,}" + (f" of {total:,}" if total else ""),
    }
    losses = history.column("loss")[-RECENT:]
    if len(losses) and "loss" in history.names:
        mean = np.nan if np.isnan(losses[-1]) else float(np.nanmean(losses))
        told["training loss"] = figure(mean)
    for name in history.metrics:
        told[name] = _metric(*history.evaluations(name), is_lowest_best=is_loss(name))
    return told | dict(_speed(run)) | {"plan": str(history.header.get("fingerprint") or ABSENT)}


def _state_and_time(history: History) -> str:
    """What had become of the run when the page was made, and when its record was last written."""
    state = state_of(history)
    if history.last_time is None:
        return state.name
    when = datetime.fromtimestamp(history.last_time, tz=UTC)
    return f"{state.name}, {when:%Y-%m-%d %H:%M} UTC"


def reason(run: Run) -> str:
    """Why the run ended as it did, where the record says; else empty."""
    state = state_of(run.history)
    return f"{state.name}: {state.reason}" if state.reason else ""


def _metric(steps: np.ndarray, values: np.ndarray, *, is_lowest_best: bool) -> str:
    told = figure(float(values[-1]))
    if is_lowest_best and np.isfinite(values).any():
        best = int(np.nanargmin(values))
        if best != len(values) - 1:
            told += f" (lowest {figure(float(values[best]))} after {steps[best]:,})"
    return told


def _speed(run: Run) -> Iterator[tuple[str, str]]:
    history = run.history
    pace = pace_of(history)
    if len(history) > 1:
        yield "took", duration(float(np.nansum(durations(history))))
    if pace.updates_per_second is not None:
        yield "pace", rate_text(pace.updates_per_second, "update")
    if pace.samples_per_second is not None:
        yield "throughput", rate_text(pace.samples_per_second, "sample")
    memory = history.known("memory_bytes")[1]
    if len(memory):
        yield "memory", size(float(memory[-1]))


def configuration(run: Run) -> dict[str, str]:
    """What the run was started with, and on what, flat; keys of keys are joined by dots."""
    header = run.history.header
    flat = flattened(header.get("configuration") or {})
    return flat | {
        f"environment.{k}": v for k, v in flattened(header.get("environment") or {}).items()
    }


def plan_parts(run: Run) -> dict[str, str]:
    """What stands in the plan, flat: phases by their number."""
    plan = run.history.plan
    if plan is None:
        return {}
    table = plan.as_table()
    phases = {f"phase {i}": phase for i, phase in enumerate(table.pop("phase", []), start=1)}
    return flattened({key: value for key, value in table.items() if key != "version"} | phases, 2)


def flattened(table: Any, depth: int = 4, before: str = "") -> dict[str, str]:
    """A table of tables as one of texts; what is deeper stays as it is written in JSON."""
    if isinstance(table, Mapping) and depth and (table or not before):
        flat: dict[str, str] = {}
        for key, value in table.items():
            flat |= flattened(value, depth - 1, f"{before}.{key}" if before else str(key))
        return flat
    return {before: table if isinstance(table, str) else json.dumps(table, ensure_ascii=False)}


def differing(tables: Sequence[Mapping[str, str]]) -> dict[str, list[str]]:
    """Rows of those keys in which tables differ, a cell for each table."""
    keys = dict.fromkeys(key for table in tables for key in table)
    rows = {key: [table.get(key, ABSENT) for table in tables] for key in keys}
    return {key: cells for key, cells in rows.items() if len(set(cells)) > 1}
