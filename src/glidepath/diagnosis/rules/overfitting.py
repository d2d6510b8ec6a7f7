"""The validation loss turns while the training loss goes on falling."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.course import HUGE, Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.robust_trend import error_of_median, scatter
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

LOSS = 0.15
"""Generalisation loss, the validation loss over its best, less 1. Prechelt stops at 0.01 to 0.05,
and of single evaluations; the median of three at three times as much is past doubt."""
LEARNT = 0.05
"""Of what validation had learnt, that must be lost: near 0 a tenth is nothing. Ours, measured on
the healthy runs in tests/diagnosis."""
LAST = 3
"""Evaluations of which the present level is the median."""
LEAST = 6
SURE = 3.0
"""Standard deviations of single evaluations since the best. Ours, as above."""


def find(history: History) -> Iterator[Finding]:
    """Each validation loss against its best, and training since then."""
    found = courses(history)
    if not found:
        return
    course = found[-1]
    for metric in history.metrics:
        if "loss" in metric.lower() and "train" not in metric.lower():
            steps, values = history.evaluations(metric)
            here = (steps > course.steps[0]) & (np.abs(values) < HUGE)
            finding = _judge(metric, course, steps[here], values[here])
            if finding is not None:
                yield finding
                return


def _judge(metric: str, course: Course, steps: np.ndarray, values: np.ndarray) -> Finding | None:
    if len(values) < LEAST:
        return None
    at = int(np.argmin(values[:-LAST]))
    best, now = float(values[at]), float(np.median(values[-LAST:]))
    worse = now - best
    learnt = float(values[0]) - best
    noise = SURE * scatter(values[at:])
    if not (best > 0 and worse > max(LOSS * best, LEARNT * learnt, noise)):
        return None
    if float(values[-LAST:].min()) <= best or not (fall := _fall(course, int(steps[at]))):
        return None
    return _finding(metric, int(steps[at]), best, now, fall)


def _fall(course: Course, step: int) -> tuple[float, float] | None:
    """Training losses about the best evaluation and now, where they fell; else None."""
    row = int(np.searchsorted(course.steps, step))
    size = max(10, min(row, len(course) - row) // 4)
    if row < size or len(course) - row < size:
        return None
    around, last = course.losses[row - size : row], course.losses[-size:]
    before, now = float(np.median(around)), float(np.median(last))
    error = max(error_of_median(around), error_of_median(last))
    return (before, now) if before - now > 2 * error else None


def _finding(metric: str, step: int, best: float, now: float, fall: tuple[float, float]) -> Finding:
    before, last = fall
    return Finding(
        "overfitting",
        "warning",
        "likely",
        step,
        f"`{metric}` was {best:.4g} after {step:,} updates and is {now:.4g}, {now / best - 1:.0%} "
        f"more, while the training loss fell from {before:.3g} to {last:.3g}",
        "the model learns its samples by heart: each update since makes it worse on all others",
        (
            f"take the model of step {step:,}, and let the plan end its rate about there",
            "more data, or random changes to them",
            "more weight decay or dropout, or a smaller model",
        ),
        evidence={
            "metric": metric,
            "best_step": step,
            "best": best,
            "now": now,
            "training_at_best": before,
            "training_now": last,
        },
    )


RULE = Rule(
    "overfitting",
    "the validation loss of 6 evaluations or more, and the loss of every update",
    "the median of the last 3 evaluations is 15 % above the best before them, by 5 % of what had "
    "been learnt and 3 standard deviations, while the training loss fell by 2 standard errors",
    "generalisation loss: Prechelt 1998, Early stopping - but when?, who takes 1 to 5 % of single "
    "evaluations; the rest is ours, measured on the healthy runs in tests/diagnosis",
    find,
    num_evaluations=LEAST,
)
