"""A weather trajectory: the data that models are trained on, opened and checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import xarray as xr

from glidepath.weather.progress import progress_fields
from glidepath.weather.solar import toa_incident_solar_radiation
from glidepath.weather.variables import (
    FORCING_VARIABLES,
    LEVEL_VARIABLES,
    STATIC_VARIABLES,
    SURFACE_VARIABLES,
    Channel,
    Task,
)

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
                f"{self.source} has no time {time}; it goes from {short_time(self.times[0])} to "
                f"{short_time(self.times[-1])} by {in_hours(self.time_step)}"
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
        if made.nbytes * len(self.times) <= MEMORY_BYTES and np.isfinite(made).all():
            self._memory[kind, index] = made
        return made

    def state(self, index: int, *, allows_nan: bool = False) -> np.ndarray:
        """All predicted fields at one time, `[grid, state]`, float32.

        Raises:
            DataError: naming the variable, if there is a NaN, unless that is allowed.
        """
        return self._remembered(
            "state", index, lambda i: self._read(self.task.state, i, allows_nan=allows_nan)
        )

    def forcings(self, index: int, *, allows_nan: bool = False) -> np.ndarray:
        """All forcings at one time, `[grid, forcings]`, float32; given ones as they are given.

        Beyond the last time of the data they are computed.
        """
        return self._remembered(
            "forcings", index, lambda i: self._make_forcings(i, allows_nan=allows_nan)
        )

    def _make_forcings(self, index: int, *, allows_nan: bool) -> np.ndarray:
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
            self._read([channel], index, allows_nan=allows_nan)[:, 0]
            if channel.variable in given
            else np.broadcast_to(fields[channel.variable][0], grid).reshape(-1)
            for channel in self.task.forcings
        ]
        return np.stack(columns, axis=-1).astype(np.float32)

    @cached_property
    def statics(self) -> np.ndarray:
        """All fields without time, `[grid, statics]`, float32."""
        return self._read(self.task.statics, 0)

    def window(
        self, start: int, num_times: int, *, allows_nan: bool = False
    ) -> dict[str, np.ndarray]:
        """Consecutive times, as `rollout.Window` has them, without the batch axis.

        Raises:
            DataError: as `state`.
        """
        indices = range(start, start + num_times)
        return {
            "state": np.stack([self.state(i, allows_nan=allows_nan) for i in indices]),
            "forcings": np.stack([self.forcings(i, allows_nan=allows_nan) for i in indices]),
        }

    def _read(
        self,
        channels: list[Channel] | tuple[Channel, ...],
        index: int,
        *,
        allows_nan: bool = False,
    ) -> np.ndarray:
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
            try:
                values = one.transpose(*dims).values.astype(np.float32).reshape(size, -1)
            except (RuntimeError, OSError) as error:
                raise DataError(
                    f"{self.source}: `{name}` can't be read at {short_time(self.times[index])}: "
                    f"{error}"
                ) from None
            if not (allows_nan or np.isfinite(values).all()):
                raise DataError(
                    f"{self.source}: `{name}` is NaN or infinite at "
                    f"{int((~np.isfinite(values)).sum())} points at {short_time(self.times[index])}"
                )
            columns.append(values)
        return np.concatenate(columns, axis=-1)


def short_time(time: np.datetime64) -> str:
    """A time to the minute, for messages."""
    return str(time.astype("datetime64[m]"))


def in_hours(step: np.timedelta64) -> str:
    """A length of time, for messages."""
    return f"{step / np.timedelta64(1, 'h'):g} h"
