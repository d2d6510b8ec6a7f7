"""How fast a run goes, and how long it still takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glidepath.record.durations import durations
from glidepath.record.history import History

LEAST_BLOCK = 20
"""Updates: a mean over fewer says little."""
BLOCKS = 5
"""Of the newest updates: a run's speed changes with its rollout, its machine and its neighbours."""


@dataclass(frozen=True)
class Pace:
    """How fast a run goes; None where the record does not say.

    Attributes:
        seconds_per_update: with its share of evaluations and checkpoints.
        seconds_left: to the end of the run at this pace.
        updates_per_second: without pauses.
        samples_per_second: without pauses.
    """

    seconds_per_update: float | None
    seconds_left: float | None
    updates_per_second: float | None
    samples_per_second: float | None


def pace_of(history: History) -> Pace:
    """How fast a run has gone lately.

    The newest updates are cut into blocks that are as long as the run's evaluations and
    checkpoints are apart, so that each has its share of pauses. The pace is the median of the
    blocks' means: a machine that slept for a night moves one of them.
    """
    seconds = _with_pauses(history)
    left = None
    if seconds is not None and history.total_steps is not None:
        left = max(0, history.total_steps - history.num_done) * seconds
    net = _median(history.column("seconds")[-BLOCKS * LEAST_BLOCK :])
    samples = _median(history.column("samples")[-BLOCKS * LEAST_BLOCK :])
    rate = None if not net else 1.0 / net
    return Pace(seconds, left, rate, None if rate is None or samples is None else rate * samples)


def _with_pauses(history: History) -> float | None:
    """Seconds an update; where only every so many were logged, of each of those between, too."""
    taken = durations(history)
    if len(taken) < 2:
        return None
    per_update = taken[1:] / np.diff(history.steps)
    length = max(LEAST_BLOCK, _apart(history))
    recent = per_update[-BLOCKS * length :]
    if len(recent) < 2 * length:
        return _mean(recent)
    whole = recent[len(recent) % length :].reshape(-1, length)
    return _median(np.array([_mean(block) for block in whole], np.float64))


def _apart(history: History) -> int:
    """Recorded updates between two evaluations or checkpoints, whichever are further apart."""
    steps = [history.evaluations(name)[0] for name in history.metrics]
    steps.append(np.array(history.checkpoints, np.int64))
    apart = [np.median(np.diff(one)) for one in steps if len(one) > 1]
    stride = np.median(np.diff(history.steps))
    return int(max(apart, default=0) / max(1, stride))


def _mean(values: np.ndarray) -> float | None:
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else None


def _median(values: np.ndarray) -> float | None:
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else None
