"""The loss jumps right after a warm-up, or in the first updates where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.course import Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.robust_trend import scatter
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

AT_PEAK = 0.99
"""Of the largest rate of the rise: there the warm-up is over."""
LEAST = 20
"""Updates after the peak in which a jump is looked for, and as many as the warm-up has, twice."""
LONGEST = 0.25
"""Of the updates of the run: a longer rise is no warm-up."""
ENOUGH = 2_000
"""Updates: 2 / (1 - beta2) with Adam's usual 0.999, the warm-up that Ma and Yarats advise."""
WIDTH = 5
"""Updates of which the median is compared: one odd batch is no jump."""
AFTER = 100
"""Updates after that that show how noisy levels are, and as many as there were before, at least."""
TIMES = 2.0
"""The level before, by which it rises. Ours, measured on the healthy runs in
tests/diagnosis."""
OF_SOME, OF_ONE = 3.5, 7.0
"""Standard deviations of the logarithms of single losses, where the level before is of some
losses, or of the very first alone. Ours, as above; the square of one normal number, the noisiest
loss there is, is 5 below its median once in 200 times."""


def find(history: History) -> Iterator[Finding]:
    """The highest level soon after the peak against the lowest before it."""
    found = courses(history)
    if not found or not found[0].is_first or len(found[0]) < 3 * LEAST:
        return
    course = found[0]
    top = _top(course.rates)
    if top is None:
        return
    end = 3 * top + LEAST
    longest = min(ENOUGH, LONGEST * max(len(course), history.total_steps or 0))
    if end + LEAST > len(course) or top > longest:
        return
    windows = np.lib.stride_tricks.sliding_window_view(course.losses[: end + WIDTH - 1], WIDTH)
    smooth = np.median(windows, axis=1)
    crest = top // 2 + int(np.argmax(smooth[top // 2 :]))
    before = course.losses[: max(0, crest - WIDTH)]
    is_one = len(before) < WIDTH
    low = float(course.losses[0] if is_one else np.median(before))
    high = float(smooth[crest])
    is_back = course.now <= (low if is_one else low + (high - low) / 4)
    if is_back and 0 < low < high < np.inf:
        after = course.losses[end : end + max(AFTER, end)]
        noise = scatter(np.log(after)) if (after > 0).all() else math.inf
        if math.log(high / low) > max(math.log(TIMES), noise * (OF_ONE if is_one else OF_SOME)):
            yield _finding(course, top, crest + WIDTH // 2, low, high)


def _top(rates: np.ndarray) -> int | None:
    """The row at which the rate first stops rising; None where it isn't known."""
    if not np.isfinite(rates[0]):
        return None
    falls = np.flatnonzero(~(rates[1:] >= rates[:-1]))
    rise = rates[: int(falls[0]) + 1] if len(falls) else rates
    return int(np.argmax(rise >= AT_PEAK * rise[-1]))


def _finding(course: Course, top: int, crest: int, low: float, high: float) -> Finding:
    peak, at = float(course.rates[top]), int(course.steps[crest])
    num_steps = int(course.steps[top])
    rise = f"the rate rises to {peak:.3g} in {num_steps:,} updates" if num_steps else (
        f"the rate is {peak:.3g} from the first update on, without a warm-up"
    )  # fmt: skip
    better = max(10 * num_steps, 100)
    return Finding(
        "short-warm-up",
        "warning",
        "likely",
        at,
        f"{rise}, and the loss goes from {low:.3g} to {high:.3g} at step {at:,} before it falls "
        "again",
        "the first gradients are large and Adam's moments are means of few of them: at the full "
        "rate the updates throw the model off, and it may never be as good as it could",
        (
            f"warm up for {better:,} updates or more; 2 / (1 - beta2) with Adam, 2,000 as a rule",
            "a lower peak, if that does not help",
        ),
        evidence={
            "warm_up_steps": num_steps,
            "peak": peak,
            "before": low,
            "crest": high,
            "crest_step": at,
        },
    )


RULE = Rule(
    "short-warm-up",
    "the loss and the rate of every update up to three times the warm-up and 20 updates",
    "a median of 5 losses is twice the level before it, or the very first loss, by 3.5 standard "
    "deviations of later losses, or 7, and the loss comes down again by three quarters, or below "
    "the first; after a rise over 2,000 updates or a quarter of the run at most",
    "why: Goyal et al. 2017, arXiv:1706.02677, sec. 2.2, Gotmare et al. 2018, arXiv:1810.13243, "
    "and for Adam Ma and Yarats 2021, arXiv:1910.04209; the numbers are ours, measured on the "
    "healthy runs in tests/diagnosis",
    find,
)
