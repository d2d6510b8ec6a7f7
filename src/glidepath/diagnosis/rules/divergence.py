"""The loss has run away, and has not come back."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.course import Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.robust_trend import MEDIAN_COST, scatter
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

TIMES_THE_BEST = 4.0
"""Where the usual learning rate range tests stop, such as fastai's; Smith 2017, arXiv:1506.01186,
says no number."""
LOST = 0.5
"""Of what had been learnt. Ours, measured on the healthy runs in tests/diagnosis."""
SURE = 6.0
"""Standard errors. Ours, as above."""
LAST = 5
"""Finite losses before the first that is not, of which one tells an explosion from a bad batch."""


def find(history: History) -> Iterator[Finding]:
    """The level of the last updates against the best and the first."""
    if not (found := courses(history)):
        return
    course = found[-1]
    if is_diverged(course):
        yield _finding(history, course)


def is_diverged(course: Course) -> bool:
    """Whether the loss is far above what it was, and stays there."""
    if not math.isfinite(course.losses[0]):
        return False
    if not math.isfinite(course.now):
        return _exploded(course)
    if len(course) < 2 * course.size:
        return False
    return _is_multiple(course) or _is_lost(course)


def _exploded(course: Course) -> bool:
    """Whether the losses rose before they were no numbers any more."""
    finite = course.losses[np.isfinite(course.losses)]
    before, last = finite[:-LAST], finite[-LAST:]
    best = min(float(finite[0]), float(np.median(before)) if len(before) else np.inf)
    return len(finite) > 1 and float(last.max()) > max(TIMES_THE_BEST * best, float(finite[0]))


def _is_multiple(course: Course) -> bool:
    """Whether the loss is four times its best, above its start, and that is no noise.

    Ratios are judged on the logarithm, on which the noise of a positive loss is about the same
    at every level.
    """
    now, best = course.now, course.best
    if not (best > 0 and now > max(course.start, TIMES_THE_BEST * best)):
        return False
    finite = course.losses[np.isfinite(course.losses) & (course.losses > 0)]
    error = MEDIAN_COST * scatter(np.log(finite)) / course.size**0.5
    return math.log(now / best) > math.log(TIMES_THE_BEST) + SURE * error


def _is_lost(course: Course) -> bool:
    """Whether half of what had been learnt is lost again, over two blocks and beyond noise."""
    learnt = course.start - course.best
    bound = course.best + LOST * learnt
    recent = course.losses[-2 * course.size :]
    halves = [float(np.median(half)) for half in np.split(recent, 2)]
    return min(halves) > max(bound, course.best + SURE * course.error) and (
        learnt > SURE * course.error
    )


def _beginning(course: Course) -> int:
    """The row after which the loss never came back to half-way between its best and now."""
    ceiling = course.now if math.isfinite(course.now) else 2 * max(course.start, course.best)
    bound = (course.best + ceiling) / 2
    low = np.flatnonzero(course.losses <= bound)
    return min(int(low[-1]) + 1, len(course) - 1) if len(low) else 0


def _finding(history: History, course: Course) -> Finding:
    row = _beginning(course)
    best = course.best if math.isfinite(course.now) else min(course.best, float(course.losses[0]))
    step, rate = int(course.steps[row]), course.rate_at(row)
    saved = [one for one in history.checkpoints if one <= step]
    now = f"{course.now:.3g}" if math.isfinite(course.now) else "no number"
    what = f"the loss went from {best:.3g} to {now} from step {step:,} on"
    what += "" if rate is None else f", where the rate was {rate:.3g}"
    again = f"go on from the checkpoint at step {saved[-1]:,}" if saved else "start again"
    return Finding(
        "divergence",
        "error",
        "certain" if course.now > course.start else "likely",
        step,
        f"{what}; it began at {course.losses[0]:.3g}",
        "updates overshoot, and each makes the next gradient larger: what was learnt is lost, and "
        "more updates seldom bring it back",
        (
            f"{again} with a third of the peak rate",
            "warm up for longer, if it began near the end of the warm-up",
            "clip the gradient's norm, if a single batch began it",
            "if gradients only grow, see that they are set to 0 before each: optimizer.zero_grad()",
        ),
        evidence={
            "first": float(course.losses[0]),
            "best": best,
            "now": course.now,
            "step": step,
            "rate": rate,
        },
    )


RULE = Rule(
    "divergence",
    "the loss of every update, by medians of 10 updates or 1/32 of the run",
    "the last level is 4 times the best and above the start, or half of what had been learnt is "
    "lost over two levels in a row, by 6 standard errors; or the loss rose so before it was NaN",
    "4 times the best: where the usual learning rate range tests stop, such as fastai's (the test: "
    "Smith 2017, arXiv:1506.01186); the rest is ours, measured on the healthy runs in "
    "tests/diagnosis",
    find,
)
