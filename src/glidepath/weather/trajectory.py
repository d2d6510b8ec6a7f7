"""A weather trajectory: the data that models are trained on, opened and checked."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr

from glidepath.weather.loss import area_weights
from glidepath.weather.progress import progress_fields
from glidepath.weather.solar import toa_incident_solar_radiation
from glidepath.weather.variables import (
    FORCING_VARIABLES,
    LEVEL_VARIABLES,
    NUM_INPUT_TIMES,
    STATIC_VARIABLES,
    SURFACE_VARIABLES,
    Channel,
    Task,
)

RENAMED = {"lat": "latitude", "lon": "longitude"}
EVEN = 1e-3
"""How far from even a grid may be, as a share of its spacing: float32 degrees are not exact."""

NETCDF_SUFFIXES = (".nc", ".nc4", ".netcdf", ".h5")

MEMORY_BYTES = 4 * 1024**3
"""A trajectory up to this size is kept in memory once it has been read."""


class DataError(ValueError):
    """Data that can't be used; the message names the variable, the time or the place."""


@dataclass(frozen=True)
class Trajectory:
    """Fields on an even latitude-longitude grid at even times.

    Attributes:
        dataset: dimensions time, level, latitude, longitude; latitudes ascend, levels ascend.
        source: where it came from, for messages.
        wanted: what a given model needs of the data; all they have by default.
        renamed: dimensions that have other names at the source, by those names.
        is_north_first: whether latitudes descend at the source.
    """

    dataset: xr.Dataset
    source: str
    wanted: Task | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    is_north_first: bool = False

    @cached_property
    def times(self) -> np.ndarray:
        """`datetime64[ns]`, `[time]`."""
        return self.dataset["time"].values.astype("datetime64[ns]")

    @cached_property
    def time_step(self) -> np.timedelta64:
        """The time between two states."""
        return self.times[1] - self.times[0]

    @property
    def latitude(self) -> np.ndarray:
        """Degrees north, ascending, `[lat]`."""
        return self.dataset["latitude"].values

    @property
    def longitude(self) -> np.ndarray:
        """Degrees east, `[lon]`."""
        return self.dataset["longitude"].values

    @cached_property
    def task(self) -> Task:
        """What a model of these data is given and predicts."""
        if self.wanted is not None:
            return self.wanted
        data = self.dataset
        targets = [name for name in (*SURFACE_VARIABLES, *LEVEL_VARIABLES) if name in data]
        statics = [name for name in STATIC_VARIABLES if name in data]
        has_levels = any(name in LEVEL_VARIABLES for name in targets)
        hours = 2 * self.time_step / np.timedelta64(1, "h")
        return Task(
            input_variables=(*targets, *FORCING_VARIABLES, *statics),
            target_variables=tuple(targets),
            forcing_variables=FORCING_VARIABLES,
            pressure_levels=tuple(int(p) for p in data["level"].values) if has_levels else (),
            input_duration=f"{hours:g}h",
        )

    @cached_property
    def _grid(self) -> xr.DataArray:
        """Nothing, on the grid."""
        coordinates = {"latitude": self.latitude, "longitude": self.longitude}
        return xr.DataArray(0.0, coordinates, ("latitude", "longitude"))

    def index_of(self, time: np.datetime64) -> int:
        """The position of a time.

        Raises:
            DataError: if the data have no such time.
        """
        found = np.flatnonzero(self.times == time.astype("datetime64[ns]"))
        if not len(found):
            raise DataError(
                f"{self.source} has no time {time}; it goes from {_short(self.times[0])} to "
                f"{_short(self.times[-1])} by {_hours(self.time_step)}"
            )
        return int(found[0])

    def time_at(self, index: int) -> np.datetime64:
        """The time of a position, which may lie beyond the last."""
        return self.times[0] + index * self.time_step

    @cached_property
    def _memory(self) -> dict[tuple[str, int], np.ndarray]:
        return {}

    def _remembered(self, kind: str, index: int, make: Callable[[int], np.ndarray]) -> np.ndarray:
        """What was made before, where a trajectory of its kind fits into memory."""
        if (kind, index) in self._memory:
            return self._memory[kind, index]
        made = make(index)
        if made.nbytes * len(self.times) <= MEMORY_BYTES:
            self._memory[kind, index] = made
        return made

    def state(self, index: int) -> np.ndarray:
        """All predicted fields at one time, `[grid, state]`, float32.

        Raises:
            DataError: naming the variable, if there is a NaN.
        """
        return self._remembered("state", index, lambda i: self._read(self.task.state, i))

    def forcings(self, index: int) -> np.ndarray:
        """All forcings at one time, `[grid, forcings]`, float32; given ones as they are given.

        Beyond the last time of the data they are computed.
        """
        return self._remembered("forcings", index, self._make_forcings)

    def _make_forcings(self, index: int) -> np.ndarray:
        time = np.array([self.time_at(index)])
        fields = progress_fields(time, self.longitude)
        given = [
            c.variable
            for c in self.task.forcings
            if c.variable in self.dataset and index < len(self.times)
        ]
        if "toa_incident_solar_radiation" not in given:
            fields["toa_incident_solar_radiation"] = toa_incident_solar_radiation(
                time, self.latitude, self.longitude
            )
        grid = (len(self.latitude), len(self.longitude))
        columns = [
            self._read([channel], index)[:, 0]
            if channel.variable in given
            else np.broadcast_to(fields[channel.variable][0], grid).reshape(-1)
            for channel in self.task.forcings
        ]
        return np.stack(columns, axis=-1).astype(np.float32)

    @cached_property
    def statics(self) -> np.ndarray:
        """All fields without time, `[grid, statics]`, float32."""
        return self._read(self.task.statics, 0)

    def window(self, start: int, num_times: int) -> dict[str, np.ndarray]:
        """Consecutive times, as `rollout.Window` has them, without the batch axis."""
        indices = range(start, start + num_times)
        return {
            "state": np.stack([self.state(i) for i in indices]),
            "forcings": np.stack([self.forcings(i) for i in indices]),
        }

    def _read(self, channels: list[Channel] | tuple[Channel, ...], index: int) -> np.ndarray:
        size = len(self.latitude) * len(self.longitude)
        columns = [np.empty((size, 0), np.float32)]
        for name in dict.fromkeys(channel.variable for channel in channels):
            if name not in self.dataset:  # predicted only, and not known
                count = sum(channel.variable == name for channel in channels)
                columns.append(np.zeros((size, count), np.float32))
                continue
            one = self.dataset[name]
            one = one.isel(time=index) if "time" in one.dims else one
            if name in FORCING_VARIABLES:
                one = one.broadcast_like(self._grid)
            dims = [dim for dim in ("latitude", "longitude", "level") if dim in one.dims]
            values = one.transpose(*dims).values.astype(np.float32).reshape(size, -1)
            if not np.isfinite(values).all():
                raise DataError(
                    f"{self.source}: `{name}` is NaN or infinite at "
                    f"{int((~np.isfinite(values)).sum())} points at {_short(self.times[index])}"
                )
            columns.append(values)
        return np.concatenate(columns, axis=-1)


def open_trajectory(
    path: str | Path,
    task: Task | None = None,
    *,
    first: str | None = None,
    last: str | None = None,
) -> Trajectory:
    """Open a Zarr store or a NetCDF file in the layout of WeatherBench 2 and ARCO-ERA5.

    Args:
        path: a file, a directory or a URL that fsspec knows.
        task: of a given model, whose variables and levels are then picked from the data; what it
            only predicts may be missing.
        first: the first time to use, ISO 8601, such as "1979-01-01"; all by default.
        last: the last, included; a day or a year stands for all of it.
    Raises:
        FileNotFoundError: if a local path does not exist.
        DataError: naming what is wrong with the data.
    """
    source = str(path)
    dataset = _open(source)
    renamed = {a: b for a, b in RENAMED.items() if a in dataset.dims}
    dataset = dataset.rename(renamed)
    for name in ("time", "latitude", "longitude"):
        if name not in dataset.dims or name not in dataset.coords:
            raise DataError(f"{source}: no coordinate `{name}`; it has {', '.join(dataset.dims)}")
    dataset = _cut(_pick(dataset, source, task), source, first, last)
    is_north_first = bool(dataset["latitude"][0] > dataset["latitude"][-1])
    if is_north_first:
        dataset = dataset.isel(latitude=slice(None, None, -1))
    for name in STATIC_VARIABLES:
        if name in dataset and "time" in dataset[name].dims:
            dataset[name] = dataset[name].isel(time=0)
    _check_dimensions(dataset, source)
    _check_times(dataset["time"].values, source)
    _check_grid(dataset, source)
    return Trajectory(dataset, source, task, renamed, is_north_first)


def _open(source: str) -> xr.Dataset:
    is_url = "://" in source
    if not is_url and not Path(source).exists():
        raise FileNotFoundError(f"no data at {source}")
    try:
        return _open_url(source) if is_url else _open_path(source)
    except ImportError as error:
        raise DataError(f"{source}: {error}: pip install 'glidepath[cloud]'") from None
    except FileNotFoundError:
        raise FileNotFoundError(f"no data at {source}") from None
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{source}: neither a Zarr store nor a NetCDF file: {error}") from None


def _open_path(source: str) -> xr.Dataset:
    return xr.open_dataset(source) if Path(source).is_file() else _open_zarr(source)


def _open_url(source: str) -> xr.Dataset:
    if not source.endswith(NETCDF_SUFFIXES):
        return _open_zarr(source)
    import fsspec

    return xr.open_dataset(fsspec.open(source).open(), engine="h5netcdf")


def _open_zarr(source: str) -> xr.Dataset:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Failed to open Zarr store with consolidated")
        return xr.open_zarr(source, chunks=None)


def _pick(dataset: xr.Dataset, source: str, task: Task | None) -> xr.Dataset:
    """The variables of GraphCast, or those of one model, with levels in the model's order."""
    wanted = (*SURFACE_VARIABLES, *LEVEL_VARIABLES)
    if task is None:
        kept = [v for v in (*wanted, *FORCING_VARIABLES, *STATIC_VARIABLES) if v in dataset]
        if not any(name in wanted for name in kept):
            raise DataError(f"{source}: none of GraphCast's variables: {', '.join(wanted)}")
        dataset = dataset[kept]
        is_ordered = "level" not in dataset.dims or dataset.indexes["level"].is_monotonic_increasing
        return dataset if is_ordered else dataset.sortby("level")
    names = {*task.input_variables, *task.target_variables}
    missing = [v for v in task.input_variables if v not in dataset and v not in FORCING_VARIABLES]
    if missing:
        raise DataError(f"{source}: the model needs {', '.join(missing)}, which the data lack")
    dataset = dataset[[name for name in dataset.data_vars if name in names]]
    absent = [p for p in task.pressure_levels if p not in dataset["level"].values]
    if absent:
        raise DataError(f"{source}: the model needs the levels {absent} hPa, which the data lack")
    levels = list(task.pressure_levels)
    if not levels or levels == dataset["level"].values.tolist():
        return dataset
    return dataset.sel(level=levels)


def _cut(dataset: xr.Dataset, source: str, first: str | None, last: str | None) -> xr.Dataset:
    if first is None and last is None:
        return dataset
    try:
        cut = dataset.sel(time=slice(first, last))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{source}: no times from {first} to {last}: {error}") from None
    if not cut.sizes["time"]:
        raise DataError(
            f"{source} has no times from {first or 'its first'} to {last or 'its last'}"
        )
    return cut


def _check_dimensions(dataset: xr.Dataset, source: str) -> None:
    for name, one in dataset.data_vars.items():
        expected = {"latitude", "longitude"}
        expected |= set() if name in STATIC_VARIABLES else {"time"}
        expected |= {"level"} if name in LEVEL_VARIABLES else set()
        is_forcing = name in FORCING_VARIABLES and {"time"} <= set(one.dims) <= expected
        if set(one.dims) != expected and not is_forcing:
            raise DataError(
                f"{source}: `{name}` must have the dimensions {', '.join(sorted(expected))}, "
                f"got {', '.join(map(str, one.dims))}"
            )
    if "level" in dataset.dims:
        levels = dataset["level"].values
        if (levels <= 0).any() or (levels != levels.astype(int)).any():
            raise DataError(f"{source}: `level` must be whole hPa, got {levels}")


def _check_times(times: np.ndarray, source: str) -> None:
    if not np.issubdtype(times.dtype, np.datetime64):
        raise DataError(f"{source}: `time` must be dates of the standard calendar")
    if len(times) < NUM_INPUT_TIMES + 1:
        raise DataError(
            f"{source}: {len(times)} times; two to start from and one to predict are the least"
        )
    steps = np.diff(times)
    usual = np.median(steps.astype(np.int64)).astype(np.int64)
    odd = np.flatnonzero(steps.astype(np.int64) != usual)
    if usual <= 0:
        raise DataError(f"{source}: times must ascend")
    if len(odd):
        before, after = times[odd[0]], times[odd[0] + 1]
        raise DataError(
            f"{source}: a gap in time: {_short(before)} is followed by {_short(after)}, "
            f"the usual step is {_hours(np.array(usual).astype(steps.dtype))}"
        )


def _check_grid(dataset: xr.Dataset, source: str) -> None:
    for name in ("latitude", "longitude"):
        values = dataset[name].values.astype(np.float64)
        steps = np.diff(values)
        if len(values) < 2 or (np.abs(steps - steps.mean()) > EVEN * abs(steps.mean())).any():
            raise DataError(
                f"{source}: `{name}` must be evenly spaced, got steps from {steps.min():g} to "
                f"{steps.max():g} degrees; regrid the data first"
                if len(steps)
                else f"{source}: `{name}` must have at least two values"
            )
    spacing, count = abs(steps.mean()), len(values)
    if abs(spacing * count - 360.0) > 0.01 * spacing:
        raise DataError(
            f"{source}: longitudes must go once around the globe; "
            f"{count} of them by {spacing:g} degrees do not"
        )
    try:
        area_weights(dataset["latitude"].values)
    except ValueError as error:
        raise DataError(f"{source}: {error}") from None


def _short(time: np.datetime64) -> str:
    return str(time.astype("datetime64[m]"))


def _hours(step: np.timedelta64) -> str:
    return f"{step / np.timedelta64(1, 'h'):g} h"
