"""Mean, standard deviation and standard deviation of one-step changes, per variable and level."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from glidepath.weather.trajectory import Trajectory
from glidepath.weather.variables import Channel, Task

FILES = {
    "mean": "mean_by_level.nc",
    "std": "stddev_by_level.nc",
    "diff_std": "diffs_stddev_by_level.nc",
}


@dataclass(frozen=True)
class Statistics:
    """Three numbers for every channel, each an `xarray.Dataset` of variables over `level`.

    Attributes:
        mean: in the variable's unit.
        std: standard deviation.
        diff_std: standard deviation of the change from one time to the next.
    """

    mean: xr.Dataset
    std: xr.Dataset
    diff_std: xr.Dataset

    def of(self, which: str, channels: Sequence[Channel]) -> np.ndarray:
        """One number a channel, `[channels]`, float32.

        Progress through day and year has mean 0 and deviation 1 where the statistics do not know
        it: it is between -1 and 1 as it is.

        Args:
            which: "mean", "std" or "diff_std".
            channels: fields of the model.
        Raises:
            ValueError: naming the variable or the level that the statistics lack.
        """
        data = getattr(self, which)
        return np.array([_one(data, channel, which) for channel in channels], np.float32)

    def check(self, task: Task) -> None:
        """Refuse statistics that do not serve a model.

        Raises:
            ValueError: naming what is missing.
        """
        for which in ("mean", "std"):
            self.of(which, (*task.state, *task.forcings, *task.statics))
        self.of("diff_std", task.state)

    @classmethod
    def read(cls, directory: str | Path) -> Statistics:
        """Read the three published files from a directory.

        Raises:
            FileNotFoundError: naming the file that is missing.
        """
        parts = {}
        for name, file in FILES.items():
            path = Path(directory) / file
            if not path.exists():
                raise FileNotFoundError(f"{path}: statistics need {', '.join(FILES.values())}")
            with xr.open_dataset(path) as data:
                parts[name] = data.load()
        return cls(**parts)

    def write(self, directory: str | Path) -> None:
        """Write the three files; the directory appears when it is whole."""
        partial = Path(f"{directory}.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        for name, file in FILES.items():
            getattr(self, name).to_netcdf(partial / file, engine="h5netcdf")
        partial.rename(directory)


def _one(data: xr.Dataset, channel: Channel, which: str) -> float:
    if channel.variable not in data:
        if "_progress_" in channel.variable:
            return 0.0 if which == "mean" else 1.0
        raise ValueError(f"the statistics have no {channel.variable} ({which}, in {FILES[which]})")
    values = data[channel.variable]
    if channel.level is None or "level" not in values.dims:
        return float(values)
    if channel.level not in values["level"]:
        raise ValueError(f"the statistics have no level {channel.level} hPa of {channel.variable}")
    return float(values.sel(level=channel.level))


class RunningMoments:
    """Mean and standard deviation over blocks, without keeping them.

    The sums are taken about the first block's mean, which keeps float64 exact enough for
    geopotential, whose mean is far above its spread.

    Source: Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance".
    """

    def __init__(self) -> None:
        self._count = 0
        self._origin: np.ndarray | None = None
        self._sum: np.ndarray | float = 0.0
        self._squares: np.ndarray | float = 0.0

    def add(self, block: np.ndarray) -> None:
        """Count a block, `[time, points, channels]`, with every point weighing the same."""
        block = block.astype(np.float64)
        if self._origin is None:
            self._origin = block.mean(axis=(0, 1))
        shifted = block - self._origin
        self._count += shifted.shape[0] * shifted.shape[1]
        self._sum = self._sum + shifted.sum(axis=(0, 1))
        self._squares = self._squares + np.square(shifted).sum(axis=(0, 1))

    @property
    def mean(self) -> np.ndarray:
        """`[channels]`, float64."""
        return self._origin + self._sum / self._count

    @property
    def std(self) -> np.ndarray:
        """`[channels]`, float64; 1 where nothing varies."""
        mean = self._sum / self._count
        std = np.sqrt(np.maximum(self._squares / self._count - np.square(mean), 0.0))
        return np.where(std > 1e-12 * np.maximum(np.abs(self.mean), 1.0), std, 1.0)


def compute_statistics(
    trajectory: Trajectory, num_times: int, progress: Callable[[int], None] = lambda _: None
) -> Statistics:
    """The statistics of the first times of a trajectory, in one pass.

    Every grid point weighs the same, as in the published statistics.

    Args:
        trajectory: the data.
        num_times: how many times, from the first on, to look at; at least two.
        progress: called with the number of times done.
    """
    state, change, forcing = RunningMoments(), RunningMoments(), RunningMoments()
    before = None
    for index in range(num_times):
        now = trajectory.state(index)
        state.add(now[None])
        forcing.add(trajectory.forcings(index)[None])
        if before is not None:
            change.add((now - before)[None])
        before = now
        progress(index + 1)
    task, static = trajectory.task, RunningMoments()
    static.add(trajectory.statics[None])
    channels = (*task.state, *task.forcings, *task.statics)
    parts = (state, forcing, static)
    return Statistics(
        mean=_dataset(channels, np.concatenate([part.mean for part in parts])),
        std=_dataset(channels, np.concatenate([part.std for part in parts])),
        diff_std=_dataset(task.state, change.std),
    )


def _dataset(channels: Sequence[Channel], values: np.ndarray) -> xr.Dataset:
    by_variable: dict[str, dict[int | None, float]] = {}
    for channel, value in zip(channels, values, strict=True):
        by_variable.setdefault(channel.variable, {})[channel.level] = float(value)
    return xr.Dataset(
        {
            name: ((), levels[None])
            if None in levels
            else xr.DataArray(list(levels.values()), {"level": list(levels)}, ("level",))
            for name, levels in by_variable.items()
        }
    )
