"""What rates a sweep tries, and when it stops."""

from __future__ import annotations

import math
from dataclasses import dataclass

from glidepath.plan.numbers import finite, positive, positive_count

FEWEST_STEPS = 10
"""With fewer updates there is no curve to look at."""


@dataclass(frozen=True)
class SweepSettings:
    """The rates of a sweep and its smoothing, checked.

    Attributes:
        lowest: rate, at the first update.
        highest: rate, at the last.
        num_steps: updates.
        smoothing: beta of the moving average, in [0, 1).
        divergence: the loss has diverged above so many times its best.
    """

    lowest: float
    highest: float
    num_steps: int
    smoothing: float
    divergence: float

    def __post_init__(self) -> None:
        check_rates(self.lowest, self.highest, self.num_steps)
        check_smoothing(self.smoothing)
        if finite("divergence", self.divergence) <= 1:
            raise ValueError(
                f"`divergence` must be above 1, as in 4 times the best loss, got {self.divergence}"
            )

    def rates(self) -> tuple[float, ...]:
        """The rate of each update, evenly spread in its logarithm.

            rate(i) = lowest * (highest / lowest) ** (i / (num_steps - 1))

        Source: Smith 2015, arXiv:1506.01186, raises the rate linearly; Gugger 2018, "How do you
        find a good learning rate", exponentially, as here.
        """
        low, high, last = math.log(self.lowest), math.log(self.highest), self.num_steps - 1
        between = (math.exp(low + (high - low) * i / last) for i in range(1, last))
        return (float(self.lowest), *between, float(self.highest))


def check_rates(lowest: float, highest: float, num_steps: int) -> None:
    """Refuse what are no rates of a sweep.

    Raises:
        TypeError, ValueError: saying what would work.
    """
    if positive("highest", highest) <= positive("lowest", lowest):
        raise ValueError(f"`highest` must be above `lowest`, {lowest:g}, got {highest:g}")
    if positive_count("num_steps", num_steps) < FEWEST_STEPS:
        raise ValueError(f"`num_steps` must be at least {FEWEST_STEPS}, got {num_steps}")


def check_smoothing(value: object) -> None:
    """Refuse what is no beta of a moving average.

    Raises:
        TypeError, ValueError: saying what would work.
    """
    if not 0 <= finite("smoothing", value) < 1:
        raise ValueError(f"`smoothing` must be in [0, 1), as 0.8 is, got {value}")
