"""A rate that is no rate."""

from __future__ import annotations

import math
from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject


def find(subject: Subject) -> Iterator[Finding]:
    """A value is negative, infinite or NaN."""
    for rate in subject.rates:
        bad = [(step, value) for step, value in rate.points.items() if not 0 <= value < math.inf]
        if bad:
            step, value = bad[0]
            yield Finding(
                "impossible-rate",
                "error",
                f"{rate.key} at step {step:,}",
                f"the rate is {value}",
                "a negative rate climbs the loss, and one that is not finite ends the run",
                "keep it in bounds, `.clip(min=0, max=...)`, or mend the function it comes from",
            )
