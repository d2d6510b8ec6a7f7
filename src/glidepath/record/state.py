"""Whether a run is going on, has ended, or has fallen silent."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from glidepath.record.durations import durations, waited_for_first
from glidepath.record.history import History

GOING_ON, SILENT, NOT_STARTED = "going on", "silent", "not started"
READING = "reading"
"""Of a record that was not read to its end yet, which tells nothing else."""
ENDED = ("finished", "stopped", "failed")
"""As the last line of a record says it."""

LEAST_SECONDS = 60.0
"""Nothing is called silent before."""
FIRST_SECONDS = 900.0
"""Nor before the first updates, while a large model is compiled."""
UPDATES, PAUSES = 20, 3
"""Usual updates, and longest pauses, that are waited for."""


@dataclass(frozen=True)
class State:
    """What has become of a run.

    Attributes:
        name: "not started", "going on", "finished", "stopped", "failed", or "silent": no line has
            come for so long that it must have died, or hang. "reading" where all that is not known
            yet.
        age: seconds since the last line; None before the first.
        patience: seconds without a line from which on it is silent.
        reason: why it was stopped or failed, where the record says; what is waited for.
    """

    name: str
    age: float | None
    patience: float
    reason: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether the record says that the run has ended."""
        return self.name in ENDED


def state_of(history: History, age: float | None = None) -> State:
    """What has become of a run.

    Args:
        history: of it.
        age: seconds since its last line, where that is known better than by the time of day, which
            differs from machine to machine.
    """
    if age is None and history.last_time is not None:
        age = max(0.0, time.time() - history.last_time)
    limit = patience(history)
    if history.last_time is None and history.end is None:
        return State(NOT_STARTED, None, limit)
    if history.end is not None:
        return State(history.end.get("state", ENDED[0]), age, limit, history.end.get("reason"))
    return State(SILENT if age is not None and age > limit else GOING_ON, age, limit)


def patience(history: History) -> float:
    """Seconds without a line after which a run must have died.

        max(60 s, 20 * median, 3 * pause)

    where the median is that of the time between updates, and the pause the second longest time
    between two updates, or that before the first one, if it was longer: evaluations, checkpoints
    and compiling come again, a laptop that was closed once does not count. 15 minutes before there
    are two updates.
    """
    taken = durations(history)
    taken = np.sort(taken[~np.isnan(taken)])
    if not len(taken):
        return FIRST_SECONDS
    pause = np.nanmax([taken[-2] if len(taken) > 1 else taken[-1], waited_for_first(history)])
    return float(max(LEAST_SECONDS, UPDATES * np.median(taken), PAUSES * pause))
