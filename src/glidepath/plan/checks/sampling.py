"""Random draws from little data."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject
from glidepath.plan.coverage import share_never_seen

LEAST = 0.01
"""Of the data; after five epochs' worth of draws 0.7% is left."""


def find(subject: Subject) -> Iterator[Finding]:
    """With so few draws a part of the data is never seen."""
    plan = subject.plan
    if not plan.horizon.has_epochs:
        return
    samples, batch = plan.horizon.samples or 1, plan.horizon.batch or 1
    draws = plan.total_steps * batch
    never = share_never_seen(draws, samples)
    if never > LEAST:
        yield Finding(
            "never-seen",
            "note",
            "the horizon",
            f"drawn at random with replacement, each sample comes {draws / samples:.3g} times on "
            f"average, and {never:.1%} of them never",
            "that part of the data is not learnt from",
            "train longer, or go through the data in epochs (`glidepath coverage` has the numbers)",
        )
