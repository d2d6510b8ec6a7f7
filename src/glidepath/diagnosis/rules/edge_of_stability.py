"""A loss that rises and falls though nothing but the updates moves it: the edge of stability."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.course import HUGE, Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

WINDOW = 32
"""Updates that are looked at together."""
WINDOWS = 3
"""That show it; by chance one in ten thousand has a rhythm of two."""
OPPOSITE, SAME = -0.6, 0.3
"""Correlations with the loss one and two updates before. Batches drawn at random have none; the
two batches of a shuffled epoch have -1/2 and 0. Ours, measured on the healthy runs in
tests/diagnosis."""
SMOOTH = 0.5
"""Correlation with the loss before, either way: that of dropout and other noise is about 0."""
DEPTH = 0.05
"""Of the loss: a shallow rise is how gradient descent works. Ours, as above; none of the healthy
runs on one batch rises at all."""
LEAST = 1e-3
"""Of the first loss: below it float32 makes rises of its own."""
RISE = 1.2
"""Times the rate before: then the loss may rise with it."""


def find(history: History) -> Iterator[Finding]:
    """Windows with a rhythm of two; where all updates have one batch, windows with rises."""
    num_batches = _num_batches(history)
    for course in courses(history):
        if len(course) < WINDOWS * WINDOW or num_batches == 2:
            continue
        rhythms, rises = _windows(course)
        swings = np.where(_in_a_row(rhythms), rhythms, 0.0)
        if num_batches == 1:
            swings = np.maximum(swings, rises)
        if np.count_nonzero(swings) >= WINDOWS:
            yield _finding(course, swings, bool(num_batches == 1))
            return


def _num_batches(history: History) -> int | None:
    """How many batches take turns; None where that is not known, or many.

    Two of them have losses of their own, in the rhythm that is looked for; of a single one each
    rise is the updates' own.
    """
    horizon = history.plan.horizon if history.plan is not None else None
    has_epochs = horizon is not None and horizon.has_epochs
    if has_epochs and horizon.steps_per_epoch <= 1:
        return 1
    seen = {text for text in history.texts("batch")[-WINDOW:] if isinstance(text, str)}
    if len(seen) in (1, 2):
        return len(seen)
    return 2 if has_epochs and horizon.steps_per_epoch <= 2 else None


def _windows(course: Course) -> tuple[np.ndarray, np.ndarray]:
    """How deep the loss swings in each window, in parts of itself; 0 where it does not.

    Returns:
        By a rhythm of two, half the way from trough to crest, `[windows]`; by rises, their sum,
        `[windows]`.
    """
    whole = len(course) // WINDOW * WINDOW
    losses = course.losses[:whole].reshape(-1, WINDOW)
    is_finite = np.isfinite(losses).all(axis=1)
    losses = np.where(is_finite[:, None], losses, 0.0)
    power, one, two = _correlations(losses)
    level = np.maximum(np.abs(np.median(losses, axis=1)), 1 / HUGE)
    depth = np.sqrt(power) / level
    rise = np.maximum(np.diff(losses, axis=1), 0.0).sum(axis=1) / level
    has_rhythm = (one < OPPOSITE) & (two > SAME) & (depth > DEPTH)
    is_large = (rise > DEPTH) & (level > LEAST * abs(course.start))
    has_rises = is_large & (np.abs(one) > SMOOTH) & ~_rate_rises(course.rates[:whole])
    return np.where(is_finite & has_rhythm, depth, 0.0), np.where(is_finite & has_rises, rise, 0.0)


def _correlations(losses: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of windows less their straight lines, `[windows]` each.

    Returns:
        The mean square; the correlations with the loss one and two updates before.
    """
    time = np.arange(WINDOW) - (WINDOW - 1) / 2
    slope = (losses * time).mean(axis=1, keepdims=True) / np.mean(time**2)
    off = losses - losses.mean(axis=1, keepdims=True) - time * slope
    power = np.maximum(np.mean(off**2, axis=1), np.finfo(float).tiny)
    one = np.mean(off[:, 1:] * off[:, :-1], axis=1) / power
    return power, one, np.mean(off[:, 2:] * off[:, :-2], axis=1) / power


def _rate_rises(rates: np.ndarray) -> np.ndarray:
    """Whether the rate rises in each window or came to it from a lower one, `[windows]`."""
    ends = rates[WINDOW - 1 :: WINDOW]
    lowest = np.fmin(rates.reshape(-1, WINDOW).min(axis=1), np.append(ends[:1], ends[:-1]))
    return rates.reshape(-1, WINDOW).max(axis=1) > RISE * lowest


def _in_a_row(swings: np.ndarray) -> np.ndarray:
    """Which windows swing with their neighbours, as many as it takes, `[windows]`."""
    rows = np.convolve(swings > 0, np.ones(WINDOWS), "valid") == WINDOWS
    return np.convolve(rows, np.ones(WINDOWS)) > 0


def _finding(course: Course, swings: np.ndarray, is_one_batch: bool) -> Finding:
    shown = np.flatnonzero(swings)
    row = int(shown[0]) * WINDOW
    step, rate = int(course.steps[row]), course.rate_at(row)
    num_updates, depth = len(shown) * WINDOW, float(np.median(swings[shown]))
    alone = "though every update has the same batch, " if is_one_batch else ""
    return Finding(
        "sawtooth",
        "warning",
        "likely",
        step,
        f"from step {step:,} on the loss rises and falls by turns, {alone}typically by {depth:.0%} "
        f"of itself in {WINDOW} updates, in {num_updates:,} updates"
        + ("" if rate is None else f"; the rate there is {rate:.3g}"),
        "the updates jump over the valley that they are in: along the steepest direction the rate "
        "is 2 over the curvature, and a little more of it diverges",
        (
            "a third of the peak rate, or let it fall earlier",
            "warm up for longer: a slow rise lets the curvature fall before the rate is high",
        ),
        evidence={"depth": depth, "updates": num_updates, "rate": rate},
    )


RULE = Rule(
    "sawtooth",
    "the loss of every update, in windows of 32, the rate, and whether all have the same batch",
    "in 3 windows in a row the loss is correlated by less than -0.6 with the one before and by "
    "more than 0.3 with the one before that, and swings by 5 % of itself; or all updates have "
    "the same batch, and in 3 windows, with no more rate than before, its rises add up to 5 %",
    "below the rate of 2 over the curvature the loss of one batch only falls, and at it it rises "
    "and falls: Cohen et al. 2021, arXiv:2103.00065, sec. 2 and 3; the numbers are ours, measured "
    "on the healthy runs in tests/diagnosis",
    find,
)
