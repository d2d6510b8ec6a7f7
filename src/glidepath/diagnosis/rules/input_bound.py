"""Most of the time goes by in waiting for data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

LEAST = 30
"""Updates in which both times are known."""
SHARE = 0.5
"""Of an update's time: with a loader that is as fast as the model the wait is 0."""
SECONDS = 0.001
"""An update: what is less is not worth the trouble."""


def find(history: History) -> Iterator[Finding]:
    """The wait of each update against its time."""
    seconds, waited = history.column("seconds"), history.column("data_seconds")
    known = np.isfinite(seconds) & np.isfinite(waited) & (seconds > 1e-9)
    if np.count_nonzero(known) < LEAST:
        return
    shares = waited[known] / seconds[known]
    is_bound = (shares > SHARE) & (waited[known] > SECONDS)
    if is_bound.mean() <= SHARE:
        return
    steps = history.steps[known]
    share, wait = float(np.median(shares[is_bound])), float(np.median(waited[known][is_bound]))
    lost = float(waited[known].sum())
    yield Finding(
        "input-bound",
        "warning",
        "certain",
        int(steps[np.argmax(is_bound)]),
        f"{is_bound.mean():.0%} of the updates wait for data for more than half of their time, "
        f"typically {share:.0%} of it, {wait:.3g} s; {lost:.3g} s in all",
        "the model stands still while the loader works",
        (
            "prepare batches in parallel and ahead: more workers, prefetching, pinned memory",
            "do once what is done for every batch: decoding, resizing, opening files",
            "store the data as they are read: one sample a chunk, on a fast disk",
        ),
        evidence={
            "updates": float(is_bound.mean()),
            "share": share,
            "data_seconds": wait,
            "lost_seconds": lost,
        },
    )


RULE = Rule(
    "input-bound",
    "the seconds of every update, and those of them that it waited for its batch",
    "in more than half of 30 updates or more the wait is more than half of the time, and 1 ms",
    "from half on the loader costs more than the model; 1 ms is ours",
    find,
)
