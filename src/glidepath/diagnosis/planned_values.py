"""Whether the values that a run used are the plan's."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from glidepath.plan import Schedule
from glidepath.record.history import History

RELATIVE = 1e-5
"""Of the value: float32 has 6e-8, and so the same formula in another order a little more."""
OF_THE_LARGEST = 1e-6
"""Of the largest value: the plan itself is right to 4 units in float32's last place of that."""
MOST = 2_000
"""Rows on which patterns are tried."""


@dataclass(frozen=True, eq=False)
class UsedValues:
    """What was recorded of one quantity, where it was seen.

    Attributes:
        name: of the quantity.
        schedule: what the plan says of it.
        steps: of the updates, `[n]`.
        values: that were used, `[n]`.
        lags: how many updates had been skipped before each, `[n]`.
    """

    name: str
    schedule: Schedule
    steps: np.ndarray
    values: np.ndarray
    lags: np.ndarray

    def follows(self, steps: np.ndarray, times: float = 1.0) -> np.ndarray:
        """Where the values are the plan's at other steps, times a factor; `[n]`."""
        said = times * np.asarray(self.schedule(np.maximum(steps, 0)), np.float64)
        bound = RELATIVE * np.abs(said) + OF_THE_LARGEST * np.abs(said).max(initial=0.0)
        return np.abs(self.values - said) <= bound

    @cached_property
    def is_planned(self) -> np.ndarray:
        """Where the values are the plan's, `[n]`.

        A scheduler that counts updates stands still while a GradScaler skips them, and is as many
        behind from then on: that is the plan, too.
        """
        return self.follows(self.steps) | self.follows(self.steps - self.lags)

    def where(self, rows: np.ndarray) -> UsedValues:
        """The same on some rows only, and few of them, evenly spread."""
        chosen = np.flatnonzero(rows)
        chosen = chosen[:: -(-len(chosen) // MOST)]
        return UsedValues(
            self.name, self.schedule, self.steps[chosen], self.values[chosen], self.lags[chosen]
        )


def used_values(history: History, name: str) -> UsedValues:
    """A quantity at the updates since the run's last start where somebody saw what was used.

    What stood in the record before may have followed another plan.

    Args:
        history: of a run with a plan.
        name: of a quantity of the plan.
    """
    plan, values = history.plan, history.column(name)
    assert plan is not None
    began = history.restarts[-1] if history.restarts else 0
    skipped = history.column("skipped") == 1
    lags = np.cumsum(skipped) - skipped
    rows = (history.column("planned") != 1) & (history.steps >= began) & np.isfinite(values)
    return UsedValues(name, plan[name], history.steps[rows], values[rows], lags[rows])
