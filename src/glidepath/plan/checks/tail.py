"""A run that goes on after its phases."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject

LEAST = 0.01
"""Of the run."""


def find(subject: Subject) -> Iterator[Finding]:
    """The phases end before the run's total steps do."""
    plan = subject.plan
    end, total = plan.spans[-1].end, plan.total_steps
    if end < total * (1 - LEAST) and not any(event.kind == "ends" for event in plan.events):
        yield Finding(
            "held-tail",
            "warning",
            f"from step {end:,} on",
            f"the phases end at step {end:,}, and the run at {total:,}: {1 - end / total:.0%} of "
            "it is trained at the last values",
            "a last value is seldom meant to be trained with for long",
            'let the last phase be for the "rest", or shorten `total_steps`',
        )
