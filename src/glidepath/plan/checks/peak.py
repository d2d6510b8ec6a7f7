"""A peak that is never reached."""

from __future__ import annotations

import math
from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.sampled import rates
from glidepath.plan.plan import Plan

NEAR = 0.98
"""Of the peak."""


def find(plan: Plan) -> Iterator[Finding]:
    """A curve goes up to a value that no step has."""
    for rate in rates(plan):
        declared = rate.schedule.term.extremes[1]
        if math.isfinite(declared) and rate.peak < NEAR * declared:
            yield Finding(
                "peak-not-reached",
                "warning",
                rate.key,
                f"its curves go up to {declared:.4g}, and the largest value is {rate.peak:.4g}",
                "the warm-up ends before its peak, or what follows starts lower",
                "let the next phase start at the peak, or let the rise last longer",
            )
