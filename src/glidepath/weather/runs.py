"""GraphCast runs: what they were started with, and how to get their model back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from glidepath.training.run_directory import RunDirectory
from glidepath.weather import checkpoint_format
from glidepath.weather.forecast import TrainedModel, as_dataset
from glidepath.weather.learning import ForecastProblem, make_forecaster
from glidepath.weather.model import ModelSize
from glidepath.weather.opening import open_trajectory
from glidepath.weather.skill import Skill, climatology, evaluate
from glidepath.weather.split import Split, usual_lead
from glidepath.weather.statistics import Statistics, compute_statistics
from glidepath.weather.trajectory import DataError, Trajectory
from glidepath.weather.variables import NUM_INPUT_TIMES, Task

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
        missing = [name for name in cls.__dataclass_fields__ if name not in table]
        if missing:
            raise ValueError(
                f"the run's configuration lacks {', '.join(missing)}: it was made by another "
                "version of glidepath, or damaged"
            )
        own = {name: table[name] for name in cls.__dataclass_fields__}
        return cls(**own | {"size": ModelSize(**table["size"])})


def make_problem(
    configuration: Configuration,
    trajectory: Trajectory,
    statistics: Statistics | None,
    progress: Progress,
) -> ForecastProblem:
    """The data and the network of a run.

    Args:
        configuration: of the run.
        trajectory: its data.
        statistics: of the run; if None they are read or computed, as the configuration has it.
        progress: told how far they are.
    Raises:
        DataError: if the data can't be used.
        ValueError: if the statistics lack something.
    """
    split = Split(len(trajectory.times), configuration.holdout)
    if statistics is None and configuration.stats:
        statistics = Statistics.read(configuration.stats)
    elif statistics is None:
        count = split.num_training_times
        statistics = compute_statistics(
            trajectory, count, lambda done: progress("statistics", done, count)
        )
    statistics.check(trajectory.task)
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
    _check_same_spacing(checkpoint, trajectory)
    statistics = Statistics.read(stats)
    statistics.check(checkpoint.task)
    forecaster = make_forecaster(
        checkpoint.size, checkpoint.task, trajectory, statistics, precision
    )
    return TrainedModel(forecaster, checkpoint.parameters)


def _check_same_spacing(checkpoint: checkpoint_format.Checkpoint, trajectory: Trajectory) -> None:
    """Refuse data of another time step or grid than a model was trained on."""
    hours = NUM_INPUT_TIMES * trajectory.time_step / np.timedelta64(1, "h")
    expected = pd.Timedelta(checkpoint.task.input_duration) / pd.Timedelta(hours=1)
    if hours != expected:
        raise DataError(
            f"{trajectory.source} has a time step of {hours / NUM_INPUT_TIMES:g} h, and the model "
            f"was trained on {expected / NUM_INPUT_TIMES:g} h"
        )
    degrees = float(np.diff(trajectory.latitude).mean())
    if checkpoint.resolution and abs(degrees - checkpoint.resolution) > 0.01 * degrees:
        raise DataError(
            f"{trajectory.source} has a grid of {degrees:g} degrees, and the model was trained on "
            f"{checkpoint.resolution:g}"
        )


def evaluate_run(
    run: Path, data: str | None, *, num_steps: int | None, max_starts: int, progress: Progress
) -> Skill:
    """Judge a finished run on times of its own data, or of others, that it was not trained on.

    Raises:
        FileNotFoundError: if there is no finished run.
        DataError: if there is nothing to judge on.
    """
    directory = RunDirectory(run)
    _, table = directory.open()
    model, trajectory = load_model(run, data)
    configuration = Configuration.of_table(table)
    if not directory.climatology_file.exists():
        own = configuration.open_trajectory(trajectory.task)
        save_climatology(directory, own, Split(len(own.times), configuration.holdout))
    return judge(
        directory,
        model,
        trajectory,
        num_steps=num_steps,
        max_starts=max_starts,
        progress=progress,
    )


def judge(
    directory: RunDirectory,
    model: TrainedModel,
    trajectory: Trajectory,
    *,
    num_steps: int | None,
    max_starts: int,
    progress: Progress,
) -> Skill:
    """Judge a run's model next to the run's climatology, at the usual lead where none is given."""
    period = tuple(directory.open()[1]["training_period"])
    if num_steps is None:
        num_steps = usual_lead(trajectory.times, period) or 1
    return evaluate(
        model,
        trajectory,
        period=period,
        num_steps=num_steps,
        max_starts=max_starts,
        mean_state=np.load(directory.climatology_file, allow_pickle=False),
        progress=lambda done, total: progress("evaluate", done, total),
    )


def save_climatology(directory: RunDirectory, trajectory: Trajectory, split: Split) -> None:
    """Write the mean state of the training times, unless it is there."""
    if directory.climatology_file.exists():
        return
    partial = directory.climatology_file.with_name("climatology.partial.npy")
    np.save(partial, climatology(trajectory, split))
    partial.replace(directory.climatology_file)


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
