"""How good forecasts are: RMSE next to persistence and climatology, on times held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from glidepath.weather.forecast import TrainedModel
from glidepath.weather.loss import area_weights
from glidepath.weather.split import Period, Split, starts_outside
from glidepath.weather.trajectory import DataError, Trajectory
from glidepath.weather.variables import Channel

MAX_CLIMATOLOGY_TIMES = 1_460
FORECASTS = ("model", "persistence", "climatology")


@dataclass(frozen=True)
class Skill:
    """Root mean squared errors.

    Attributes:
        channels: fields, `[state]`.
        lead_hours: `[lead]`.
        rmse: by name of forecast, in physical units, `[lead, state]`.
        num_starts: how many forecasts were judged.
        first_start: the first initial time.
        last_start: the last.
    """

    channels: tuple[Channel, ...]
    lead_hours: tuple[float, ...]
    rmse: dict[str, np.ndarray]
    num_starts: int
    first_start: str
    last_start: str

    @property
    def over_persistence(self) -> np.ndarray:
        """The model's RMSE over that of persistence, `[lead, state]`; below 1 is better."""
        return self.rmse["model"] / np.maximum(self.rmse["persistence"], 1e-30)

    def as_table(self) -> dict[str, Any]:
        """Everything as plain lists and numbers, for JSON."""
        return {
            "channels": [{"variable": c.variable, "level": c.level} for c in self.channels],
            "lead_hours": list(self.lead_hours),
            "rmse": {name: values.tolist() for name, values in self.rmse.items()},
            "mean_over_persistence": self.over_persistence.mean(axis=1).tolist(),
            "share_below_persistence": (self.over_persistence < 1).mean(axis=1).tolist(),
            "num_starts": self.num_starts,
            "first_start": self.first_start,
            "last_start": self.last_start,
        }


def climatology(trajectory: Trajectory, split: Split) -> np.ndarray:
    """The mean of the training times at every point, `[grid, state]`, float32.

    Of a long trajectory, so many times as a year of 6-hourly states has, evenly spread.
    """
    indices = _spread(range(split.num_training_times), MAX_CLIMATOLOGY_TIMES)
    total = np.zeros(trajectory.state(0).shape)
    for index in indices:
        total += trajectory.state(index)
    return (total / len(indices)).astype(np.float32)


def evaluate(
    model: TrainedModel,
    trajectory: Trajectory,
    *,
    period: Period,
    num_steps: int,
    max_starts: int,
    mean_state: np.ndarray,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Skill:
    """Judge forecasts from initial states spread evenly over times that were not trained on.

    The RMSE is the root of the mean over initial states of the area-weighted mean squared error.

    Args:
        model: to judge.
        trajectory: the data.
        period: that the model was trained on.
        num_steps: lead times, one time step apart.
        max_starts: at most so many initial states.
        mean_state: the climatology, `[grid, state]`.
        progress: told how many initial states are done, of how many.
    Raises:
        DataError: if there are no such times, or the climatology is of another grid.
    """
    starts = _spread(starts_outside(trajectory.times, period, num_steps), max_starts)
    if mean_state.shape != trajectory.state(starts[0]).shape:
        raise DataError(f"{trajectory.source} is on another grid than the model was trained on")
    squared = {name: np.zeros((num_steps, len(trajectory.task.state))) for name in FORECASTS}
    for done, start in enumerate(starts, start=1):
        forecasts = {
            "model": model.forecast(trajectory, start, num_steps),
            "persistence": trajectory.state(start)[None],
            "climatology": mean_state[None],
        }
        for name, forecast in forecasts.items():
            squared[name] += _squared_error(forecast, trajectory, start, num_steps)
        progress(done, len(starts))
    hours = trajectory.time_step / np.timedelta64(1, "h")
    return Skill(
        channels=trajectory.task.state,
        lead_hours=tuple(float(hours * i) for i in range(1, num_steps + 1)),
        rmse={name: np.sqrt(values / len(starts)) for name, values in squared.items()},
        num_starts=len(starts),
        first_start=str(trajectory.times[starts[0]].astype("datetime64[m]")),
        last_start=str(trajectory.times[starts[-1]].astype("datetime64[m]")),
    )


def _squared_error(
    forecast: np.ndarray, trajectory: Trajectory, start: int, num_steps: int
) -> np.ndarray:
    """Area-weighted mean squared error, `[lead, state]`."""
    truth = np.stack([trajectory.state(start + i) for i in range(1, num_steps + 1)])
    rows = area_weights(trajectory.latitude)
    weights = np.repeat(rows / rows.sum(), len(trajectory.longitude)) / len(trajectory.longitude)
    return np.einsum("g,lgs->ls", weights, np.square(forecast.astype(np.float64) - truth))


def _spread(positions: Sequence[int], most: int) -> list[int]:
    """At most so many of the positions, evenly spread, the first and the last among them."""
    if len(positions) <= most:
        return [int(position) for position in positions]
    places = np.linspace(0, len(positions) - 1, most).round().astype(int)
    return [int(positions[i]) for i in places]
