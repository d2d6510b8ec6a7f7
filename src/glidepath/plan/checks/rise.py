"""A rate that rises once the run is over."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject


def find(subject: Subject) -> Iterator[Finding]:
    """Steps past the last have a higher rate."""
    for rate in subject.main_rates:
        total = rate.total_steps
        later = max(float(rate.schedule(total + total * i // 100)) for i in range(101))
        if later > 1.01 * rate.last and later > 0.01 * rate.peak:
            yield Finding(
                "rises-after-end",
                "warning",
                f"{rate.key} after step {total - 1:,}",
                f"the run ends at {rate.last:.4g}; after it the rate comes to {later:.4g}",
                "a run that is made longer would undo its own decay",
                'give the schedule an end, by `times=...` or `.lasting("...")`',
            )
