"""A plan, or one schedule of the learning rate, as a plan."""

from __future__ import annotations

from glidepath.plan import Horizon, Phase, Plan, Schedule


def as_plan(given: Plan | Schedule) -> Plan:
    """A plan as it is; a schedule as a plan of the learning rate alone.

    An endless schedule, which no plan's length can tell, goes on past the one step of its phase.

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
    steps = max(1, given.total_steps or 1)
    return Plan(Phase("schedule", steps), lr=given.on(Horizon()), horizon=given.horizon)
