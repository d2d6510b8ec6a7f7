"""The loss: squared errors, weighted by area, by pressure and by variable."""

from __future__ import annotations

from collections import Counter

import numpy as np

from glidepath.weather.variables import LOSS_WEIGHTS, Task


def area_weights(latitude: np.ndarray) -> np.ndarray:
    """The share of the sphere that a row of grid points stands for, with a mean of 1.

    A row at a pole is a cap of half a cell's height:

        w = cos(lat) sin(delta / 2),   at a pole sin(delta / 4)**2

    Without poles the rows must be cells that reach them, and w = cos(lat).

    Args:
        latitude: degrees north, evenly spaced and ascending, `[lat]`.
    Returns:
        `[lat]`, float64.
    Raises:
        ValueError: if the rows neither hold both poles nor end half a cell before them.
    """
    spacing = np.diff(latitude).mean()
    ends = np.abs(latitude[[0, -1]])
    weights = np.cos(np.deg2rad(latitude.astype(np.float64)))
    if np.allclose(ends, 90.0, atol=1e-3):
        weights *= np.sin(np.deg2rad(spacing / 2))
        weights[[0, -1]] = np.sin(np.deg2rad(spacing / 4)) ** 2
    elif not np.allclose(ends, 90.0 - spacing / 2, atol=spacing * 1e-2):
        raise ValueError(
            f"latitudes must reach both poles, or end half a cell before them; they go from "
            f"{latitude[0]:g} to {latitude[-1]:g} by {spacing:g} degrees"
        )
    return weights / weights.mean()


def channel_weights(task: Task, *, by_variable: bool = True) -> np.ndarray:
    """What a channel's mean squared error counts for in the loss.

    Levels weigh by their pressure over the mean pressure, and are averaged; variables are added
    up with the weights of Lam et al. 2023, supplement 4.2.

    Args:
        task: of the model.
        by_variable: whether to apply the weights of the variables.
    Returns:
        `[state]`, float64.
    """
    mean_level = np.mean(task.pressure_levels) if task.pressure_levels else 1.0
    num_levels = Counter(channel.variable for channel in task.state)
    weights = [
        (1.0 if channel.level is None else channel.level / mean_level)
        / num_levels[channel.variable]
        * (LOSS_WEIGHTS.get(channel.variable, 1.0) if by_variable else 1.0)
        for channel in task.state
    ]
    return np.array(weights)
