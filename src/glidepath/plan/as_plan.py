"""A plan, or one schedule of the learning rate, as a plan."""

from __future__ import annotations

from glidepath.plan import Horizon, Phase, Plan, Schedule
from glidepath.plan.endless import LONGEST


def as_plan(given: Plan | Schedule) -> Plan:
    """A plan as it is; a schedule as a plan of the learning rate alone.

    An endless schedule has a phase that is longer than any run.

    Raises:
        TypeError: if it is neither.
        ValueError: if the schedule takes values that no learning rate can have.
    """
    if isinstance(given, Plan):
        return given
    if not isinstance(given, Schedule):
        raise TypeError(
            f"expected a Plan, or a Schedule such as `cosine(1e-3, 0.0).over(1000)`, got {given!r}"
        )
    steps = LONGEST if given.total_steps is None else max(1, given.total_steps)
    return Plan(Phase("schedule", steps), lr=given.on(Horizon()), horizon=given.horizon)
