"""Makes a year of simulated weather, stored as a Zarr trajectory in the WeatherBench layout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

SPIN_UP_DAYS = 120
DAYS = 365
START = np.datetime64("2001-01-01T00", "ns")
UNITS = {
    "temperature": "K",
    "u_component_of_wind": "m s**-1",
    "v_component_of_wind": "m s**-1",
    "geopotential": "m**2 s**-2",
    "mean_sea_level_pressure": "Pa",
}
DAYS_PER_BLOCK = 5

Progress = Callable[[str, int, int], None]
"""Told what goes on, how many days are done and how many there are."""


def default_path(days: int = DAYS, spin_up_days: int = SPIN_UP_DAYS, seed: int = 0) -> Path:
    """Where the simulated weather is kept: in the user's cache, or in `GLIDEPATH_CACHE`."""
    from platformdirs import user_cache_path

    cache = os.environ.get("GLIDEPATH_CACHE")
    root = Path(cache) if cache else user_cache_path("glidepath", appauthor=False)
    return root / f"held-suarez-t21-{days}d-after-{spin_up_days}d-seed{seed}-v1.zarr"


def simulate(
    path: Path,
    *,
    days: int = DAYS,
    spin_up_days: int = SPIN_UP_DAYS,
    seed: int = 0,
    progress: Progress = lambda *_: None,
) -> Path:
    """Simulate and store; the store appears when it is whole.

    Args:
        path: the Zarr store to make.
        days: length, at 6-hourly states.
        spin_up_days: thrown away first: eddies are absent for about 60 days.
        seed: of the perturbation.
        progress: told after every day.
    Raises:
        ValueError: if a length is not positive.
        FileExistsError: if there is something at the path.
        FloatingPointError: if the simulation blows up.
    """
    if days < 1 or spin_up_days < 0:
        raise ValueError(f"days must be positive, got {days} after {spin_up_days} of spin-up")
    if path.exists():
        raise FileExistsError(f"{path} exists already")
    from glidepath.weather import held_suarez

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.partial-{os.getpid()}")
    try:
        atmosphere = held_suarez.Atmosphere.build()
        reader = held_suarez.Reader(atmosphere)
        num_times = days * held_suarez.OUTPUTS_PER_DAY
        arrays = _create_store(partial, num_times, reader, held_suarez)
        _fill_store(arrays, atmosphere, reader, (days, spin_up_days, seed), progress)
        partial.rename(path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return path


def _create_store(path: Path, num_times: int, reader: Any, settings: Any) -> dict[str, Any]:
    import zarr

    group = zarr.create_group(str(path), zarr_format=3)
    group.attrs["title"] = "Held-Suarez atmosphere, T21, 8 layers, simulated with dinosaur"
    hours = np.arange(num_times) * settings.HOURS_BETWEEN_OUTPUTS
    since = f"hours since {np.datetime_as_string(START, unit='s').replace('T', ' ')}"
    coordinates = {
        "time": (hours, {"units": since, "calendar": "proleptic_gregorian"}),
        "level": (np.array(settings.LEVELS_HPA, np.int32), {"units": "hPa"}),
        "latitude": (reader.latitude, {"units": "degrees_north"}),
        "longitude": (reader.longitude, {"units": "degrees_east"}),
    }
    for name, (values, attributes) in coordinates.items():
        array = group.create_array(
            name,
            shape=values.shape,
            dtype=values.dtype,
            chunks=values.shape,
            dimension_names=[name],
            attributes=attributes,
        )
        array[:] = values
    sizes = {name: len(values) for name, (values, _) in coordinates.items()}
    return {name: _create_field(group, name, unit, sizes) for name, unit in UNITS.items()}


def _create_field(group: Any, name: str, unit: str, sizes: dict[str, int]) -> Any:
    from zarr.codecs import BloscCodec

    is_surface = name == "mean_sea_level_pressure"
    dims = [dim for dim in sizes if dim != "level" or not is_surface]
    shape = tuple(sizes[dim] for dim in dims)
    return group.create_array(
        name,
        shape=shape,
        chunks=(1, *shape[1:]),
        dtype="float32",
        compressors=[BloscCodec(cname="zstd", clevel=1, shuffle="shuffle")],
        chunk_key_encoding={"name": "default", "separator": "."},
        dimension_names=dims,
        fill_value=float("nan"),
        attributes={"units": unit},
    )


def _fill_store(
    arrays: dict[str, Any],
    atmosphere: Any,
    reader: Any,
    plan: tuple[int, int, int],
    progress: Progress,
) -> None:
    """Run the model, with one thread writing behind it."""
    import jax

    days, spin_up_days, seed = plan
    day, fields_of = atmosphere.day(), reader.compiled()
    state = atmosphere.perturbed(seed)
    for done in range(spin_up_days):
        state, _ = jax.block_until_ready(day(state))
        progress("spin-up", done + 1, spin_up_days)
    block: list[dict[str, np.ndarray]] = []
    written = 0
    with ThreadPoolExecutor(1) as writer:
        pending = []
        for done in range(days):
            state, outputs = day(state)
            block.append(jax.device_get(fields_of(outputs)))
            progress("simulate", done + 1, days)
            if len(block) < DAYS_PER_BLOCK and done + 1 < days:
                continue
            fields = {name: np.concatenate([part[name] for part in block]) for name in arrays}
            if not all(np.isfinite(field).all() for field in fields.values()):
                raise FloatingPointError(f"the simulation blew up before day {done + 1}")
            pending.append(writer.submit(_write, arrays, written, fields))
            written += len(fields["temperature"])
            block = []
        for job in pending:
            job.result()


def _write(arrays: dict[str, Any], start: int, fields: dict[str, np.ndarray]) -> None:
    for name, field in fields.items():
        arrays[name][start : start + len(field)] = field
