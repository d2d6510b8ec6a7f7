"""The loss falls at the end of every epoch, and stands still or rises within it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from glidepath.diagnosis.course import Course, courses
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.robust_trend import MEDIAN_COST, NORMAL
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

PARTS = 4
"""Of an epoch: the last of one is compared with the first of the next."""
LEAST = 5
"""Updates in a part."""
EPOCHS = 4
"""Ends of epochs that are looked at, at least."""
NEARLY_ALL = 0.75
"""Of them, at which the loss falls. Ours, measured on the healthy runs in tests/diagnosis."""
DROP = 0.03
"""Of the loss, beyond what it falls within an epoch. Ours, as above."""
WITHIN = 0.25
"""Of the drops, by which the loss may fall within epochs in all. Ours, as above."""
SURE = 4.0
"""Standard errors of their mean. Ours, as above."""
SAME_RATE = 0.05
"""Change of the rate over an end of an epoch beyond which the drop may be the rate's."""


def find(history: History) -> Iterator[Finding]:
    """The parts of each epoch, end to end."""
    plan = history.plan
    if plan is None or not plan.horizon.has_epochs:
        return
    epoch = plan.horizon.steps_per_epoch
    lengths = {epoch, Fraction(math.floor(epoch)), Fraction(math.ceil(epoch))}
    for course in courses(history):
        for length in sorted(lengths):
            finding = _judge(course, length) if length >= PARTS * LEAST else None
            if finding is not None:
                yield finding
                return


def _judge(course: Course, epoch: Fraction) -> Finding | None:
    """Drops over the ends of epochs, beyond the fall from part to part within them."""
    steps, rows = _parts(course, epoch)
    if len(steps) <= EPOCHS:
        return None
    losses = course.losses[rows]
    if not np.isfinite(losses).all():
        return None
    rates, levels = np.median(course.rates[rows], axis=2), np.median(losses, axis=2)
    falls = levels[:, 0] - levels[:, -1]
    by_part = np.maximum(0.0, falls / (PARTS - 1))
    drops = levels[:-1, -1] - levels[1:, 0] - np.maximum(by_part[:-1], by_part[1:])
    stays = ~(np.abs(rates[1:, 0] - rates[:-1, -1]) > SAME_RATE * np.abs(rates[:-1, -1]))
    drops, before = drops[stays], np.abs(levels[:-1, -1])[stays]
    if len(drops) < EPOCHS or falls[1:].sum() > WITHIN * drops.sum():
        return None
    is_deep = drops > DROP * before
    errors = _errors(losses)[stays]
    if is_deep.mean() < NEARLY_ALL or drops.sum() < SURE * float(np.sqrt((errors**2).sum())):
        return None
    return _finding(drops, levels, int(steps[1]), int(is_deep.sum()))


def _parts(course: Course, epoch: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """The parts of whole epochs, all of as many updates.

    Returns:
        First steps of the epochs, `[epochs]`; rows, `[epochs, PARTS, updates]`; empty where there
        are no two epochs or the parts are too short.
    """
    nothing = np.empty(0, np.int64), np.empty((0, PARTS, 0), np.int64)
    begin = math.ceil(int(course.steps[0]) / epoch)
    num = int((int(course.steps[-1]) + 1) / epoch) - begin
    if num < 2:
        return nothing
    count = begin * PARTS + np.arange(num * PARTS + 1)
    bounds = count * epoch.numerator // (epoch.denominator * PARTS)
    firsts = np.searchsorted(course.steps, bounds)
    size = int(np.diff(firsts).min())
    if size < LEAST:
        return nothing
    rows = firsts[:-1].reshape(num, PARTS, 1) + np.arange(size)
    return bounds[:-1:PARTS], rows


def _errors(losses: np.ndarray) -> np.ndarray:
    """Standard errors of the drops, of the scatter of the losses on both sides, `[epochs - 1]`."""
    off = np.median(np.abs(np.diff(losses, axis=2)), axis=2)
    squares = (MEDIAN_COST * NORMAL * off) ** 2 / 2 / losses.shape[2]
    return np.sqrt(squares[:-1, -1] + squares[1:, 0])


def _finding(drops: np.ndarray, levels: np.ndarray, step: int, num_deep: int) -> Finding:
    drop, num_ends = float(np.median(drops)), len(drops)
    rise = float(np.median(levels[:, -1] - levels[:, 0]))
    within = f"rises by {rise:.3g}" if rise > 0 else f"falls by {-rise:.3g}"
    return Finding(
        "epoch-sawtooth",
        "note",
        "likely",
        step,
        f"the loss drops by {drop:.3g} at the end of {num_deep} of {num_ends} epochs, and "
        f"{within} within one",
        "what is learnt of a sample is seen only when it comes again: the model learns samples by "
        "heart, the last ones best, and the training loss says little about new ones",
        (
            "look at the validation loss, and end the run where that is best",
            "shuffle anew in each epoch, if nobody does",
            "more weight decay, a lower rate or a larger beta2",
        ),
        evidence={"drop": drop, "rise_within": rise, "ends": num_ends, "deep": num_deep},
    )


RULE = Rule(
    "epoch-sawtooth",
    "the loss of every update, by quarters of the epochs of the plan's horizon",
    "at 3 in 4 ends of epochs, 4 at least, the loss drops by 3 % of itself more than from quarter "
    "to quarter, their mean by 4 standard errors, at a rate that stays; within the epochs it "
    "falls by no more than a quarter of that",
    "what it is: Liu and Ma 2024, arXiv:2410.10056; the numbers are ours, measured on the healthy "
    "runs in tests/diagnosis",
    find,
)
