"""Where a sweep keeps its things: its own table, its trials, and the best plan."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from glidepath.record.claim import ClaimedError, claim
from glidepath.record.writing import PARTIAL, write_whole
from glidepath.sweeps.base import FileBase
from glidepath.sweeps.file import build, whole
from glidepath.sweeps.keys import Keys
from glidepath.sweeps.storage_names import to_keep
from glidepath.sweeps.sweep import Sweep
from glidepath.training.run_directory import RunDirectory

FREE_TO_CHANGE = "trials"
"""What a sweep that goes on may have more of."""

LOCK, FILE, BASE_PLAN = "sweep.lock", "sweep.json", "base-plan.json"

OWN = (LOCK, FILE, BASE_PLAN)
"""What a process that was killed at the start may have left."""


@dataclass(frozen=True)
class SweepDirectory:
    """A directory with one sweep in it, which several processes may work on.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def file(self) -> Path:
        """What the sweep was started with, JSON."""
        return self.path / FILE

    @property
    def journal(self) -> Path:
        """Optuna's journal of the trials, where no other storage is given."""
        return self.path / "journal.log"

    @property
    def trials(self) -> Path:
        """The trials' run directories."""
        return self.path / "trials"

    @property
    def best_plan(self) -> Path:
        """The plan of the best trial, TOML."""
        return self.path / "best-plan.toml"

    @property
    def best(self) -> Path:
        """The best trial's values, configuration and loss, JSON."""
        return self.path / "best.json"

    @property
    def figure(self) -> Path:
        """The trials as a figure."""
        return self.path / "sweep.png"

    @property
    def compiled(self) -> Path:
        """Compiled updates, which trials have in common that differ in numbers only."""
        return self.path / "compiled"

    def trial(self, number: int) -> RunDirectory:
        """The run directory of a trial."""
        return RunDirectory(self.trials / f"{number:04d}")

    def claim_trial(self, number: int) -> FileLock | None:
        """Take a trial for this process, until its end; None if another process has it."""
        try:
            return claim(self.trial(number).path)
        except ClaimedError:
            return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """While no other process chooses a trial, or starts the sweep."""
        self.path.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path / LOCK):
            yield

    def start(
        self,
        table: dict[str, Any],
        sweep: Sweep,
        storage: str | None,
        num_trials: int | None = None,
    ) -> None:
        """Say what sweep is here, or go on with the one that is.

        Args:
            table: of the sweep's file.
            sweep: that it is.
            storage: of Optuna; None for the journal, or the one that the sweep was started with.
            num_trials: in the place of the table's; where it is None, a sweep that goes on has no
                fewer than before, for another process may have been asked for more.
        Raises:
            FileExistsError: if there is something else.
            ValueError: if there is another sweep, or one in another storage.
        """
        with self.alone():
            table = whole(table) | {"base": _kept_name(sweep)}
            if self.file.exists():
                self._go_on(table, sweep, storage, num_trials)
                return
            if any(one.name.removesuffix(PARTIAL) not in OWN for one in self.path.iterdir()):
                raise FileExistsError(f"{self.path} is not empty: choose another directory")
            self.trial(0).check_free()
            if isinstance(sweep.base, FileBase):
                _write(self.path / _kept_name(sweep), sweep.base.table)
            study = f"{self.path.resolve().name}-{secrets.token_hex(4)}"
            own = table if num_trials is None else table | {FREE_TO_CHANGE: num_trials}
            _write(self.file, {"study": study, "storage": to_keep(storage), "sweep": own})

    def _go_on(
        self, table: dict[str, Any], sweep: Sweep, storage: str | None, num_trials: int | None
    ) -> None:
        had = self.table()
        before = whole(had["sweep"])
        differs = [name for name in table if before[name] != table[name] and name != FREE_TO_CHANGE]
        kept = self.path / _kept_name(sweep)
        if isinstance(sweep.base, FileBase) and not differs:
            differs = [] if json.loads(kept.read_text("utf-8")) == sweep.base.table else ["base"]
        if differs:
            raise ValueError(
                f"the sweep in {self.path} was started with another `{differs[0]}`: its trials "
                "could not be compared; choose another directory"
            )
        place = had["storage"] or str(self.journal.resolve())
        if storage is not None and to_keep(storage) != place:
            raise ValueError(
                f"the sweep in {self.path} was started in {place}: leave `storage` out, or give "
                "that one"
            )
        more = max(before[FREE_TO_CHANGE], table[FREE_TO_CHANGE])
        own = table | {FREE_TO_CHANGE: more if num_trials is None else num_trials}
        _write(self.file, had | {"sweep": own})

    def table(self) -> dict[str, Any]:
        """What the sweep was started with.

        Raises:
            FileNotFoundError: if there is no sweep.
            ValueError: if its file is damaged.
        """
        if not self.file.exists():
            raise FileNotFoundError(f"there is no sweep in {self.path}: it would have {self.file}")
        try:
            table: dict[str, Any] = json.loads(self.file.read_text(encoding="utf-8"))
            _ = table["study"], table["storage"], table["sweep"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self.file} is damaged: {error!r}") from None
        return table

    def sweep(self, keys: Keys) -> Sweep:
        """The sweep that is here.

        Args:
            keys: what its training lets a sweep change.
        """
        return build(self.table()["sweep"], self.path, keys)

    def clear(self, number: int) -> None:
        """Remove what a process that was killed has left of a run that had not begun."""
        directory = self.trial(number)
        if directory.path.exists() and not directory.exists():
            shutil.rmtree(directory.path)


def _kept_name(sweep: Sweep) -> str:
    """What the base is called in the sweep's own directory."""
    return BASE_PLAN if isinstance(sweep.base, FileBase) else sweep.base.name


def _write(path: Path, value: Any) -> None:
    write_whole(path, json.dumps(value, indent=2) + "\n")
