"""A plan's values at a step, in words."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glidepath.plan.plan import Plan


def explanation(plan: Plan, step: int) -> str:
    """Which phase, which formula and which numbers gave the values at a step."""
    return "\n".join([_where(plan, step), *_values(plan, step), *_optimizer(plan)])


def _where(plan: Plan, step: int) -> str:
    moment, phase = plan.at(step), plan.phase_at(step)
    span = plan.span_at(step)
    epoch = f", epoch {moment.epoch:,.2f}" if moment.epoch is not None else ""
    past = step - span.end + 1
    if past > 0:
        place = f"{past:,} after the end of the phases: what held in the last step holds"
    else:
        place = (
            f"step {step - span.first:,} of the {span.end - span.first:,} of phase {phase.name!r}"
        )
    events = [event for event in plan.events if event.step <= step]
    heard = "".join(f"\n  at step {e.step:,} an event {e.kind} {e.target}" for e in events)
    return f"step {step:,} of {plan.total_steps:,}{epoch}; {place}{heard}"


def _optimizer(plan: Plan) -> Iterator[str]:
    if plan.optimizer is not None:
        constants = [f"{name} = {value}" for name, value in plan.optimizer.constants]
        yield ", ".join([f"optimizer = {plan.optimizer.name}", *constants])


def _values(plan: Plan, step: int) -> Iterator[str]:
    for name in plan.names:
        schedule = plan[name]
        yield f"{name} = {schedule(step):g}"
        parts = schedule.frame.parts
        time = step * parts + parts - 1
        for line in schedule.term.explain(schedule.frame, Fraction(0), time):
            yield f"  {line}"
