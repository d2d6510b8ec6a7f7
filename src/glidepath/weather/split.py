"""Which times a model learns from, and which are held out to judge it."""

from __future__ import annotations

from dataclasses import dataclass

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

    def evaluation_starts(self, num_steps: int) -> range:
        """The positions of initial states whose forecasts can all be judged on held-out times."""
        first = self.num_training_times + NUM_INPUT_TIMES - 1
        return range(first, self.num_times - num_steps)
