"""A plan looked at closely enough to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from glidepath.plan.algebra import Repeat, Segment, Stretch, walk
from glidepath.plan.plan import Plan
from glidepath.plan.schedule import Schedule

RESOLUTION = 20_000
MOST_SEAMS = 5_000

Jump = tuple[int, float, float]
"""A step, the value before it, and the value at it."""


@dataclass(frozen=True)
class Curve:
    """One key of a plan, at evenly spread steps and around every step at which a piece begins.

    Attributes:
        key: of the plan.
        schedule: its schedule.
        total_steps: of the run.
    """

    key: str
    schedule: Schedule
    total_steps: int

    @cached_property
    def stretches(self) -> list[Stretch]:
        """Its segments in their places, the first 5,000 of them."""
        return list(islice(self.schedule.stretches(self.total_steps), MOST_SEAMS))

    @cached_property
    def seams(self) -> list[int]:
        """The steps at which a piece begins, or a stair, the first 5,000 of them."""
        return list(islice(self.schedule.seams(self.total_steps), MOST_SEAMS))

    @cached_property
    def points(self) -> dict[int, float]:
        """Values by step, ascending: all of them in a run of up to 20,000 steps."""
        import numpy as np

        last = self.total_steps - 1
        spread = {last * i // RESOLUTION for i in range(RESOLUTION + 1)}
        near = {seam + d for seam in self.seams for d in (-1, 0, 1)}
        steps = sorted(step for step in spread | near if 0 <= step <= last)
        values = self.schedule(np.array(steps)).astype(float)
        return dict(zip(steps, values.tolist(), strict=True))

    @cached_property
    def peak(self) -> float:
        """The largest value."""
        return max(self.points.values())

    @cached_property
    def low(self) -> float:
        """The smallest value."""
        return min(self.points.values())

    @cached_property
    def last(self) -> float:
        """The value of the last update."""
        return float(self.schedule(self.total_steps - 1))

    @cached_property
    def repeats(self) -> list[Segment]:
        """The segments that stand in a repeat."""
        terms = walk(self.schedule.term)
        inside = (one for term in terms if isinstance(term, Repeat) for one in walk(term))
        return [one for one in inside if isinstance(one, Segment)]

    @cached_property
    def jumps(self) -> list[Jump]:
        """Where a piece begins at another value than the last one had."""
        values = self.points
        pairs = [(s, values[s - 1], values[s]) for s in self.seams if s > 0]
        return [(s, a, b) for s, a, b in pairs if abs(b - a) > 0.01 * max(abs(self.peak), 1e-300)]


@dataclass(frozen=True)
class Subject:
    """What rules look at.

    Attributes:
        plan: as it was made.
    """

    plan: Plan

    @cached_property
    def rates(self) -> list[Curve]:
        """The learning rate, and that of every group."""
        return [self.curve(key) for key in self.plan.names if key.partition(".")[0] == "lr"]

    @cached_property
    def main_rates(self) -> list[Curve]:
        """The learning rate, without those of groups, which mostly follow it."""
        return [rate for rate in self.rates if rate.key == "lr"]

    def curve(self, key: str) -> Curve:
        """One key of the plan."""
        return Curve(key, self.plan[key], self.plan.total_steps)


def value_in(stretch: Stretch, step: int) -> Any:
    """What a segment alone says at a step, without what stands around it."""
    from glidepath.plan.arrays import NUMBERS

    parts = stretch.frame.parts
    placed = stretch.segment.place(stretch.frame, stretch.start)
    return placed(step * parts + parts - 1, NUMBERS)
