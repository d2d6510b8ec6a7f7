"""Where a run keeps its things."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glidepath.plan import Plan, files
from glidepath.record.claim import claim, lock_file
from glidepath.record.writing import write_whole

LOST_BY_ORBAX = "[]*?"
"""In a path with one of these orbax 0.12 writes checkpoints without their arrays, and says so in
the log only."""


@dataclass(frozen=True)
class RunDirectory:
    """A directory with one run in it.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def plan_file(self) -> Path:
        """The plan, TOML."""
        return self.path / "plan.toml"

    @property
    def configuration_file(self) -> Path:
        """Everything else that the run was started with, and what was changed later, JSON."""
        return self.path / "configuration.json"

    @property
    def record_file(self) -> Path:
        """One line an update, JSON Lines."""
        return self.path / "record.jsonl"

    @property
    def checkpoints(self) -> Path:
        """States to go on from."""
        return self.path / "checkpoints"

    @property
    def statistics(self) -> Path:
        """What the model's fields are normalised by."""
        return self.path / "statistics"

    @property
    def climatology_file(self) -> Path:
        """The mean state of the training times, NumPy."""
        return self.path / "climatology.npy"

    @property
    def model_file(self) -> Path:
        """The final model, in its users' format."""
        return self.path / "model.npz"

    @property
    def report_file(self) -> Path:
        """A page on the run."""
        return self.path / "report.html"

    def earlier_plans(self) -> list[str]:
        """Fingerprints of the plans that the run followed before it was given another."""
        if not self.exists():
            return []
        return [change["fingerprint"] for change in self.open()[1].get("changes", [])]

    def exists(self) -> bool:
        """Whether there is a run here."""
        return self.configuration_file.exists()

    def check_free(self) -> None:
        """Refuse to start a run where there is something already.

        Raises:
            FileExistsError: if the directory has something in it, or is a file.
            ValueError: if checkpoints below such a path would be lost.
        """
        if found := set(str(self.path.absolute())) & set(LOST_BY_ORBAX):
            raise ValueError(
                f"checkpoints below {self.path.absolute()} would be lost: orbax takes "
                f"{' '.join(sorted(found))} in a path for a pattern; choose another directory"
            )
        for place in (self.path, *self.path.parents):
            if place.exists() and not place.is_dir():
                in_it = "" if place == self.path else f", and {self.path} would be in it"
                raise FileExistsError(f"{place} is a file{in_it}; a run needs a directory")
        if self.path.exists() and not self._is_free():
            raise FileExistsError(
                f"{self.path} is not empty: go on with the run in it by --resume, or choose "
                "another directory by --out"
            )

    def _is_free(self) -> bool:
        """Whether there is nothing, or what a start that was killed has left."""
        names = {one.name for one in self.path.iterdir()} - {lock_file(self.checkpoints).name}
        return not names or (self._starting_file.name in names and not self.exists())

    @property
    def _starting_file(self) -> Path:
        """Is there from the first thing that a start writes until there is a run."""
        return self.path / "starting"

    @contextmanager
    def starting(self) -> Iterator[None]:
        """What is written here, up to `create`, belongs to a run or is nothing.

        If this process is killed meanwhile, the next one may start as if nothing had been here.

        Raises:
            FileExistsError: as `check_free`.
            ClaimedError: if another process starts or trains a run here.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        with self._claimed():
            self.check_free()
            self._clear()
            self._starting_file.touch()
            try:
                yield
            finally:
                if not self.exists():
                    self._clear()
                self._starting_file.unlink(missing_ok=True)

    def _clear(self) -> None:
        """Remove what a start has written."""
        for one in self.path.iterdir():
            if one.is_dir() and one.name.startswith((self.checkpoints.name, self.statistics.name)):
                shutil.rmtree(one)
            elif one.name.startswith((self.plan_file.name, self.configuration_file.name)):
                one.unlink()

    def create(self, plan: Plan, configuration: dict[str, Any]) -> None:
        """Say what run is here; from then on there is one."""
        self.path.mkdir(parents=True, exist_ok=True)
        write_whole(self.plan_file, files.dumps(plan))
        self._write(configuration | {"fingerprint": plan.fingerprint})

    @contextmanager
    def _claimed(self) -> Iterator[None]:
        """Nobody trains here meanwhile: what a run follows is not changed under its feet."""
        lock = claim(self.checkpoints)
        try:
            yield
        finally:
            lock.release()

    def change(
        self, plan: Plan, configuration: dict[str, Any], differences: list[str], step: int
    ) -> None:
        """Let the run go on with another plan or configuration; what it had is kept beside it.

        Args:
            plan: from now on.
            configuration: likewise.
            differences: in words, for those who look at the run later.
            step: from which on they hold.
        Raises:
            ClaimedError: if another process trains here.
        """
        with self._claimed():
            self._change(plan, configuration, differences, step)

    def _change(
        self, plan: Plan, configuration: dict[str, Any], differences: list[str], step: int
    ) -> None:
        before, had = self.open()
        told = {"step": step, "fingerprint": before.fingerprint, "time": round(time.time(), 3)}
        changes = [*had.get("changes", []), told | {"differences": differences}]
        write_whole(self.path / f"plan-{before.fingerprint}.toml", files.dumps(before))
        write_whole(self._next_plan_file, files.dumps(plan))
        own = {"fingerprint": plan.fingerprint, "changes": changes}
        self._write(configuration | own)  # from here on the new plan holds
        self._take_next_plan(plan.fingerprint)

    @property
    def _next_plan_file(self) -> Path:
        return self.path / "plan.next.toml"

    def _take_next_plan(self, fingerprint: str) -> None:
        """Finish a change of the plan, which a kill may have stopped half way."""
        if self._next_plan_file.exists():
            if files.load(self._next_plan_file).fingerprint == fingerprint:
                self._next_plan_file.replace(self.plan_file)
            else:
                self._next_plan_file.unlink()

    def _write(self, configuration: dict[str, Any]) -> None:
        write_whole(self.configuration_file, json.dumps(configuration, indent=2) + "\n")

    def note(self, **known: Any) -> None:
        """Add to the configuration what changes nothing in the run's numbers.

        Raises:
            ClaimedError: if another process trains here.
        """
        configuration = self.open()[1]
        if configuration != configuration | known:
            with self._claimed():
                self._write(configuration | known)

    def open(self) -> tuple[Plan, dict[str, Any]]:
        """The plan and the configuration of the run that is here.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if the plan is not the one that the run was started with.
        """
        if not self.exists():
            raise FileNotFoundError(f"there is no run in {self.path}")
        try:
            configuration = json.loads(self.configuration_file.read_text(encoding="utf-8"))
            fingerprint = configuration["fingerprint"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self.configuration_file} is damaged: {error!r}") from None
        self._take_next_plan(fingerprint)
        plan = files.load(self.plan_file)
        if plan.fingerprint != fingerprint:
            raise ValueError(
                f"{self.plan_file} was changed since the run was started: its fingerprint is "
                f"{plan.fingerprint}, the run's {fingerprint}; to go on with another plan, give "
                "it by --plan, with --accept-changes"
            )
        return plan, configuration
