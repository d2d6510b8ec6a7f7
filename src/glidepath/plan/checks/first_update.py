"""A first update that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.sampled import rates
from glidepath.plan.plan import Plan


def find(plan: Plan) -> Iterator[Finding]:
    """The rate of step 0 is 0."""
    for rate in rates(plan):
        if rate.points[0] == 0 and rate.peak > 0 and "." not in rate.key:
            yield Finding(
                "zero-first-update",
                "note",
                f"{rate.key} at step 0",
                "the first update has a rate of 0",
                "it computes gradients and changes nothing",
                'sample the warm-up at the end of its steps, `at = "end"`, or start above 0',
            )
