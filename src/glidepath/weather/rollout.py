"""Autoregressive prediction: each forecast is the input of the next, and gradients flow through."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import jax
import jax.numpy as jnp
import numpy as np

from glidepath.weather.loss import area_weights, channel_weights
from glidepath.weather.model import GraphCast
from glidepath.weather.networks import Parameters
from glidepath.weather.statistics import Statistics

Window = dict[str, jax.Array]
"""Fields of consecutive times in physical units, float32.

"state": `[batch, time, grid, state]`; "forcings": `[batch, time, grid, forcings]`; the first two
times are the inputs.
"""


@dataclass(frozen=True)
class Forecaster:
    """A network with what it needs to read and write physical fields.

    Attributes:
        network: GraphCast on one grid.
        statistics: what fields are normalised by.
        statics: fields without time, `[grid, statics]`, in physical units.
        latitude: of the grid, degrees north, ascending, `[lat]`.
    """

    network: GraphCast
    statistics: Statistics
    statics: np.ndarray
    latitude: np.ndarray

    @cached_property
    def _mean(self) -> np.ndarray:
        return self.statistics.of("mean", self.network.task.state)

    @cached_property
    def _std(self) -> np.ndarray:
        return self.statistics.of("std", self.network.task.state)

    @cached_property
    def _scale(self) -> np.ndarray:
        """What one unit of output is worth: a usual change, or a usual anomaly."""
        changes = self.statistics.of("diff_std", self.network.task.state)
        return np.where(self.network.task.is_residual, changes, self._std)

    @cached_property
    def _grid_weights(self) -> np.ndarray:
        rows = area_weights(self.latitude)
        num_longitudes = len(self.network.graphs.grid_features) // len(rows)
        return np.repeat(rows, num_longitudes).astype(np.float32)

    def predict(self, parameters: Parameters, window: Window, num_steps: int) -> jax.Array:
        """Forecast from the first two times, with the forcings of the following ones.

        Args:
            parameters: of the network.
            window: at least `num_steps + 2` times of forcings and two of the state.
            num_steps: forecasts.
        Returns:
            `[num_steps, grid, batch, state]`, physical units.
        """
        prepared = self.network.prepare(parameters)
        state, forcings = self._unpack(window, num_steps)

        def step(carry: tuple, forcings: tuple) -> tuple:
            output = self._network(prepared, carry, forcings)
            prediction = self._base(carry[1]) + output * self._scale
            return (carry[1], prediction), prediction

        _, predictions = jax.lax.scan(step, (state[0], state[1]), forcings)
        return predictions

    def loss(
        self, parameters: Parameters, window: Window, num_steps: int
    ) -> tuple[jax.Array, jax.Array]:
        """The loss of a rollout, the mean over its steps and the batch.

        Args:
            parameters: of the network.
            window: `num_steps + 2` times.
            num_steps: rollout length.
        Returns:
            the loss, and each channel's area-weighted mean squared error in normalised units,
            `[state]`; float32.
        """
        prepared = self.network.prepare(parameters)
        state, forcings = self._unpack(window, num_steps)

        def step(carry: tuple, inputs: tuple) -> tuple:
            *forcings, target = inputs
            output = self._network(prepared, carry, tuple(forcings))
            base = self._base(carry[1])
            error = output - (target - base) / self._scale
            squared = jnp.mean(self._grid_weights[:, None, None] * jnp.square(error), axis=(0, 1))
            return (carry[1], base + output * self._scale), squared

        if num_steps > 1:  # the network rematerialises its layers; a rollout, its steps as well
            step = jax.checkpoint(step, prevent_cse=False)
        _, squared = jax.lax.scan(step, (state[0], state[1]), (*forcings, state[2:]))
        by_channel = squared.mean(axis=0)
        weights = channel_weights(self.network.task).astype(np.float32)
        return jnp.sum(weights * by_channel), by_channel

    def _unpack(self, window: Window, num_steps: int) -> tuple[jax.Array, tuple]:
        """The state `[time, grid, batch, state]`, and each step's forcings at its three times."""
        state = jnp.moveaxis(jnp.asarray(window["state"], jnp.float32), 0, 2)
        forcings = jnp.moveaxis(jnp.asarray(window["forcings"], jnp.float32), 0, 2)
        channels = self.network.task.forcings
        mean, std = self.statistics.of("mean", channels), self.statistics.of("std", channels)
        forcings = (forcings - mean) / std
        return state, tuple(forcings[i : i + num_steps] for i in range(3))

    def _network(self, prepared: Parameters, carry: tuple, forcings: tuple) -> jax.Array:
        task = self.network.task
        is_input = np.flatnonzero(task.is_residual)
        before, now = (
            (state[..., is_input] - self._mean[is_input]) / self._std[is_input] for state in carry
        )
        statics = (self.statics - self.statistics.of("mean", task.statics)) / self.statistics.of(
            "std", task.statics
        )
        inputs = {
            "state 0": before,
            "state 1": now,
            "forcings 0": forcings[0],
            "forcings 1": forcings[1],
            "target forcings": forcings[2],
            "statics": jnp.asarray(statics)[:, None],
        }
        return self.network(prepared, inputs)

    def _base(self, now: jax.Array) -> jax.Array:
        """What the output is added to: the last state, or the mean of what is no input."""
        return jnp.where(np.array(self.network.task.is_residual), now, self._mean)
