"""A loss that has hardly fallen, or not at all, and falls no more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.course import Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.robust_trend import error_of_median
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.rules.divergence import is_diverged
from glidepath.diagnosis.rules.loss_above_start import is_above_start
from glidepath.record import History

LEAST = 200
"""Updates: a large model may do nothing visible for as many."""
LEARNT = 0.1
"""Of the first loss: a run that has learnt more may simply have converged. Ours, measured on the
healthy runs in tests/diagnosis."""
STILL = 0.01
"""Of the first loss, by which it may fall in the second half. Ours, as above."""
SURE = 2.0
"""Standard errors. Ours, as above."""
WARM = 0.1
"""Of the peak rate: below it a loss stands still because the rate is small."""


def find(history: History) -> Iterator[Finding]:
    """The second half of the run, at a rate that could move something."""
    found = courses(history)
    if not found or not found[-1].is_first or len(found[-1]) < LEAST:
        return
    course = found[-1]
    half = len(course) // 2
    if course.start > 0 and _is_moving(history) and _is_warm(course, half):
        level = float(np.median(course.losses[half:]))
        learnt = (course.start - level) / course.start
        is_worse = is_above_start(course) or is_diverged(course)  # which other rules say
        if learnt < LEARNT and _is_flat(course, half) and not is_worse:
            yield _finding(course, half, level, learnt)


def _is_moving(history: History) -> bool:
    """Whether the parameters change, as far as is known; if not, another rule says so."""
    _, norms = history.known("parameter_norm")
    _, ratios = history.known("update_ratio")
    return (len(norms) < 2 or bool(np.ptp(norms) > 0)) and (not len(ratios) or ratios.max() > 0)


def _is_warm(course: Course, half: int) -> bool:
    rates, later = course.rates, course.rates[half:]
    if not np.isfinite(later).any():
        return True
    peak, typical = float(np.nanmax(rates)), float(np.nanmedian(later))
    return peak > 0 and typical >= WARM * peak


def _is_flat(course: Course, half: int) -> bool:
    """Whether the first and the last third of the second half lie at one level."""
    thirds = np.array_split(course.losses[half:], 3)
    first, last = float(np.median(thirds[0])), float(np.median(thirds[-1]))
    error = max(error_of_median(thirds[0]), error_of_median(thirds[-1]))
    return abs(first - last) + SURE * error <= STILL * course.start


def _finding(course: Course, half: int, level: float, learnt: float) -> Finding:
    step = int(course.steps[half])
    side = "below" if learnt >= 0 else "above"
    return Finding(
        "plateau",
        "warning",
        "possible",
        step,
        f"the loss is {level:.4g} since step {step:,}, {abs(learnt):.1%} {side} its start of "
        f"{course.start:.4g}, and does not fall",
        "the model says the same whatever it sees, such as the commonest class: the gradients "
        "vanish on their way, the rate is far too low, or so high that all units died",
        (
            "ask `glidepath diagnose` for the arrays, by params=model in the recorder",
            "try ten times and a tenth of the rate for a few hundred updates, or `find-lr`",
            "train on one batch alone: a sound model learns it by heart",
        ),
        evidence={"start": course.start, "level": level, "learnt": learnt, "since": step},
    )


RULE = Rule(
    "plateau",
    "the loss of every update, and the rate",
    "after 200 updates or more less than 10 % of the first loss is gone, or it is a little above, "
    "and in the second half it changes by less than 1 % of it, sure by 2 standard errors, at a "
    "rate of a tenth of the peak or more; not where `loss-above-start` or `divergence` speaks",
    "ours, measured on the healthy runs in tests/diagnosis",
    find,
)
