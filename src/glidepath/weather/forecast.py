"""Forecasts from a trained model, written in the layout of the data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np
import xarray as xr

from glidepath.weather.networks import Parameters
from glidepath.weather.rollout import Forecaster
from glidepath.weather.trajectory import DataError, Trajectory
from glidepath.weather.variables import LEVEL_VARIABLES, NUM_INPUT_TIMES


@dataclass(frozen=True)
class TrainedModel:
    """A network with parameters.

    Attributes:
        forecaster: the network.
        parameters: float32.
    """

    forecaster: Forecaster
    parameters: Parameters

    @cached_property
    def _predict(self) -> jax.stages.Wrapped:
        return jax.jit(self.forecaster.predict, static_argnums=2)

    def forecast(self, trajectory: Trajectory, start: int, num_steps: int) -> np.ndarray:
        """Forecast from an initial state, which is the second of the two input times.

        Args:
            trajectory: initial states and forcings.
            start: position of the initial state.
            num_steps: forecasts, one time step apart.
        Returns:
            `[num_steps, grid, state]`, physical units, float32.
        Raises:
            DataError: if there is no state before the initial one.
        """
        return np.asarray(
            self._predict(self.parameters, _window(trajectory, start, num_steps), num_steps)
        )[:, :, 0]


def _window(trajectory: Trajectory, start: int, num_steps: int) -> dict[str, np.ndarray]:
    first = start - NUM_INPUT_TIMES + 1
    if first < 0:
        raise DataError(
            f"a forecast needs the state one time step before its start; the first start that "
            f"{trajectory.source} allows is {trajectory.time_at(1)}"
        )
    inputs = range(first, start + 1)
    return {
        "state": np.stack([trajectory.state(i) for i in inputs])[None],
        "forcings": np.stack([trajectory.forcings(i) for i in range(first, start + num_steps + 1)])[
            None
        ],
    }


def as_dataset(
    predictions: np.ndarray, trajectory: Trajectory, forecaster: Forecaster, start: int
) -> xr.Dataset:
    """A forecast in the layout of the data: their names, their order of latitudes.

    Args:
        predictions: of `TrainedModel.forecast`.
        trajectory: what it started from; its units are kept.
        forecaster: which knows the channels.
        start: position of the initial state.
    """
    num_steps = len(predictions)
    times = np.array([trajectory.time_at(start + i) for i in range(1, num_steps + 1)])
    shape = (num_steps, len(trajectory.latitude), len(trajectory.longitude))
    channels = forecaster.network.task.state
    levels = np.array(forecaster.network.task.pressure_levels, np.int32)
    fields = {}
    for name in dict.fromkeys(channel.variable for channel in channels):
        columns = [i for i, channel in enumerate(channels) if channel.variable == name]
        values = predictions[..., columns].reshape(*shape, len(columns))
        attributes = dict(trajectory.dataset[name].attrs) if name in trajectory.dataset else {}
        if name in LEVEL_VARIABLES:
            dims = ("time", "level", "latitude", "longitude")
            fields[name] = (dims, np.moveaxis(values, -1, 1), attributes)
        else:
            fields[name] = (("time", "latitude", "longitude"), values[..., 0], attributes)
    coordinates = {
        "time": times,
        "level": ("level", levels, {"units": "hPa"}),
        "latitude": ("latitude", trajectory.latitude, {"units": "degrees_north"}),
        "longitude": ("longitude", trajectory.longitude, {"units": "degrees_east"}),
    }
    if not len(levels):
        del coordinates["level"]
    initial = str(np.datetime_as_string(trajectory.time_at(start), unit="s"))
    dataset = xr.Dataset(fields, coordinates, {"initial_time": initial, "source": "glidepath"})
    if trajectory.is_north_first:
        dataset = dataset.isel(latitude=slice(None, None, -1))
    return dataset.rename({ours: theirs for theirs, ours in trajectory.renamed.items()})
