"""Updates that change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject


def find(subject: Subject) -> Iterator[Finding]:
    """The rate is 0 in the first update, or in all of them."""
    for rate in subject.main_rates:
        if rate.peak == 0:
            yield Finding(
                "zero-rate",
                "warning",
                rate.key,
                "the rate is 0 in every update",
                "nothing is trained",
                "give it a peak",
            )
        elif rate.points[0] == 0:
            yield Finding(
                "zero-first-update",
                "note",
                f"{rate.key} at step 0",
                "the first update has a rate of 0",
                "it computes gradients and changes nothing",
                'sample the warm-up at the end of its steps, `at = "end"`, or start above 0',
            )
