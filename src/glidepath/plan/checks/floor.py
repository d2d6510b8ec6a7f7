"""A decay that stops short of its end."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.sampled import rates
from glidepath.plan.plan import Plan
from glidepath.plan.shapes.shape import Transition

NEAR = 0.01
"""Of the way from start to end."""


def find(plan: Plan) -> Iterator[Finding]:
    """The last value of a phase's decay is not where the curve goes."""
    for rate in rates(plan):
        for phase, span in zip(plan.phases, plan.spans, strict=True):
            shape = dict(phase.values).get(rate.key)
            if not isinstance(shape, Transition) or shape.end >= shape.start:
                continue
            last = float(rate.schedule(span.end - 1))
            gap = abs(last - shape.end)
            follows = float(rate.schedule(span.end)) if span.end < plan.total_steps else last
            if gap > NEAR * (shape.start - shape.end) and abs(follows - shape.end) > gap / 2:
                yield Finding(
                    "floor-not-reached",
                    "warning",
                    f"{rate.key} in phase {phase.name!r}",
                    f"ends at {last:.4g}, and its floor is {shape.end:.4g}",
                    "a phase is half open: its end value belongs to the step after it",
                    'let the phase last longer, or sample it at the end of its ticks, `at = "end"`',
                )
