"""The loss jumps up in the midst of a run, and comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from glidepath.diagnosis.course import HUGE, Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.robust_trend import block_medians
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

BLOCK = 8
"""Updates of which the median is looked at: one odd batch is no spike."""
BEFORE = 16
"""Blocks before it that say what is usual."""
SHARE = 0.5
"""Of the level before it, by which it rises. Ours, measured on the healthy runs in
tests/diagnosis."""
HIGH = 5.0
"""Times as high as 19 in 20 blocks of the run are over theirs. Ours, as above."""
USUAL = 0.95
LEARNT = 0.1
"""Of what had been learnt, by which it rises: near 0 a multiple is nothing. Ours, as above."""
BACK = 64
"""Blocks within which it comes back: 512 updates, as many as PaLM's spikes took batches."""
RISE = 1.2
"""Times the rate of the blocks before: such a spike is a restart's."""
MANY = 3
"""Spikes that are a warning; fewer are a note."""
NAMED = 5


@dataclass(frozen=True)
class Spike:
    """One of them: its row, the level before it and its height."""

    row: int
    level: float
    height: float


def find(history: History) -> Iterator[Finding]:
    """Blocks far above the ones before them."""
    norms = history.known("gradient_norm")
    found = [
        (course, spike)
        for course in courses(history)
        if len(course) >= 3 * BEFORE * BLOCK
        for spike in _spikes(course)
    ]
    if found:
        yield _finding(found, norms)


def _spikes(course: Course) -> list[Spike]:
    """In order; one that touches another is a part of it."""
    both = [s for shift in (0, BLOCK // 2) for s in _shifted(course, shift)]
    kept: list[Spike] = []
    for spike in sorted(both, key=lambda one: one.row):
        if not kept or spike.row - kept[-1].row > BEFORE * BLOCK:
            kept.append(spike)
    return kept


def _shifted(course: Course, shift: int) -> Iterator[Spike]:
    blocks = block_medians(course.losses[shift:], BLOCK)
    if len(blocks) <= BEFORE:
        return
    before = np.lib.stride_tricks.sliding_window_view(blocks, BEFORE)[:-1]
    level = np.median(before, axis=1)
    is_known = np.isfinite(level) & (np.abs(level) > 1 / HUGE)
    level = np.where(is_known, level, 1.0)
    height = np.where(is_known, blocks[BEFORE:] - level, 0.0)
    share = np.where(np.isfinite(height), height, 0.0) / np.abs(level)
    usual = max(0.0, float(np.quantile(share, USUAL)))
    is_high = (height < np.inf) & (share > max(SHARE, HIGH * usual))
    for i in np.flatnonzero(is_high).tolist():
        row, low, high = (i + BEFORE) * BLOCK + shift, float(level[i]), float(height[i])
        later = blocks[i + BEFORE + 1 :][:BACK]
        is_back = len(later) and later.min() <= low + high / 4
        is_deep = high > LEARNT * (course.start - course.best)
        if is_back and is_deep and not _rate_rose(course.rates, row):
            yield Spike(_begins(course, row, low + high / 2), low, high)


def _begins(course: Course, row: int, bound: float) -> int:
    """The first row about a block that is high."""
    near = max(0, row - BLOCK // 2)
    return near + int(np.argmax(course.losses[near : row + BLOCK] > bound))


def _rate_rose(rates: np.ndarray, row: int) -> bool:
    """Whether the rate rose on the way there."""
    before = rates[max(0, row - BEFORE * BLOCK) : row + BLOCK]
    before = before[np.isfinite(before)]
    return len(before) > 0 and float(before[-1]) > RISE * float(before.min())


def _finding(found: list[tuple[Course, Spike]], norms: tuple[np.ndarray, np.ndarray]) -> Finding:
    course, highest = max(found, key=lambda pair: pair[1].height / (abs(pair[1].level) or 1.0))
    steps = [int(one.steps[spike.row]) for one, spike in found]
    step, rate = int(course.steps[highest.row]), course.rate_at(highest.row)
    before, usual = _norm_before(norms, step)
    level, crest = highest.level, highest.level + highest.height
    named = ", ".join(f"{one:,}" for one in steps[:NAMED]) + (", ..." * (len(steps) > NAMED))
    what = (
        f"{len(found)} spike{'s' * (len(found) > 1)} of the loss, at step {named}; the highest "
        f"from {level:.3g} to {crest:.3g} at step {step:,}"
    )
    if before is not None and usual:
        what += (
            f"; the gradient's norm just before it was {before:.3g}, {before / usual:.3g} times "
            "the usual"
        )
    return Finding(
        "loss-spikes",
        "warning" if len(found) >= MANY else "note",
        "likely",
        steps[0],
        what,
        "some batches and the state of the model together make updates that are too large; the "
        "run came back, but each costs hundreds of updates, and one may not come back",
        (
            "look at the batches of those updates: labels, scale, broken files",
            "clip the gradient's norm at about its usual value",
            "go on from a checkpoint 100 updates before it and leave out the 200 to 500 batches "
            "around it, as PaLM did",
            "a lower peak rate, or a smaller beta2, such as 0.95",
        ),
        evidence={
            "spikes": steps,
            "before": level,
            "crest": crest,
            "norm_before": before,
            "usual_norm": usual,
            "rate": rate,
        },
    )


def _norm_before(
    norms: tuple[np.ndarray, np.ndarray], step: int
) -> tuple[float | None, float | None]:
    """The largest norm in the two blocks before a step, and the median of those before them."""
    steps, values = norms
    near = values[(steps > step - 2 * BLOCK) & (steps < step)]
    usual = values[(steps <= step - 2 * BLOCK) & (steps > step - (BEFORE + 2) * BLOCK)]
    if not len(near) or not len(usual):
        return None, None
    return float(near.max()), float(np.median(usual))


RULE = Rule(
    "loss-spikes",
    "the loss of every update by medians of 8, and the gradient's norm before a spike",
    "a median is half of the level of the 128 updates before it above that, 5 times as far as 19 "
    "in 20 are and by a tenth of what was learnt, and the loss comes back within 512 updates; not "
    "where the rate rises",
    "what spikes are, and how long: PaLM, Chowdhery et al. 2022, arXiv:2204.02311, sec. 5.1; the "
    "numbers are ours, measured on the healthy runs in tests/diagnosis",
    find,
)
