"""Where a run keeps its things."""

from __future__ import annotations

import hashlib
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
from glidepath.training.checkpoints import changed_files, check_path, discard_after, seal


@dataclass(frozen=True)
class RunDirectory:
    """A directory with one run in it.

    Attributes:
        path: the directory.
    """

    path: Path

    @property
    def plan_file(self) -> Path:
        """The plan, TOML, for people: what the run follows is in `plans`."""
        return self.path / "plan.toml"

    @property
    def plans(self) -> Path:
        """Every plan that the run has followed, TOML, by its fingerprint."""
        return self.path / "plans"

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
        return [identity["plan"] for identity in self.earlier_identities()]

    def earlier_identities(self) -> list[dict[str, str]]:
        """What the run followed before it was changed, as its checkpoints say it."""
        if not self.exists():
            return []
        return [change["identity"] for change in self.open()[1].get("changes", [])]

    def changed_at(self) -> int:
        """The step from which on the run follows what it follows now."""
        changes = self.open()[1].get("changes", []) if self.exists() else []
        return changes[-1]["step"] if changes else 0

    def exists(self) -> bool:
        """Whether there is a run here."""
        return self.configuration_file.exists()

    def check_free(self) -> None:
        """Refuse to start a run where there is something already.

        Raises:
            FileExistsError: if the directory has something in it, or is a file.
            ValueError: if checkpoints below such a path would be lost.
        """
        check_path(self.checkpoints)
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
            made = (self.checkpoints.name, self.statistics.name, self.plans.name)
            if one.is_dir() and one.name.startswith(made):
                shutil.rmtree(one)
            elif one.name.startswith((self.plan_file.name, self.configuration_file.name)):
                one.unlink()

    def create(self, plan: Plan, configuration: dict[str, Any]) -> None:
        """Say what run is here; from then on there is one."""
        self.path.mkdir(parents=True, exist_ok=True)
        files = sorted(path for path in self.statistics.rglob("*") if path.is_file())
        seals = {str(path.relative_to(self.path)): seal(path) for path in files}
        self._write(plan, configuration | {"files": seals})

    def check_files(self) -> None:
        """Refuse to go on where files that the run depends on are others than they were.

        Raises:
            ValueError: naming them.
        """
        if found := changed_files(self.path, self.open()[1].get("files", {})):
            raise ValueError(
                f"the run in {self.path} depends on files that are others than they were: "
                f"{'; '.join(found[:3])}; put back what was there"
            )

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
        """Let the run go on with another plan or configuration.

        Checkpoints after the step are removed: they are of what it was.

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
        discard_after(self.checkpoints, step)
        told = {
            "step": step,
            "identity": identity_of(before, had),
            "time": round(time.time(), 3),
            "differences": differences,
        }
        changes = [*had.get("changes", []), told]
        self._write(plan, configuration | {"changes": changes})

    def _write(self, plan: Plan, configuration: dict[str, Any]) -> None:
        """The configuration, which names the plan: with it all holds, and without it nothing."""
        self.plans.mkdir(exist_ok=True)
        for orphan in self.plans.glob("*.partial"):
            orphan.unlink()
        write_whole(self._file_of(plan.fingerprint), files.dumps(plan))
        own = configuration | {"fingerprint": plan.fingerprint}
        write_whole(self.configuration_file, json.dumps(own, indent=2) + "\n")
        write_whole(self.plan_file, files.dumps(plan))

    def _file_of(self, fingerprint: str) -> Path:
        return self.plans / f"{fingerprint}.toml"

    def note(self, **known: Any) -> None:
        """Add to the configuration what changes nothing in the run's numbers.

        Raises:
            ClaimedError: if another process trains here.
        """
        plan, configuration = self.open()
        if configuration != configuration | known or not self._shows(plan):
            with self._claimed():
                plan, configuration = self.open()
                self._write(plan, configuration | known)

    def _shows(self, plan: Plan) -> bool:
        """Whether the file for people has what the run follows; a kill may leave it behind."""
        try:
            return files.load(self.plan_file).fingerprint == plan.fingerprint
        except (OSError, ValueError):
            return False

    def check_plan_file(self) -> None:
        """Refuse a plan file that somebody has changed.

        Raises:
            ValueError: naming the way to go on with it.
        """
        plan, _ = self.open()
        if not self.plan_file.exists() or self._shows(plan):
            return
        try:
            found = files.load(self.plan_file).fingerprint
        except ValueError as error:
            raise ValueError(
                f"{error}; the run follows {self._file_of(plan.fingerprint)}: copy that over it"
            ) from None
        if found not in self.earlier_plans():  # as a kill in the midst of a change leaves it
            raise ValueError(
                f"{self.plan_file} was changed since the run was started: its fingerprint is "
                f"{found}, the run's {plan.fingerprint}; to go on with it, give it by --plan, with "
                f"--accept-changes; what the run follows is {self._file_of(plan.fingerprint)}"
            )

    def open(self) -> tuple[Plan, dict[str, Any]]:
        """The plan and the configuration of the run that is here.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if it is damaged.
        """
        if not self.exists():
            raise FileNotFoundError(f"there is no run in {self.path}")
        try:
            configuration = json.loads(self.configuration_file.read_text(encoding="utf-8"))
            fingerprint = configuration["fingerprint"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{self.configuration_file} is damaged: {error!r}") from None
        file = self._file_of(fingerprint)
        plan = files.load(file)
        if plan.fingerprint != fingerprint:
            raise ValueError(f"{file} is damaged: its fingerprint is {plan.fingerprint}")
        return plan, configuration


CHANGES_NO_NUMBERS = {"how", "changes", "parent", "files", "fingerprint"}
"""Of a configuration: what a checkpoint does not depend on, or is checked by itself."""


def identity_of(plan: Plan, configuration: dict[str, Any]) -> dict[str, str]:
    """Fingerprints of what a run's numbers follow from."""
    rest = {name: configuration[name] for name in configuration.keys() - CHANGES_NO_NUMBERS}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    return {"plan": plan.fingerprint, "configuration": digest[:16]}
