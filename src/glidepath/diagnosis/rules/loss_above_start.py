"""A loss that stays above the one that the run began with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.course import Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.rules.divergence import is_diverged
from glidepath.record import History

LEAST = 100
"""Updates: a large rate may well raise the loss for the first few."""
MARGIN = 0.02
"""Of the first loss. Ours, measured on the healthy runs in tests/diagnosis."""
NEARLY_ALL = 0.99
"""Of the losses of the second half, that are above the start. The first batches may be easy ones:
that the first loss and two of the first three are easier than 99 in 100 has odds of 2 in 10,000."""


def find(history: History) -> Iterator[Finding]:
    """Nearly every loss of the second half is above the first."""
    found = courses(history)
    if found and is_above_start(found[0]) and not is_diverged(found[-1]):
        yield _finding(found[0])


def is_above_start(course: Course) -> bool:
    """Whether nearly all losses of the second half are above the start."""
    if not course.is_first or len(course) < LEAST:
        return False
    if not np.isfinite(course.losses[len(course) // 2 :]).all():
        return False
    start, lowest, _ = _levels(course)
    return lowest > start + MARGIN * abs(start)


def _levels(course: Course) -> tuple[float, float, float]:
    """The first loss; the lowest, but for 1 in 100, and the median of the second half."""
    later = course.losses[len(course) // 2 :]
    start = max(float(np.median(course.losses[:3])), float(course.losses[0]))
    return start, float(np.quantile(later, 1 - NEARLY_ALL)), float(np.median(later))


def _finding(course: Course) -> Finding:
    start, lowest, usual = _levels(course)
    step = int(course.steps[np.flatnonzero(course.losses >= lowest)[0]])
    rate = float(np.nanmax(course.rates)) if np.isfinite(course.rates).any() else None
    return Finding(
        "loss-above-start",
        "error",
        "likely",
        step,
        f"the loss began at {start:.3g}, and was {lowest:.3g} or more, mostly {usual:.3g}, "
        f"in nearly all of the second half of {len(course):,} updates",
        "the model is worse than it was untrained: the updates are too large for it to settle, or "
        "go the wrong way",
        (
            "a tenth of the peak rate" + ("" if rate is None else f", {rate:.3g}"),
            "look whether the sign of the loss is right, and labels belong to their inputs",
        ),
        evidence={"start": start, "lowest": lowest, "usual": usual, "peak_rate": rate},
    )


RULE = Rule(
    "loss-above-start",
    "the loss of every update from the first on",
    "99 in 100 losses of the second half of 100 updates or more are 2 % above the first loss and "
    "the median of the first 3, and the run has not diverged",
    "ours, measured on the healthy runs in tests/diagnosis",
    find,
)
