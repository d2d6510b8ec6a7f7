"""A peak that is never reached."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject, value_in
from glidepath.plan.shapes.shape import Transition

NEAR = 0.95
"""Of the peak; a warm-up of twenty steps comes so close before the peak itself."""


def find(subject: Subject) -> Iterator[Finding]:
    """A rise is cut off, or what follows it begins lower than it goes."""
    for rate in subject.main_rates:
        for stretch in rate.stretches:
            shape = stretch.segment.shape
            if not isinstance(shape, Transition) or shape.end <= shape.start:
                continue
            seam = int(stretch.end)
            reached = [float(value_in(stretch, seam - 1))]
            reached += [float(value_in(o, seam)) for o in rate.stretches if int(o.start) == seam]
            if max(reached) < NEAR * shape.end:
                yield Finding(
                    "peak-not-reached",
                    "warning",
                    f"{rate.key} at step {seam:,}",
                    f"a rise goes up to {shape.end:.4g} and comes to {max(reached):.4g}",
                    "it is cut off before its peak, or what follows starts lower",
                    "let what follows start at the peak, or let the rise last longer",
                )
                break
