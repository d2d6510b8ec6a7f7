"""Which updates can be compared: those that do the same work on the same kind of loss."""

from __future__ import annotations

from collections.abc import Set

import numpy as np

from glidepath.plan.values import quantity_of
from glidepath.record import History

LEAVE_THE_LOSS = frozenset(
    {"lr", "weight_decay", "momentum", "beta1", "beta2", "eps", "clip", "batch"}
)
"""Quantities that do not change what the loss measures. A rollout does, and so do dropout and,
as far as anybody knows, a user's own."""


LEAVE_THE_WORK = LEAVE_THE_LOSS - {"batch"}
"""Quantities that do not change what an update takes."""


def stretches(history: History, leave: Set[str] = LEAVE_THE_LOSS) -> list[slice]:
    """Rows of a record between changes of what the loss measures, in order.

    A quantity of the plan that changes what is measured, such as `rollout`, ends a stretch where
    its recorded value changes; so does "rollout" where there is no plan.

    Args:
        history: of the run.
        leave: quantities whose changes are no matter.
    Returns:
        Slices of the rows; together all of them. Empty where nothing was recorded.
    """
    num_rows = len(history)
    if not num_rows:
        return []
    is_new = np.zeros(num_rows, bool)
    is_new[0] = True
    for name in _that_matter(history, leave):
        values = history.column(name)
        is_same = (values[1:] == values[:-1]) | (np.isnan(values[1:]) & np.isnan(values[:-1]))
        is_new[1:] |= ~is_same
    starts = np.flatnonzero(is_new).tolist()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], num_rows], strict=True)]


def _that_matter(history: History, leave: Set[str]) -> list[str]:
    names = history.values if history.plan is not None else ["rollout"]
    recorded = set(history.names)
    return [n for n in names if n in recorded and quantity_of(n) not in leave]
