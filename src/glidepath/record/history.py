"""A record in memory: columns over the updates, and what happened beside them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from glidepath.plan import Plan
from glidepath.plan.endless import LONGEST
from glidepath.plan.files import loads
from glidepath.record.lines import read
from glidepath.record.looks import Looks
from glidepath.record.schema import FILE_NAME, VERSION, WORDS, as_number

TEXTS = ("phase", "batch")
"""Columns of an update that are no numbers."""


class History:
    """What a record says, for those who judge and draw it.

    Attributes:
        header: of the last start, the "run" line; empty where there is none.
        restarts: steps at which the run went on.
        rollbacks: the lines of where it came back to after NaN or infinity.
        checkpoints: numbers of updates after which the state was saved.
        events: the lines of them.
        nonfinite: the lines of updates that met NaN or infinity.
        notices: the lines of them.
        end: the line of the run's end, or None.
        looks: what was seen of the single arrays, every so many updates.
        last_time: of the last line, in seconds of Unix time; None before the first.
    """

    def __init__(self, lines: Iterable[dict[str, Any]] = ()) -> None:
        self.header: dict[str, Any] = {}
        self.restarts: list[int] = []
        self.rollbacks: list[dict[str, Any]] = []
        self.checkpoints: list[int] = []
        self.events: list[dict[str, Any]] = []
        self.nonfinite: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []
        self.end: dict[str, Any] | None = None
        self.last_time: float | None = None
        self._steps: list[int] = []
        self._columns: dict[str, array[float]] = {}
        self._texts: dict[str, list[str | None]] = {name: [] for name in TEXTS}
        self._evaluations: dict[str, list[tuple[int, float]]] = {}
        self.looks = Looks()
        self.add(lines)

    @classmethod
    def open(cls, path: str | Path) -> History:
        """The record in a run's directory, or in a file.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if it is damaged, or of a later version.
        """
        return cls(read(record_file(path)))

    def add(self, lines: Iterable[dict[str, Any]]) -> None:
        """Take in what was written since.

        Raises:
            ValueError: if a line lacks what its kind has, or is of a later version.
        """
        for line in lines:
            self.last_time = line.get("time", self.last_time)
            try:
                getattr(self, f"_add_{line['kind']}", _pass)(line)
            except (KeyError, TypeError, AttributeError) as error:
                raise ValueError(
                    f"a record's line lacks what its kind has, {error!r}: {str(line)[:80]}"
                ) from None
        self.__dict__.pop("steps", None)

    def _add_run(self, line: dict[str, Any]) -> None:
        if line.get("schema", 0) > VERSION:
            raise ValueError(
                f"the record is of schema {line['schema']}, and this glidepath knows {VERSION}: "
                "install a newer one"
            )
        if line.get("fingerprint") != self.header.get("fingerprint") or line.get("events"):
            self.events = [_event(*one) for one in line.get("events", [])]
        self.header, self.end = line, None
        self.__dict__.pop("plan", None)

    def _add_restart(self, line: dict[str, Any]) -> None:
        self.restarts.append(line["step"])

    def _add_rollback(self, line: dict[str, Any]) -> None:
        self.rollbacks.append(line)

    def _add_model(self, line: dict[str, Any]) -> None:
        self.looks.describe(line["arrays"])

    def _add_update(self, line: dict[str, Any]) -> None:
        done = len(self._steps)
        self._steps.append(line["step"])
        for name, values in self._texts.items():
            values.append(line.get(name))
        for name, value in line.items():
            if name in ("kind", "step", *TEXTS) or (isinstance(value, str) and value not in WORDS):
                continue
            column = self._columns.setdefault(name, array("d"))
            column.extend([np.nan] * (done - len(column)))
            column.append(as_number(value))

    def _add_layers(self, line: dict[str, Any]) -> None:
        self.looks.add(line)

    def _add_evaluation(self, line: dict[str, Any]) -> None:
        for name, value in line.items():
            if name not in ("kind", "step", "time", "seconds"):
                self._evaluations.setdefault(name, []).append((line["step"], as_number(value)))

    def _add_event(self, line: dict[str, Any]) -> None:
        self.events.append(line)
        self.__dict__.pop("plan", None)

    def _add_checkpoint(self, line: dict[str, Any]) -> None:
        self.checkpoints.append(line["step"])

    def _add_nonfinite(self, line: dict[str, Any]) -> None:
        self.nonfinite.append(line)

    def _add_notice(self, line: dict[str, Any]) -> None:
        self.notices.append(line)

    def _add_end(self, line: dict[str, Any]) -> None:
        self.end = line

    def __len__(self) -> int:
        """How many updates were recorded."""
        return len(self._steps)

    @property
    def num_done(self) -> int:
        """Updates done: the step of the next one."""
        return self._steps[-1] + 1 if self._steps else 0

    @cached_property
    def steps(self) -> np.ndarray:
        """Of the updates, ascending, `[updates]`, int64."""
        return np.array(self._steps, np.int64)

    @property
    def names(self) -> list[str]:
        """Of the columns of numbers, in the order in which they appeared."""
        return list(self._columns)

    def column(self, name: str) -> np.ndarray:
        """One figure at every update, `[updates]`, float64; NaN where there is none."""
        values = self._columns.get(name, ())
        column = np.full(len(self), np.nan)
        column[: len(values)] = values
        return column

    def last(self, name: str) -> float | None:
        """One figure of the last update, NaN where it was measured so; None where there is none."""
        values = self._columns.get(name, ())
        return values[-1] if values and len(values) == len(self) else None

    def known(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The steps at which a figure was recorded, and the figure, `[recorded]` each.

        A NaN that was measured is not told from one that is missing: see `nonfinite` for those.
        """
        values = self.column(name)
        there = ~np.isnan(values)
        return self.steps[there], values[there]

    def texts(self, name: str) -> list[str | None]:
        """The "phase" or the "batch" of every update."""
        return self._texts[name]

    @property
    def metrics(self) -> list[str]:
        """What evaluations have measured."""
        return list(self._evaluations)

    def evaluations(self, metric: str) -> tuple[np.ndarray, np.ndarray]:
        """Updates done before each evaluation, and what was measured, `[evaluations]` each."""
        pairs = self._evaluations.get(metric, [])
        steps = np.array([step for step, _ in pairs], np.int64)
        return steps, np.array([value for _, value in pairs], np.float64)

    @cached_property
    def plan(self) -> Plan | None:
        """What the run followed, with the events so far; None where the record does not say."""
        text = self.header.get("plan")
        if text is None:
            return None
        from glidepath.plan import Event

        plan = loads(text, where="the record's plan")
        events = [Event(line["step"], line["event"], line["target"]) for line in self.events]
        new = [event for event in events if event not in plan.events]
        return plan.with_events([*plan.events, *new]) if new else plan

    @property
    def total_steps(self) -> int | None:
        """Updates that the run will do, where it is known; an event may have made them fewer."""
        total = self.header.get("total_steps")
        if total is None or total >= LONGEST.amount:
            return None
        if not self.events or self.plan is None:
            return total
        return min(total, self.plan.total_steps)

    @property
    def values(self) -> list[str]:
        """The columns that the plan gives, such as "lr"."""
        names = self.plan.names if self.plan is not None else ["lr"]
        return [name for name in names if name in self._columns]


def record_file(path: str | Path) -> Path:
    """The file of a run's record.

    Args:
        path: the run's directory, or the file itself.
    Raises:
        FileNotFoundError: if there is none.
        IsADirectoryError: if something else is in its place.
    """
    path = Path(path)
    file = path / FILE_NAME if path.is_dir() else path
    if file.is_dir():
        raise IsADirectoryError(f"{file} is a directory; the record of a run is a file")
    if not file.is_file():
        raise FileNotFoundError(
            f"no record of a run at {file}: a run's directory has one, {FILE_NAME}, once it has "
            "started"
        )
    return file


def runs_below(directory: Path) -> Iterator[Path]:
    """The directories with a record in and below one, in order.

    Raises:
        NotADirectoryError: if it is none.
    """
    if not directory.is_dir():
        raise NotADirectoryError(f"{directory} is no directory: give the one that your runs are in")
    yield from sorted(file.parent for file in directory.rglob(FILE_NAME))


def _event(step: int, kind: str, target: str) -> dict[str, Any]:
    """The line of an event."""
    return {"kind": "event", "step": step, "event": kind, "target": target}


def _pass(_: dict[str, Any]) -> None:
    """A kind that a later version may add."""
