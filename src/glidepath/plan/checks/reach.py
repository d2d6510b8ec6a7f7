"""A stair or a part that the run never comes to."""

from __future__ import annotations

import math
from collections.abc import Iterator

from glidepath.plan.algebra import Segment, Stretch, walk
from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import MOST_SEAMS, Subject
from glidepath.plan.shapes.decay import Decay
from glidepath.plan.shapes.staircase import Staircase


def find(subject: Subject) -> Iterator[Finding]:
    """A piece would begin after the end, or a stair is never taken."""
    for key in subject.plan.names:
        curve = subject.curve(key)
        if len(curve.stretches) == MOST_SEAMS:
            continue
        begun = {id(stretch.segment) for stretch in curve.stretches}
        leaves = [term for term in walk(curve.schedule.term) if isinstance(term, Segment)]
        for segment in leaves:
            if id(segment) not in begun:
                yield _finding(key, f"{segment!r} would begin after the end")
                break
        for stretch in curve.stretches:
            if what := _untaken(stretch):
                yield _finding(key, what)
                break


def _untaken(stretch: Stretch) -> str | None:
    """What a flight of stairs never comes to."""
    shape, frame, length = stretch.segment.shape, stretch.frame, stretch.end - stretch.start
    if isinstance(shape, Decay) and shape.stair and frame.steps_in(shape.every) >= length:
        return f"{shape} has no step in its {int(length):,} steps"
    if not isinstance(shape, Staircase):
        return None
    needed = math.ceil(abs(shape.end - shape.start) / shape.by) * frame.steps_in(shape.every)
    if needed < length:
        return None
    return f"{shape} comes to {shape.end} after {int(needed):,} steps and has {int(length):,}"


def _finding(key: str, what: str) -> Finding:
    return Finding(
        "never-reached",
        "warning",
        key,
        what,
        "a milestone that never comes is most often one in the wrong unit",
        "shorten it, lengthen the phase, or take it out",
    )
