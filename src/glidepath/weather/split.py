"""Which times a model learns from, and which are held out to judge it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from glidepath.weather.trajectory import DataError
from glidepath.weather.variables import NUM_INPUT_TIMES


@dataclass(frozen=True)
class Split:
    """A trajectory cut in two: the first times for training, the last for evaluation.

    Attributes:
        num_times: of the whole trajectory.
        holdout: the share of the times that is held out, in [0, 1).
    """

    num_times: int
    holdout: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.holdout < 1.0:
            raise ValueError(f"`holdout` must be at least 0 and below 1, got {self.holdout}")

    @property
    def num_training_times(self) -> int:
        """How many times are for training."""
        return self.num_times - round(self.num_times * self.holdout)

    def num_training_windows(self, rollout: int) -> int:
        """How many windows of a rollout lie wholly in the training times.

        Raises:
            DataError: if there is none.
        """
        needed = rollout + NUM_INPUT_TIMES
        count = self.num_training_times - needed + 1
        if count < 1:
            raise DataError(
                f"a rollout of {rollout} needs {needed} times in a row and there are "
                f"{self.num_training_times} to train on: use more data, a shorter rollout, or a "
                f"smaller hold-out than {self.holdout:g}"
            )
        return count


Period = tuple[str, str]
"""The first and the last time of something, ISO 8601."""


def training_period(times: np.ndarray, split: Split) -> Period:
    """The times that a model learns from; `datetime64`, `[time]`."""
    first, last = times[0], times[split.num_training_times - 1]
    return str(first.astype("datetime64[s]")), str(last.astype("datetime64[s]"))


USUAL_LEAD_STEPS = 4


def usual_lead(times: np.ndarray, period: Period) -> int:
    """How many time steps ahead forecasts are judged where nobody says: 4, or as many as there are.

    Returns:
        0 where there are not enough times outside the period for even one.
    """
    for num_steps in range(USUAL_LEAD_STEPS, 0, -1):
        with suppress(DataError):
            starts_outside(times, period, num_steps)
            return num_steps
    return 0


def starts_outside(times: np.ndarray, period: Period, num_steps: int) -> np.ndarray:
    """The positions of initial states whose forecasts share no time with a period.

    Args:
        times: of the data, `datetime64`, `[time]`.
        period: that was trained on.
        num_steps: lead times of a forecast; its inputs count, too.
    Returns:
        `[start]`, ascending.
    Raises:
        ValueError: if there is no lead time.
        DataError: if there is no such state.
    """
    if num_steps < 1:
        raise ValueError(f"the lead must be at least 1 time step, got {num_steps}")
    first, last = (np.datetime64(time) for time in period)
    starts = np.arange(NUM_INPUT_TIMES - 1, max(len(times) - num_steps, 0))
    is_outside = (times[starts - NUM_INPUT_TIMES + 1] > last) | (times[starts + num_steps] < first)
    if not is_outside.any():
        raise DataError(
            f"a lead of {num_steps} time steps needs {num_steps + NUM_INPUT_TIMES} times in a row "
            f"outside {period[0]} to {period[1]}, which the model was trained on: look less far "
            "ahead, hold out more, or judge it on other data"
        )
    return starts[is_outside]
