"""Many runs in a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape
from rich.table import Table

from glidepath.record.history import History, record_file
from glidepath.record.skim import skim
from glidepath.record.state import state_of
from glidepath.view.amounts import ago, figure
from glidepath.view.plain import plain
from glidepath.view.watch.status import RECENT, STATE_STYLES, is_loss

VALIDATION = "val_loss"


@dataclass(frozen=True)
class Row:
    """A run in a list.

    Attributes:
        name: its directory, from the one that the list is of.
        plan: the fingerprint of its plan.
        steps: updates done.
        total_steps: updates that it will do.
        loss: of training, the mean of the last 20 updates; NaN where that of the last one is.
        metrics: of evaluations, by name: "last", and the lowest where less is better.
        state: as `record.state` says it; "unreadable" where the record is.
        age: seconds since the last line.
        error: why it can't be read.
    """

    name: str
    plan: str | None = None
    steps: int = 0
    total_steps: int | None = None
    loss: float | None = None
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    state: str = "unreadable"
    age: float | None = None
    error: str | None = None

    @property
    def validation(self) -> dict[str, float]:
        """Of the validation loss; of another metric where there is no such."""
        losses = [name for name in self.metrics if is_loss(name)]
        name = (
            VALIDATION if VALIDATION in self.metrics else next(iter([*losses, *self.metrics]), "")
        )
        return self.metrics.get(name, {})


SORTS: dict[str, Callable[[Row], Any]] = {
    "name": lambda row: row.name,
    "plan": lambda row: row.plan or "~",
    "steps": lambda row: -row.steps,
    "loss": lambda row: _last_if_none(row.loss),
    "validation": lambda row: _last_if_none(row.validation.get("last")),
    "lowest": lambda row: _last_if_none(row.validation.get("lowest")),
    "state": lambda row: row.state,
    "age": lambda row: _last_if_none(row.age),
}
"""What a list can be sorted by: most steps, least losses and what is newest come first."""


def rows_of(directories: Iterable[Path], below: Path) -> list[Row]:
    """Runs in a list; one that can't be read has its error.

    Args:
        directories: of the runs.
        below: the directory that their names begin from.
    """
    return [_row(one, str(one.relative_to(below))) for one in directories]


def _row(directory: Path, name: str) -> Row:
    try:
        return _of_history(name, skim(record_file(directory)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        return Row(name, error=f"{type(error).__name__}: {error}")


def _of_history(name: str, history: History) -> Row:
    state = state_of(history)
    return Row(
        name,
        history.header.get("fingerprint"),
        history.num_done,
        history.total_steps,
        _loss(history),
        {metric: _metric(history, metric) for metric in history.metrics},
        state.name,
        state.age,
    )


def _loss(history: History) -> float | None:
    """The mean of the newest; NaN where the last one is, None where none was recorded."""
    if math.isnan(history.last("loss") or 0.0):
        return math.nan
    losses = history.column("loss")[-RECENT:]
    known = losses[~np.isnan(losses)]
    return float(known.mean()) if len(known) else None


def _metric(history: History, name: str) -> dict[str, float]:
    values = history.evaluations(name)[1]
    told = {"last": float(values[-1])}
    return told | ({"lowest": float(np.fmin.reduce(values))} if is_loss(name) else {})


def _last_if_none(value: float | None) -> float:
    return math.inf if value is None or math.isnan(value) else value


def sorted_rows(rows: Iterable[Row], by: str) -> list[Row]:
    """Rows in order; those that are equal by their names."""
    return sorted(rows, key=lambda row: (SORTS[by](row), row.name))


def run_table(rows: Sequence[Row]) -> Table:
    """The rows for the terminal."""
    heads = ("run", "plan", "steps", "loss", "validation", "lowest", "state", "age")
    table = Table(*heads, box=None, padding=(0, 2, 0, 0))
    for name in ("steps", "loss", "validation", "lowest", "age"):
        table.columns[heads.index(name)].justify = "right"
    for row in rows:
        table.add_row(*_cells(row))
    table.columns[0].overflow = "fold"
    for column in table.columns[1:]:
        column.no_wrap = True
    return table


def errors_text(rows: Iterable[Row]) -> str:
    """Why some can't be read, a line each; empty if all can."""
    return "\n".join(f"{plain(row.name)}: {plain(row.error)}" for row in rows if row.error)


def _cells(row: Row) -> list[str]:
    name = escape(plain(row.name))
    if row.error:
        return [name, *[""] * 5, f"[red]{row.state}[/]", ""]
    total = f" of {row.total_steps:,}" if row.total_steps else ""
    style = STATE_STYLES.get(row.state, "bold")
    return [
        name,
        escape(plain(row.plan or "-")),
        f"{row.steps:,}{total}",
        figure(row.loss),
        figure(row.validation.get("last")),
        figure(row.validation.get("lowest")),
        f"[{style}]{escape(plain(row.state))}[/]",
        ago(row.age),
    ]


def plain_rows(rows: Iterable[Row]) -> list[dict[str, Any]]:
    """The rows as plain values for strict JSON.

    A number that is not finite is None, as one that is not there; "not_finite" of its row says
    which of them are what: `{"metrics.val_loss.last": "nan"}`.
    """
    return [_plain_row(row) for row in rows]


def _plain_row(row: Row) -> dict[str, Any]:
    found: dict[str, str] = {}

    def finite(value: Any, place: str) -> Any:
        if isinstance(value, dict):
            return {key: finite(one, f"{place}.{key}") for key, one in value.items()}
        if isinstance(value, float) and not math.isfinite(value):
            found[place] = str(value)
            return None
        return value

    table = {name: finite(value, name) for name, value in asdict(row).items()}
    return table | {"not_finite": found}
