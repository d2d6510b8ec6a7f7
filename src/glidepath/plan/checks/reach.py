"""A stair or a part that the run never comes to."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from glidepath.plan.algebra import Frame, Lasting, Segment, Series, walk
from glidepath.plan.checks.finding import Finding
from glidepath.plan.plan import Plan
from glidepath.plan.shapes.decay import Decay
from glidepath.plan.shapes.staircase import Staircase


def find(plan: Plan) -> Iterator[Finding]:
    """A piece begins after its end, or a stair is never taken."""
    for key in plan.names:
        schedule = plan[key]
        for term in walk(schedule.term):
            if isinstance(term, Lasting) and isinstance(term.inside, Series):
                yield from _cut_parts(key, term, schedule.frame)
            if isinstance(term, Segment):
                yield from _stairs(key, term, schedule.frame)


def _cut_parts(key: str, term: Lasting, frame: Frame) -> Iterator[Finding]:
    """Parts of a series that lie behind the end of its phase."""
    seams = list(term.inside.seams(frame, Fraction(0))) if not term.inside.is_endless else []
    beyond = [seam for seam in seams if seam >= term.length(frame)]
    if beyond:
        yield _finding(
            key,
            f"{len(beyond)} of its parts begin at step {int(beyond[0]):,} or later, and it is cut "
            f"after {int(term.length(frame)):,}",
        )


def _stairs(key: str, term: Segment, frame: Frame) -> Iterator[Finding]:
    """Stairs of which some are never taken."""
    shape, length = term.shape, term.length(frame)
    if isinstance(shape, Decay) and shape.stair and frame.steps_in(shape.every) >= length:
        yield _finding(key, f"{shape} has no step in its {float(length):,g} steps")
    if isinstance(shape, Staircase):
        needed = math.ceil(abs(shape.end - shape.start) / shape.by) * frame.steps_in(shape.every)
        if needed >= length:
            yield _finding(
                key,
                f"{shape} comes to {shape.end} after {float(needed):,g} steps and has "
                f"{float(length):,g}",
            )


def _finding(key: str, what: str) -> Finding:
    return Finding(
        "never-reached",
        "warning",
        key,
        what,
        "a milestone that never comes is most often one in the wrong unit",
        "shorten it, lengthen the phase, or take it out",
    )
