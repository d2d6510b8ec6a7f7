"""Updates take longer than they did, for the same work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.robust_trend import block_medians, block_size
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.stretches import LEAVE_THE_WORK, stretches
from glidepath.record import History

LEAST = 20
"""Updates in a block: a compilation, an evaluation and a checkpoint are few among them."""
STEADY = 3
"""Blocks in a row that make a level, fast or slow."""
TIMES = 2.0
"""Longer. Clocks that fall in heat make 1.2; a shared machine may make more, and is meant."""
SECONDS = 0.02
"""Longer, an update: other processes on the machine make as much, now and then. Ours, measured on
the healthy runs in tests/diagnosis, on two cores that were shared."""
LONG = 0.2
"""Of the updates that can be compared, that are slow."""


def find(history: History) -> Iterator[Finding]:
    """Blocks of updates against the fastest level before them."""
    seconds = history.column("seconds")
    waited = history.column("data_seconds")
    for part in stretches(history, leave=LEAVE_THE_WORK):
        rows = np.flatnonzero(np.isfinite(seconds[part])) + part.start
        size = block_size(len(rows), LEAST)
        slow = _slow(block_medians(seconds[rows], size))
        if slow is not None:
            first, num_slow, before, after = slow
            later = rows[first * size : (first + num_slow) * size]
            is_over = (first + num_slow) * size < len(rows) - size
            data = float(np.nanmedian(waited[later])) if np.isfinite(waited[later]).any() else None
            yield _finding(history.steps[later], before, after, data, is_over)
            return


def _slow(blocks: np.ndarray) -> tuple[int, int, float, float] | None:
    """The first block of the longest row of slow ones, their number, and the levels; or None."""
    if len(blocks) < 2 * STEADY:
        return None
    level = np.median(np.lib.stride_tricks.sliding_window_view(blocks, STEADY), axis=1)
    fastest = np.minimum.accumulate(level)[: len(blocks) - STEADY]
    later = blocks[STEADY:]
    is_slow = later > np.maximum(TIMES * fastest, fastest + SECONDS)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_slow.astype(int), [0]])))
    starts, ends = edges[::2], edges[1::2]
    if not len(starts) or (ends - starts).max() < max(STEADY, LONG * len(blocks)):
        return None
    longest = int(np.argmax(ends - starts))
    a, b = int(starts[longest]), int(ends[longest])
    return a + STEADY, b - a, float(fastest[a]), float(np.median(later[a:b]))


def _finding(
    steps: np.ndarray, before: float, after: float, data: float | None, is_over: bool
) -> Finding:
    first, last = int(steps[0]), int(steps[-1])
    until = f"to step {last:,}" if is_over else "on"
    waits = data is not None and data > (after - before) / 2
    seen = f"; {data:.3g} s of it waiting for data" if data is not None else ""
    return Finding(
        "throughput-drops",
        "warning",
        "likely",
        first,
        f"from step {first:,} {until} an update takes {after:.3g} s, before it took {before:.3g} s"
        f"{seen}",
        "the work is the same, so something else takes the time: the data, another process, heat, "
        "or memory that fills up",
        (
            "look at the loader: caches that are full, files on a slow disk, workers that died"
            if waits
            else "look at what else runs there, at clocks and temperature, and at free memory",
            "look for lists that grow with every update, such as losses kept with their graphs",
        ),
        evidence={
            "before_seconds": before,
            "after_seconds": after,
            "data_seconds": data,
            "first_step": first,
            "last_step": last,
        },
    )


RULE = Rule(
    "throughput-drops",
    "the seconds of every update, by medians of 20 or 1/32 of a stretch of the same rollout",
    "for a fifth of the stretch, 3 medians in a row or more, an update takes twice as long and "
    "20 ms more than the fastest 3 before",
    "ours, measured on the healthy runs in tests/diagnosis",
    find,
)
