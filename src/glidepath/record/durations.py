"""How long the updates of a run took, pauses included."""

from __future__ import annotations

import numpy as np

from glidepath.record.history import History


def durations(history: History) -> np.ndarray:
    """Seconds from the update before to each update, with what was done between them.

    What a recorder measured with a clock that never goes back is taken where it is there. After a
    pause, such as an evaluation, it is the difference of two times of day, and NaN where that is
    negative. Between two starts of a run it is NaN, too.

    Returns:
        `[updates]`, float64, in seconds; NaN for the first one.
    """
    if not len(history):
        return np.zeros(0)
    times = history.column("time")
    by_day = np.concatenate([[np.nan], np.diff(times)])
    by_day[(by_day < 0) | np.isin(history.steps, history.restarts)] = np.nan
    measured = history.column("seconds")
    return np.where(np.isnan(measured), by_day, measured)


def waited_for_first(history: History) -> float:
    """Seconds from the last start to its first update, most of them compiling; NaN if unknown."""
    started = history.header.get("time")
    if started is None or not len(history):
        return float("nan")
    since = history.column("time") - started
    since = since[since >= 0]
    return float(since[0]) if len(since) else float("nan")
