"""A rate so low that the loss is still on its way down at the end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

TINY = 1e-4
"""Update over parameters, L2 norms of both."""
HIGH = 0.5
"""Of the peak rate: updates with a lower one are a warm-up or the end of a decay."""
LEAST_UPDATES = 100
LEAST_RATIOS = 10
NUM_BLOCKS = 10
STEADY = 0.9
"""Rank correlation of the blocks' median losses with time, downwards."""
STILL = 0.25
"""Of the whole fall, that of the second half: a half for a straight line, 0.27 for an exponential
that has come within a factor e of its end, and a few hundredths for one that has arrived."""


def find(history: History) -> Iterator[Finding]:
    """One finding, about the updates near the peak rate."""
    rates, losses = history.column("lr"), history.column("loss")
    if np.all(np.isnan(rates)):
        return
    at_peak = (rates >= HIGH * np.nanmax(rates)) & np.isfinite(losses)
    ratios = history.column("update_ratio")[at_peak]
    ratios = ratios[np.isfinite(ratios) & (ratios > 0)]
    if at_peak.sum() < LEAST_UPDATES or len(ratios) < LEAST_RATIOS:
        return
    ratio = float(np.median(ratios))
    if ratio < TINY and _falls_steadily(losses[at_peak]):
        yield _finding(history, at_peak, losses[at_peak], ratio)


def _falls_steadily(losses: np.ndarray) -> bool:
    """Whether it fell from block to block, and went on to in the second half."""
    levels = _levels(losses)
    ranks = np.argsort(np.argsort(levels, kind="stable"), kind="stable")
    if np.corrcoef(ranks, np.arange(NUM_BLOCKS))[0, 1] > -STEADY:
        return False
    middle = np.median(levels[NUM_BLOCKS // 2 - 1 : NUM_BLOCKS // 2 + 1])
    return bool(middle - levels[-1] >= STILL * (levels[0] - levels[-1]))


def _levels(losses: np.ndarray) -> np.ndarray:
    """Medians of blocks of the same length, `[NUM_BLOCKS]`."""
    return np.array([np.median(part) for part in np.array_split(losses, NUM_BLOCKS)])


def _finding(history: History, at_peak: np.ndarray, losses: np.ndarray, ratio: float) -> Finding:
    steps, levels = history.steps[at_peak], _levels(losses)
    peak = float(np.nanmax(history.column("lr")))
    return Finding(
        "rate-too-low",
        "warning",
        "likely",
        int(steps[0]),
        f"at rates near {peak:.3g} an update changes the parameters by {ratio:.2g} of their norm, "
        f"and the loss falls steadily, from {levels[0]:.4g} to {levels[-1]:.4g} in "
        f"{len(steps):,} updates, and has not slowed down",
        "about 1e-3 is usual; the loss shows neither noise nor a floor, so that larger steps would "
        "go the same way in fewer of them",
        (
            f"a peak three to ten times as high, {3 * peak:.2g} to {10 * peak:.2g}",
            "`glidepath find-lr`, or `find_rate` for your own loop",
            "a longer run, if the rate can't be higher",
        ),
        (),
        {
            "update_ratio": ratio,
            "peak_rate": peak,
            "num_updates": len(steps),
            "levels": levels.tolist(),
        },
    )


RULE = Rule(
    code="rate-too-low",
    looks_at="the update-to-weight ratio and the loss of updates with at least half the peak rate",
    threshold=f"a median ratio under {TINY:g} over {LEAST_UPDATES} updates or more, while the loss "
    f"falls from tenth to tenth (rank correlation of -{STEADY:g}) and a quarter of its fall or "
    "more is in the second half",
    source="Karpathy, notes of Stanford's CS231n, neural networks part 3, ratio of weights to "
    "updates: about 1e-3, and with less the rate may be too low; the shape of the loss is ours",
    find=find,
)
