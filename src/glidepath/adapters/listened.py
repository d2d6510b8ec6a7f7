"""Which metrics a plan listens to."""

from __future__ import annotations

from glidepath.plan import Plan
from glidepath.plan.wiring import conditions_in


def listened(plan: Plan) -> list[str]:
    """The names of the metrics that a plan's conditions are about, in order, each once."""
    values = [*plan.values, *(pair for phase in plan.phases for pair in phase.values)]
    conditions = [cut.on for key, value in values for cut in conditions_in(key, value)]
    conditions += [phase.until for phase in plan.phases if phase.until is not None]
    return sorted({condition.metric for condition in conditions})
