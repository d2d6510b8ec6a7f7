"""Where a run keeps its things."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glidepath.plan import Plan, files

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
        """Everything else that the run was started with, JSON."""
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
        if self.path.is_file():
            raise FileExistsError(f"{self.path} is a file; a run needs a directory")
        if self.path.exists() and any(self.path.iterdir()):
            raise FileExistsError(
                f"{self.path} is not empty: go on with the run in it by --resume, or choose "
                "another directory by --out"
            )

    def create(self, plan: Plan, configuration: dict[str, Any]) -> None:
        """Say what run is here; from then on there is one."""
        self.path.mkdir(parents=True, exist_ok=True)
        files.save(plan, self.plan_file)
        text = json.dumps(configuration | {"fingerprint": plan.fingerprint}, indent=2)
        partial = self.configuration_file.with_suffix(".partial")
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(self.configuration_file)

    def open(self) -> tuple[Plan, dict[str, Any]]:
        """The plan and the configuration of the run that is here.

        Raises:
            FileNotFoundError: if there is none.
            ValueError: if the plan is not the one that the run was started with.
        """
        if not self.exists():
            raise FileNotFoundError(f"there is no run in {self.path}")
        plan = files.load(self.plan_file)
        try:
            configuration = json.loads(self.configuration_file.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise ValueError(f"{self.configuration_file} is damaged: {error}") from None
        if plan.fingerprint != configuration["fingerprint"]:
            raise ValueError(
                f"{self.plan_file} was changed since the run was started: its fingerprint is "
                f"{plan.fingerprint}, the run's {configuration['fingerprint']}"
            )
        return plan, configuration
