"""GraphCast runs: what they were started with, and how to get their model back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from glidepath.plan import Plan
from glidepath.training.batches import rollout_at
from glidepath.training.run_directory import RunDirectory
from glidepath.weather import checkpoint_format
from glidepath.weather.forecast import TrainedModel, as_dataset
from glidepath.weather.learning import ForecastProblem, make_forecaster
from glidepath.weather.model import ModelSize
from glidepath.weather.skill import Skill, climatology, evaluate
from glidepath.weather.split import Split
from glidepath.weather.statistics import Statistics, compute_statistics
from glidepath.weather.trajectory import Trajectory, open_trajectory
from glidepath.weather.variables import Task

PRECISIONS = ("float32", "bfloat16")

Progress = Callable[[str, int, int], None]
"""Told what goes on, how much is done and how much there is."""


@dataclass(frozen=True)
class Configuration:
    """Everything that a run depends on, beside its plan.

    Attributes:
        data: the trajectory, a path or a URL.
        first: the first time of it to use, ISO 8601, or None for all.
        last: the last.
        stats: a directory of statistics, or None to compute them.
        size: of the model.
        precision: of the layers.
        holdout: the share of the times that is held out.
        seed: of parameters and batches.
        batch: samples in an update.
    """

    data: str
    first: str | None
    last: str | None
    stats: str | None
    size: ModelSize
    precision: str
    holdout: float
    seed: int
    batch: int

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise ValueError(f"`precision` must be one of {PRECISIONS}, got {self.precision!r}")

    def open_trajectory(self, task: Task | None = None) -> Trajectory:
        """The run's data, as a whole or for the task of a given model."""
        return open_trajectory(self.data, task, first=self.first, last=self.last)

    def as_table(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of_table(cls, table: dict[str, Any]) -> Configuration:
        """The inverse of `as_table`; what else the table has is left alone."""
        own = {name: table[name] for name in cls.__dataclass_fields__}
        return cls(**own | {"size": ModelSize(**table["size"])})


def make_problem(
    configuration: Configuration, directory: RunDirectory, progress: Progress
) -> ForecastProblem:
    """The data, their statistics (made now or kept from before) and the network of a run."""
    trajectory = configuration.open_trajectory()
    split = Split(len(trajectory.times), configuration.holdout)
    if not directory.statistics.exists():
        count = split.num_training_times
        statistics = (
            Statistics.read(configuration.stats)
            if configuration.stats
            else compute_statistics(
                trajectory, count, lambda done: progress("statistics", done, count)
            )
        )
        statistics.write(directory.statistics)
    statistics = Statistics.read(directory.statistics)
    forecaster = make_forecaster(
        configuration.size, trajectory.task, trajectory, statistics, configuration.precision
    )
    return ForecastProblem(forecaster, configuration.size, trajectory, split)


def load_model(
    source: str | Path, data: str | None = None, stats: str | None = None
) -> tuple[TrainedModel, Trajectory]:
    """A trained model, on the grid of some data.

    Args:
        source: a run's directory or a published checkpoint.
        data: a trajectory; the run's own by default.
        stats: a directory of statistics; the run's own by default.
    Raises:
        FileNotFoundError: if the run has no final model, or there is nothing there.
        ValueError: if something is needed that only a run has.
    """
    directory = RunDirectory(Path(source))
    if not directory.path.is_dir():
        if data is None or stats is None:
            raise ValueError(f"{source} is no run: give --data and --stats beside a checkpoint")
        checkpoint = checkpoint_format.read(source)
        trajectory = open_trajectory(data, checkpoint.task)
        return _on_grid(checkpoint, trajectory, stats, "float32"), trajectory
    configuration = Configuration.of_table(directory.open()[1])
    if not directory.model_file.exists():
        raise FileNotFoundError(f"{source} has no model yet: finish the run by --resume")
    checkpoint = checkpoint_format.read(directory.model_file)
    task = checkpoint.task
    trajectory = open_trajectory(data, task) if data else configuration.open_trajectory(task)
    own = stats or directory.statistics
    return _on_grid(checkpoint, trajectory, own, configuration.precision), trajectory


def _on_grid(
    checkpoint: checkpoint_format.Checkpoint,
    trajectory: Trajectory,
    stats: str | Path,
    precision: str,
) -> TrainedModel:
    statistics = Statistics.read(stats)
    forecaster = make_forecaster(
        checkpoint.size, checkpoint.task, trajectory, statistics, precision
    )
    return TrainedModel(forecaster, checkpoint.parameters)


def check_window(configuration: Configuration, plan: Plan) -> None:
    """Refuse data that are too short for the plan's longest rollout, before a run is started.

    Raises:
        DataError: if they are.
        FileNotFoundError: if there are none.
    """
    trajectory = configuration.open_trajectory()
    split = Split(len(trajectory.times), configuration.holdout)
    steps = (*plan.starts, *(start - 1 for start in plan.starts[1:]), plan.total_steps - 1)
    split.num_training_windows(max(rollout_at(plan, step) for step in steps))


def evaluate_run(
    run: Path, data: str | None, *, num_steps: int, max_starts: int, progress: Progress
) -> Skill:
    """Judge a finished run on the held-out times of its own data, or of others.

    Raises:
        FileNotFoundError: if there is no finished run.
        DataError: if there is nothing to judge on.
    """
    directory = RunDirectory(run)
    _, table = directory.open()
    configuration = Configuration.of_table(table)
    model, trajectory = load_model(run, data)
    split = Split(len(trajectory.times), configuration.holdout)
    if not directory.climatology_file.exists():
        own = configuration.open_trajectory(trajectory.task)
        own_split = Split(len(own.times), configuration.holdout)
        np.save(directory.climatology_file, climatology(own, own_split))
    return evaluate(
        model,
        trajectory,
        split,
        num_steps=num_steps,
        max_starts=max_starts,
        mean_state=np.load(directory.climatology_file, allow_pickle=False),
        progress=lambda done, total: progress("evaluate", done, total),
    )


def forecast_to_file(
    source: str, start: str, num_steps: int, out: Path, *, data: str | None, stats: str | None
) -> np.ndarray:
    """Write a forecast as NetCDF.

    Args:
        source: a run's directory or a checkpoint.
        start: the initial time, ISO 8601.
        num_steps: time steps to look ahead.
        out: the file.
        data: initial states; the run's own by default.
        stats: a directory of statistics; the run's own by default.
    Returns:
        the forecast's times, `[num_steps]`.
    Raises:
        ValueError: if the time is none, or the data do not have it.
    """
    try:
        time = np.datetime64(start)
    except ValueError:
        raise ValueError(f"`start` must be a time such as 2001-12-01T06, got {start!r}") from None
    model, trajectory = load_model(source, data, stats)
    index = trajectory.index_of(time)
    predictions = model.forecast(trajectory, index, num_steps)
    dataset = as_dataset(predictions, trajectory, model.forecaster, index)
    dataset.to_netcdf(out, engine="h5netcdf")
    return dataset["time"].values.astype("datetime64[m]")
