"""One trial: what its training is told, and what the training tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, final

from glidepath.record.schema import as_number
from glidepath.sweeps.keys import Keys
from glidepath.sweeps.study import Taken
from glidepath.sweeps.sweep import Point, Sweep
from glidepath.training.run_directory import RunDirectory
from glidepath.training.settings import Settings
from glidepath.training.stopping import FOUND, Asked, Stop
from glidepath.training.validation import METRIC


@dataclass(frozen=True)
class Trial:
    """A run to train.

    Attributes:
        number: of the trial, from 0.
        sweep: that it is part of.
        point: its plan and its configuration.
        directory: where the run keeps its things; has a run already where the trial goes on.
        watcher: the observer for `training.loop.train`.
        asked: who may want the run to stop, for the same.
    """

    number: int
    sweep: Sweep
    point: Point
    directory: RunDirectory
    watcher: Watcher
    asked: Sequence[Asked]

    @property
    def num_steps(self) -> int:
        """Updates to do."""
        return self.sweep.steps_of(self.point)

    def settings(self, *, batch: int, seed: int) -> Settings:
        """For `training.loop.train`."""
        return self.sweep.how.settings(batch=batch, seed=seed, num_steps=self.num_steps)


class Trainer(Protocol):
    """Trains the trials of a sweep. Other processes get a copy, so it must be picklable."""

    @property
    def keys(self) -> Keys:
        """What a sweep can change, beside the plan."""
        ...

    def check(self, points: Sequence[Point]) -> None:
        """Refuse points that can't be trained, before anything is run.

        Raises:
            ValueError: naming what is wrong.
        """
        ...

    def train(self, trial: Trial) -> None:
        """Start the run in the trial's directory, or go on with it, to its end.

        The run evaluates as `Sweep.how` says, and ends by what `training.loop.train` raises where
        it is to stop.
        """
        ...


@final
class Watcher:
    """An observer that hands what is measured to the engine, and stops a run that is pruned.

    Args:
        taken: the trial.
        num_steps: updates of the run.
    """

    def __init__(self, taken: Taken, num_steps: int) -> None:
        self._taken, self._num_steps = taken, num_steps
        self.pruned_at: int | None = None

    def resumed(self, step: int) -> None:
        """Nothing is told: the record has it."""

    def compiling(self, rollout: int) -> None:
        """Nothing is told."""

    def compiled(self, rollout: int, seconds: float) -> None:
        """Nothing is told."""

    def wrote(self, line: dict[str, Any]) -> None:
        """A line of the record has been written."""
        if line["kind"] == "evaluation" and METRIC in line:
            step = int(line["step"])
            self._taken.report(step, float(as_number(line[METRIC])))
            if step < self._num_steps and self._taken.should_end():
                self.pruned_at = step

    def notice(self, text: str) -> None:
        """Nothing is told: the record has it."""

    def wants_to_stop(self) -> Stop | None:
        """Whether the run should stop now."""
        if self.pruned_at is None:
            return None
        return Stop(f"pruned: the losses up to step {self.pruned_at:,} are too high", FOUND)
