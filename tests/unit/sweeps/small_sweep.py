"""A sweep small enough to run in seconds: a line is fitted; also a program, to be killed.

    python -m tests.unit.sweeps.small_sweep DIRECTORY SECONDS [JOBS | ray]

works on the sweep in a directory, and takes so long for every evaluation.
"""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.file import load
from glidepath.sweeps.keys import Keys
from glidepath.sweeps.on_ray import work_on_ray
from glidepath.sweeps.processes import work_together
from glidepath.sweeps.working import Job
from glidepath.training.loop import train
from glidepath.training.signals import Signals
from glidepath.training.stopping import StoppedError
from tests.unit.training.test_training import Line

TEXT = """
base = "wsd"
trials = 12
steps = 24
evaluate_every = 4
checkpoint_every = 4
pruner = "none"

[set]
plan.total = 40
plan.warmup = 4
batch = 8

[vary]
plan.peak = { low = 1e-3, high = 1.0, log = true }
plan.cooldown_length = { low = 4, high = 20, step = 4 }
plan.cooldown = ["linear", "1-sqrt"]
seed = [0, 1, 2]
"""


class SlowLine(Line):
    """Fit y = 3 x + 1, and measure it slowly.

    Args:
        seconds: that a measurement takes.
    """

    def __init__(self, seconds):
        self._seconds = seconds

    def batch(self, samples, rollout):
        if samples[0] >= 100:
            time.sleep(self._seconds)
        return super().batch(samples, rollout)


@dataclass(frozen=True)
class LineTrainer:
    """Trains the line.

    Attributes:
        seconds: that a measurement takes.
    """

    seconds: float = 0.0

    @property
    def keys(self):
        return Keys()

    def check(self, points):
        for point in points:
            assert "lr" in point.plan.names

    def train(self, trial):
        configuration = trial.point.configuration
        if not trial.directory.exists():
            trial.directory.create(trial.point.plan, configuration)
        settings = trial.settings(batch=configuration["batch"], seed=configuration.get("seed", 0))
        train(SlowLine(self.seconds), trial.point.plan, trial.directory, settings, trial.watcher,
              asked=trial.asked)  # fmt: skip


def make(path, text=TEXT, storage=None, seconds=0.0):
    """A sweep in a directory; returns the job of working on it."""
    file = path.with_suffix(".toml")
    file.write_text(text)
    trainer = LineTrainer(seconds)
    sweep, table = load(file, trainer.keys)
    SweepDirectory(path).start(table, sweep, storage)
    return Job(path, trainer, storage)


def main(path, seconds, how="1"):
    job = Job(Path(path), LineTrainer(float(seconds)))
    if how == "ray":
        work_on_ray(job, num_jobs=2)
        return
    with Signals() as signals:
        try:
            work_together(job, int(how), asked=[signals.wish])
        except StoppedError as error:
            sys.exit(error.stop.status)


if __name__ == "__main__":
    main(*sys.argv[1:])
