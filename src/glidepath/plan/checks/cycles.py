"""A cycle that the end of the run cuts off."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.algebra import Repeat, walk
from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.sampled import rates
from glidepath.plan.plan import Plan

HIGH = 0.1
"""Of the way from the lowest value to the highest."""


def find(plan: Plan) -> Iterator[Finding]:
    """The run ends inside a cycle, on a high rate."""
    for rate in rates(plan):
        repeats = [term for term in walk(rate.schedule.term) if isinstance(term, Repeat)]
        low = min(rate.points.values())
        is_high = rate.last > low + HIGH * (rate.peak - low)
        if repeats and is_high and "." not in rate.key:
            yield Finding(
                "cycle-cut-off",
                "warning",
                f"{rate.key} at step {rate.total_steps - 1:,}",
                f"the run ends inside a cycle, at {rate.last:.4g}; its cycles go from "
                f"{rate.peak:.4g} to {low:.4g}",
                "the model that comes out was trained at a high rate, and is worse for it",
                f"end the run with a cycle: {_advice(rate.seams, rate.total_steps)}",
            )


def _advice(seams: list[int], total: int) -> str:
    """The step at which the last cycle began, and at which it would end."""
    if len(seams) < 2:
        return "shorten or lengthen it"
    begun, length = seams[-1], seams[-1] - seams[-2]
    return f"stop at step {begun:,}, or near step {max(begun + length, total):,}"
