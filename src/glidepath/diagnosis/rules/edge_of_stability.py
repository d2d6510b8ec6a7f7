"""A loss that goes up and down with every update: the rate is at the edge of what is stable."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.course import HUGE, Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

WINDOW = 32
"""Updates in which the rhythm is looked for."""
IN_A_ROW = 3
"""Windows: by chance one in ten thousand has the rhythm."""
OPPOSITE, SAME = -0.6, 0.3
"""Correlations with the loss one and two updates before. Batches drawn at random have none; the
two batches of a shuffled epoch have -1/2 and 0. Ours, measured on the healthy runs in
tests/diagnosis."""
DEPTH = 0.05
"""Of the loss: a shallow one is how gradient descent works, Cohen et al. 2021. Ours, as above."""


def find(history: History) -> Iterator[Finding]:
    """Windows of updates with a rhythm of two."""
    if _batches_alternate(history):
        return
    for course in courses(history):
        deep = _depths(course)
        runs = np.convolve(deep > 0, np.ones(IN_A_ROW), "valid") if len(deep) >= IN_A_ROW else deep
        if len(found := np.flatnonzero(runs == IN_A_ROW)):
            yield _finding(course, int(found[0]), deep)
            return


def _batches_alternate(history: History) -> bool:
    """Whether two batches take turns, each with a loss of its own: that has the same rhythm."""
    seen = [text for text in history.texts("batch") if isinstance(text, str)]
    if seen:
        return len(set(seen[-WINDOW:])) == 2
    horizon = history.plan.horizon if history.plan is not None else None
    return horizon is not None and horizon.has_epochs and 1 < horizon.steps_per_epoch <= 2


def _depths(course: Course) -> np.ndarray:
    """Half the way from crest to trough over the loss, `[windows]`; 0 without the rhythm."""
    whole = len(course) // WINDOW * WINDOW
    losses = course.losses[:whole].reshape(-1, WINDOW)
    is_finite = np.isfinite(losses).all(axis=1)
    losses = np.where(is_finite[:, None], losses, 0.0)
    time = np.arange(WINDOW) - (WINDOW - 1) / 2
    mean = losses.mean(axis=1, keepdims=True)
    off = losses - mean - time * ((losses * time).mean(axis=1, keepdims=True) / np.mean(time**2))
    power = np.maximum(np.mean(off**2, axis=1), np.finfo(float).tiny)
    one = np.mean(off[:, 1:] * off[:, :-1], axis=1) / power
    two = np.mean(off[:, 2:] * off[:, :-2], axis=1) / power
    depth = np.sqrt(power) / np.maximum(np.abs(np.median(losses, axis=1)), 1 / HUGE)
    return np.where(is_finite & (one < OPPOSITE) & (two > SAME) & (depth > DEPTH), depth, 0.0)


def _finding(course: Course, window: int, deep: np.ndarray) -> Finding:
    row = window * WINDOW
    step, rate = int(course.steps[row]), float(course.rates[row])
    num_updates = int(np.count_nonzero(deep)) * WINDOW
    depth = float(np.median(deep[deep > 0]))
    return Finding(
        "sawtooth",
        "warning",
        "likely",
        step,
        f"from step {step:,} on the loss rises and falls by turns, by {depth:.0%} of itself, in "
        f"{num_updates:,} updates; the rate there is {rate:.3g}",
        "each update jumps over the valley that it is in: along the steepest direction the rate "
        "is 2 over the curvature, and a little more of it diverges",
        (
            "a third of the peak rate, or let it fall earlier",
            "warm up for longer: a slow rise lets the curvature fall before the rate is high",
        ),
        evidence={"depth": depth, "updates": num_updates, "rate": rate},
    )


RULE = Rule(
    "sawtooth",
    "the loss of every update, in windows of 32",
    "in 3 windows in a row the loss is correlated by less than -0.6 with the one before and by "
    "more than 0.3 with the one before that, and swings by more than 5 % of itself",
    "the rhythm of two: Cohen et al. 2021, arXiv:2103.00065, sec. 2; the numbers are ours, "
    "measured on the healthy runs in tests/diagnosis",
    find,
)
