"""A schedule looked at closely enough to judge it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from glidepath.plan.plan import Plan
from glidepath.plan.schedule import Schedule

Jump = tuple[int, float, float]
"""A step, the value before it, and the value at it."""

RESOLUTION = 2_000
MOST_SEAMS = 5_000


@dataclass(frozen=True)
class Sampled:
    """One key of a plan at evenly spread steps, and around every step at which a piece begins.

    Attributes:
        key: of the plan.
        schedule: its schedule.
        total_steps: of the run.
    """

    key: str
    schedule: Schedule
    total_steps: int

    @cached_property
    def seams(self) -> list[int]:
        """The steps at which a piece begins, the first 5,000 of them."""
        return list(islice(self.schedule.seams(self.total_steps), MOST_SEAMS))

    @cached_property
    def points(self) -> dict[int, float]:
        """Values by step, ascending."""
        last = self.total_steps - 1
        spread = {last * i // RESOLUTION for i in range(RESOLUTION + 1)}
        near = {seam + d for seam in self.seams for d in (-1, 0, 1)}
        steps = sorted(step for step in spread | near if 0 <= step <= last)
        return {step: float(self.schedule(step)) for step in steps}

    @cached_property
    def peak(self) -> float:
        """The largest value."""
        return max(self.points.values())

    @cached_property
    def last(self) -> float:
        """The value of the last update."""
        return float(self.schedule(self.total_steps - 1))

    @cached_property
    def jumps(self) -> list[Jump]:
        """Where a piece begins at another value than the last one had."""
        pairs = [
            (s, float(self.schedule(s - 1)), float(self.schedule(s))) for s in self.seams if s > 0
        ]
        return [(s, a, b) for s, a, b in pairs if abs(b - a) > 0.01 * max(abs(self.peak), 1e-300)]


def rates(plan: Plan) -> list[Sampled]:
    """The learning rate, and that of every group."""
    keys = [key for key in plan.names if key == "lr" or key.startswith("lr.")]
    return [Sampled(key, plan[key], plan.total_steps) for key in keys]
