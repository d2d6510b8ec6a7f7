"""The loss jumps while an adaptive optimizer divides by what few gradients have told it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glidepath.diagnosis.course import Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.robust_trend import scatter
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

FULL = 0.5
"""Of the highest rate that was used: from there on it is near its peak."""
WIDTH = 5
"""Updates of which the median is compared: one odd batch is no jump."""
TIMES = 1.5
"""The loss before, by which it rises. Ours, measured on the healthy runs in tests/diagnosis."""
LEAST, SOON = 20, 50
"""Updates after it that say how much losses scatter: much later they are smaller, and scatter more
for what they are."""
NOISE = 2.0
"""Standard deviations of single losses, as logarithms; a median of 5 moves by half of one. Ours, as
above."""
LONGER = 4.0
"""Times the steps at the same rate when the loss is back. Ours: in healthy runs of Adam the first
steps are up to 2.8 times as long as those a look later, for the median of one squared gradient is
less than half of the mean, and gradients grow; in those of RMSprop without a jump 3 to 8 times."""


@dataclass(frozen=True)
class Jump:
    """The loss goes up and comes back, all near the peak of the rate; rows are the course's."""

    before: float
    crest: float
    crest_row: int
    back_row: int


def find(history: History) -> Iterator[Finding]:
    """A jump while the moment was cold, and longer steps before it than after it."""
    looks, found = history.looks, courses(history)
    if not found or not found[0].is_first or np.isfinite(looks.memory).sum() < 2:
        return
    course = found[0]
    jump = _jump(course, _num_cold(history, course))
    if jump is None:
        return
    crest_step, back_step = int(course.steps[jump.crest_row]), int(course.steps[jump.back_row])
    divided = _over_rates(history)
    is_known = np.isfinite(divided).any(axis=1)
    before = np.flatnonzero(is_known & (looks.steps <= crest_step))
    after = np.flatnonzero(is_known & (looks.steps >= back_step) & _is_full_at_looks(history))
    if not len(before) or not len(after):
        return
    ratios = divided[before[-1]] / divided[after[0]]
    times = float(np.nanmedian(ratios)) if np.isfinite(ratios).any() else 0.0
    if times >= LONGER:
        yield _finding(history, course, jump, int(before[-1]), times)


def _num_cold(history: History, course: Course) -> int:
    """Rows of the course from its beginning on at which the memory is below 1."""
    looks = history.looks
    known = np.isfinite(looks.memory)
    memory = np.interp(course.steps, looks.steps[known], looks.memory[known])
    return int(np.argmax(memory >= 1)) if (memory >= 1).any() else len(course)


def _jump(course: Course, num_cold: int) -> Jump | None:
    """The highest level among the cold rows, if it is clearly above the loss before and passes."""
    is_full = course.rates >= FULL * np.nanmax(course.rates, initial=0.0)
    if len(course) < 2 * WIDTH or not is_full.any() or not (course.losses > 0).all():
        return None
    first = int(np.argmax(is_full))
    levels = np.median(np.lib.stride_tricks.sliding_window_view(course.losses, WIDTH), axis=1)
    # The loss of an update is measured before it: the first one tells of the model as it was.
    before = float(np.median(course.losses[max(0, first - WIDTH + 1) : first + 1]))
    cold = np.where(is_full[: len(levels)], levels, 0.0)[first + 1 : num_cold]
    if not len(cold) or not math.isfinite(before):
        return None
    row = first + 1 + int(np.argmax(cold))
    level = float(levels[row])
    later = (levels <= before) & is_full[: len(levels)] & (np.arange(len(levels)) > row)
    if not level > TIMES * before or not math.isfinite(level) or not later.any():
        return None
    back = int(np.argmax(later)) + WIDTH // 2
    if len(course) < back + LEAST:
        return None
    noise = scatter(np.log(course.losses[back : back + SOON]))
    highest = row + int(np.argmax(course.losses[row : row + WIDTH]))
    is_clear = math.log(level / before) > NOISE * noise
    return Jump(before, float(course.losses[highest]), highest, back) if is_clear else None


def _rates_at_looks(history: History) -> np.ndarray:
    """The rate of each look's update, `[looks]`; NaN where there is none."""
    rates = dict(zip(history.steps.tolist(), history.column("lr").tolist(), strict=True))
    return np.array([rates.get(step, math.nan) for step in history.looks.steps.tolist()])


def _is_full_at_looks(history: History) -> np.ndarray:
    return _rates_at_looks(history) >= FULL * np.nanmax(history.column("lr"), initial=0.0)


def _over_rates(history: History) -> np.ndarray:
    """Median effective step sizes over the nominal rate, `[looks, arrays]`; NaN at a rate of 0."""
    rates = _rates_at_looks(history)[:, None]
    sizes = history.looks.step_sizes()[:, :, 1]
    return np.divide(sizes, rates, out=np.full(sizes.shape, np.nan), where=rates > 0)


def _finding(history: History, course: Course, jump: Jump, look: int, times: float) -> Finding:
    looks = history.looks
    memory = looks.memory[np.isfinite(looks.memory)]
    steps = looks.steps[np.isfinite(looks.memory)]
    each = (memory[-1] - memory[0]) / (steps[-1] - steps[0])
    remembered = round(1 / each)
    step, seen = (
        int(course.steps[jump.crest_row]),
        float(np.interp(looks.steps[look], steps, memory)),
    )
    rate = float(course.rates[jump.crest_row])
    return Finding(
        "cold-second-moment",
        "warning",
        "likely",
        step,
        f"the loss went from {jump.before:.3g} to {jump.crest:.3g} at step {step:,}, at a rate of "
        f"{rate:.3g}; the second moment had seen {max(1, round(seen * remembered)):,} of the "
        f"{remembered:,} updates that it remembers, and steps were {times:.3g} times as long as "
        "at this rate later, when the loss was back",
        "the optimizer divides by the root of a mean over few gradients: where that comes out too "
        "small, or its bias to 0 is not corrected, as in RMSprop, the first steps are far longer "
        "than the rate says",
        (
            f"warm up linearly over 2 / (1 - beta2) = {2 * remembered:,} updates",
            "an optimizer that corrects the bias: Adam (with beta1=0 it is RMSprop), or "
            "bias_correction=True in optax's rmsprop",
            "a smaller beta2, or RAdam",
        ),
        evidence={
            "before": jump.before,
            "crest": jump.crest,
            "crest_step": step,
            "back_step": int(course.steps[jump.back_row]),
            "rate": rate,
            "remembered_updates": remembered,
            "memory": seen,
            "times_as_long": times,
        },
    )


RULE = Rule(
    "cold-second-moment",
    "the loss and the rate of every update, and the effective step sizes and the memory of the "
    "second moment at looks",
    "while the second moment has seen fewer updates than 1 / (1 - beta2), at half of the peak "
    "rate or more, a median of 5 losses is 1.5 times the loss before, by 2 standard deviations, "
    "and comes back at such a rate; median steps were 4 times as long before it as after",
    "why: Kingma and Ba 2015, arXiv:1412.6980, section 3, for the bias; Liu et al. 2020, "
    "arXiv:1908.03265, for the variance; Ma and Yarats 2021, arXiv:1910.04209, for the length of "
    "the warm-up; the numbers are ours, measured on the healthy runs in tests/diagnosis",
    find,
)
