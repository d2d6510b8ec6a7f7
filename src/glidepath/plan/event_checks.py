"""What can have happened to a plan's run."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from glidepath.plan.event import Event

if TYPE_CHECKING:
    from glidepath.plan.plan import Plan


def check_events(plan: Plan) -> None:
    """Refuse events that the plan has no place for.

    Raises:
        ValueError: naming the event.
    """
    possible = {("ends", phase.name) for phase in plan.phases if phase.until is not None}
    possible |= {("branches", phase.name) for phase in plan.phases}
    possible |= {("cuts", target) for target in plan.cuts}
    for event in plan.events:
        if (event.kind, event.target) not in possible:
            raise ValueError(f"nothing in the plan that {event} could have happened to")
    happened = [event if event.kind == "cuts" else event.target for event in plan.events]
    times = Counter(happened)
    for event, what in zip(plan.events, happened, strict=True):
        if times[what] > 1:
            raise ValueError(f"{event} can't have happened twice")
        start, end = _lifetime(plan, event)
        if not start <= event.step < end:
            raise ValueError(f"{event} lies outside of steps {start} to {end - 1}")


def _lifetime(plan: Plan, event: Event) -> tuple[int, int]:
    """The steps in which an event can happen: a phase for what is cut in it, else the run."""
    phase, is_inside, _ = event.target.rpartition("/")
    if event.kind != "cuts" or not is_inside:
        return 1, plan.total_steps + 1
    span = next(s for p, s in zip(plan.phases, plan.spans, strict=True) if p.name == phase)
    return span.first, span.end
