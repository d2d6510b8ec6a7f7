"""A cycle that the end of the run cuts off."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject

HIGH = 0.1
"""Of the way from the lowest value to the highest."""

FAR = 1_000
"""Runs: a cycle as long as so many is not meant to come to an end."""


def find(subject: Subject) -> Iterator[Finding]:
    """The run ends inside a cycle, on a high rate."""
    for rate in subject.main_rates:
        last = rate.stretches[-1]
        is_inside = any(last.segment is one for one in rate.repeats)
        is_inside = is_inside and last.segment.length(last.frame) < FAR * rate.total_steps
        is_high = rate.last > rate.low + HIGH * (rate.peak - rate.low)
        if is_inside and is_high:
            yield Finding(
                "cycle-cut-off",
                "warning",
                f"{rate.key} at step {rate.total_steps - 1:,}",
                f"the run ends inside a cycle, at {rate.last:.4g}; its cycles go from "
                f"{rate.peak:.4g} to {rate.low:.4g}",
                "the model that comes out was trained at a high rate, and is worse for it",
                f"end the run with a cycle: {_advice(rate.seams, rate.total_steps)}",
            )


def _advice(seams: list[int], total: int) -> str:
    """The step at which the last cycle began, and at which it would end."""
    if len(seams) < 2:
        return "shorten or lengthen it"
    begun, length = seams[-1], seams[-1] - seams[-2]
    return f"stop at step {begun:,}, or near step {max(begun + length, total):,}"
