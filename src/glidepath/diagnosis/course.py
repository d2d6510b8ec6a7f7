"""The losses of a run as rules see them: where they began, their best level, where they are."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glidepath.diagnosis.robust_trend import block_medians, block_size, error_of_median
from glidepath.diagnosis.stretches import stretches
from glidepath.record import History

FIRST = 5
"""Updates whose median is the loss at the start; a rate that is not absurd has changed little."""
HUGE = 1e150
"""What is larger is no number to reckon with: its square is none."""
LEAST = 10
"""Updates of which a level is taken: a median of so many moves little by one odd batch."""


@dataclass(frozen=True, eq=False)
class Course:
    """Losses that can be compared, of one stretch of a run.

    Attributes:
        is_first: whether it begins where the run does.
        steps: of the updates, `[n]`, int64.
        losses: `[n]`, float64, without NaN: where the loss was none, it is infinite.
        rates: learning rates, `[n]`, NaN where there are none.
    """

    is_first: bool
    steps: np.ndarray
    losses: np.ndarray
    rates: np.ndarray

    def __len__(self) -> int:
        return len(self.losses)

    def rate_at(self, row: int) -> float | None:
        """The learning rate of an update, where it is known."""
        rate = float(self.rates[row])
        return rate if math.isfinite(rate) else None

    @cached_property
    def size(self) -> int:
        """Updates in a block, of which levels are medians: 10 of a short run, 1/32 of a long."""
        return block_size(len(self), LEAST)

    @cached_property
    def levels(self) -> np.ndarray:
        """Medians of blocks, `[n // size]`."""
        return block_medians(self.losses, self.size)

    @cached_property
    def start(self) -> float:
        """The loss of the first updates."""
        return float(np.median(self.losses[:FIRST]))

    @cached_property
    def best_block(self) -> int:
        """The block with the lowest level."""
        return int(np.argmin(self.levels))

    @cached_property
    def best(self) -> float:
        """The lowest level so far, that of the start included."""
        return min(self.start, float(self.levels.min(initial=np.inf)))

    @cached_property
    def now(self) -> float:
        """The level of the last updates."""
        return float(np.median(self.losses[-self.size :]))

    @cached_property
    def error(self) -> float:
        """Standard error of a level: the larger one of those at the best and now."""
        best = self.losses[self.best_block * self.size : (self.best_block + 1) * self.size]
        return max(
            error_of_median(part, self.size)
            for part in (best, self.losses[-self.size :], self.losses[: self.size])
        )


def courses(history: History) -> list[Course]:
    """The losses of a run, stretch by stretch; stretches without any are left out.

    An update whose loss was not recorded is left out; one whose loss was NaN counts as infinite,
    from the first update on that the record calls not finite.
    """
    losses, rates = history.column("loss"), history.column("lr")
    losses = np.where(np.abs(losses) > HUGE, np.inf, losses)
    if history.nonfinite:
        first = min(line["step"] for line in history.nonfinite)
        losses = np.where(np.isnan(losses) & (history.steps >= first), np.inf, losses)
    found = []
    for part in stretches(history):
        rows = np.flatnonzero(~np.isnan(losses[part])) + part.start
        if len(rows):
            of = (history.steps[rows], losses[rows], rates[rows])
            found.append(Course(part.start == 0 and _begins_the_run(history), *of))
    return found


def _begins_the_run(history: History) -> bool:
    """Whether the record has the run's first updates, or every so many from there on."""
    first, *later = history.steps[:2].tolist()
    return first <= 2 * (later[0] - first if later else 1)
