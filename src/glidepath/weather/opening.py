"""Opening a trajectory: what is picked from a data set, and what is refused."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import xarray as xr

from glidepath.weather.loss import area_weights
from glidepath.weather.trajectory import DataError, Trajectory, in_hours, short_time
from glidepath.weather.variables import (
    FORCING_VARIABLES,
    LEVEL_VARIABLES,
    NUM_INPUT_TIMES,
    STATIC_VARIABLES,
    SURFACE_VARIABLES,
    Task,
)

RENAMED = {"lat": "latitude", "lon": "longitude"}
EVEN = 1e-3
"""How far from even a grid may be, as a share of its spacing: float32 degrees are not exact."""

MOST_HPA = 1_100
"""Above this a level is given in Pa, or is none of the atmosphere."""

NETCDF_SUFFIXES = (".nc", ".nc4", ".netcdf", ".h5")


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
        if (levels <= 0).any() or (levels != levels.astype(int)).any() or levels.max() > MOST_HPA:
            raise DataError(f"{source}: `level` must be whole hPa, got {levels}")
        if len(set(levels.tolist())) != len(levels):
            raise DataError(f"{source}: `level` must have each pressure once, got {levels}")


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
            f"{source}: a gap in time: {short_time(before)} is followed by {short_time(after)}, "
            f"the usual step is {in_hours(np.array(usual).astype(steps.dtype))}"
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
