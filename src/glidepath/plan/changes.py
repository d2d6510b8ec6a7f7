"""A plan changed in mid-run: longer, or with another end. Its past stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from glidepath.plan.algebra import Segment, rebuilt
from glidepath.plan.duration import PERCENT, REST, Duration
from glidepath.plan.event import Event
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import Constant, Shape
from glidepath.plan.values import Value, Values, by_quantity

if TYPE_CHECKING:
    from glidepath.plan.plan import Plan


def extended(plan: Plan, phases: Sequence[Phase], total_steps: int | None) -> Plan:
    """See `Plan.extend`."""
    _check(phases)
    kept, values = _held_until(plan, plan.total_steps, phases)
    return _changed(plan, [*kept, *phases], values, total_steps, plan.events)


def branched(plan: Plan, at: int, phases: Sequence[Phase], total_steps: int | None) -> Plan:
    """See `Plan.branch`."""
    _check(phases)
    if not 1 <= at <= plan.total_steps:
        raise ValueError(
            f"a plan of {plan.total_steps} steps can't be branched at step {at}: "
            f"choose one from 1 to {plan.total_steps}"
        )
    seam = [Event(at, "branches", phases[0].name)]
    if at >= plan.spans[-1].end:
        kept, values = _held_until(plan, at, phases)
        return _changed(plan, [*kept, *phases], values, total_steps, [*plan.events, *seam])
    kept, values = _in_steps(plan)
    begun = [phase for phase, span in zip(kept, plan.spans, strict=True) if span.first < at]
    names = {phase.name for phase in begun}
    events = [e for e in plan.events if e.step < at or (e.step == at and e.target in names)]
    return _changed(plan, [*begun, *phases], values, total_steps, [*events, *seam])


def _held_until(plan: Plan, step: int, phases: Sequence[Phase]) -> tuple[list[Phase], Values]:
    """All of a plan; one more phase holds its last values to a step that lies past the others."""
    kept, values = _in_steps(plan)
    held = step - plan.spans[-1].end
    if held > 0:
        name = _unused("held", [*kept, *phases])
        kept.append(Phase(name, held, **_last_values(plan, step)))
    return kept, values


def _check(phases: Sequence[Phase]) -> None:
    if not phases or not all(isinstance(phase, Phase) for phase in phases):
        raise TypeError('the run needs phases to go on with: Phase("cool-down", ..., lr=...)')


def _changed(
    plan: Plan,
    phases: Sequence[Phase],
    values: Values,
    total_steps: int | None,
    events: Sequence[Event],
) -> Plan:
    from glidepath.plan.plan import rebuild

    horizon = replace(plan.horizon, total_steps=total_steps)
    kept: dict[str, Any] = {"quantities": plan.quantities, "groups": plan.groups}
    kept["optimizer"] = plan.optimizer
    return rebuild(phases=tuple(phases), horizon=horizon, values=values, events=tuple(events),
                   **kept)  # fmt: skip


def _last_values(plan: Plan, step: int) -> dict[str, Any]:
    """What holds past the end, for every key that a phase gives."""
    keys = {key for phase in plan.phases for key, _ in phase.values}
    return by_quantity((key, plan[key](step)) for key in sorted(keys))


def _unused(name: str, phases: Sequence[Phase]) -> str:
    taken = {phase.name for phase in phases}
    return next(one for one in (name, *(f"{name} {i}" for i in range(2, len(taken) + 3)))
                if one not in taken)  # fmt: skip


def _in_steps(plan: Plan) -> tuple[list[Phase], Values]:
    """Phases and values that keep their lengths in another run: percentages as steps.

    Raises:
        ValueError: if a percentage is no whole number of steps.
    """
    horizon, total = plan.horizon, Duration(Fraction(plan.planned_steps), "steps")
    phases = [
        _rephased(phase, span.planned if phase.duration.unit == REST else phase.duration, horizon)
        for phase, span in zip(plan.phases, plan.spans, strict=True)
    ]
    values: list[tuple[str, Value]] = []
    for key, value in plan.values:
        whole = isinstance(value, Shape) and not isinstance(value, Constant)
        given = Schedule(Segment(value, total)) if whole else value  # type: ignore[arg-type]
        values.append((key, _value_in_steps(given, horizon)))
    return phases, tuple(values)


def _rephased(phase: Phase, duration: Duration, horizon: Horizon) -> Phase:
    values = by_quantity((key, _value_in_steps(value, horizon)) for key, value in phase.values)
    return Phase(phase.name, _absolute(duration, horizon), at=phase.at, per=phase.per,
                 until=phase.until, **values)  # fmt: skip


def _absolute(duration: Duration, horizon: Horizon) -> Duration:
    if duration.unit != PERCENT:
        return duration
    steps = horizon.steps_in(duration)
    if steps.denominator != 1:
        raise ValueError(
            f"{duration} of {horizon.total_steps} steps is {float(steps):,}: a plan whose "
            "percentages are no whole steps can't go on in a run of another length"
        )
    return Duration(steps, "steps")


def _value_in_steps(value: Value, horizon: Horizon) -> Value:
    if isinstance(value, Schedule):
        return Schedule(rebuilt(value.term, lambda term: _node_in_steps(term, horizon)))
    changed: Value = _node_in_steps(value, horizon)
    return changed


def _node_in_steps(node: Any, horizon: Horizon) -> Any:
    """A shape or a term with its own durations in steps."""
    changes: dict[str, Any] = {}
    for one in fields(node):
        value = getattr(node, one.name)
        if isinstance(value, Duration):
            changes[one.name] = _absolute(value, horizon)
        elif isinstance(value, Shape):
            changes[one.name] = _node_in_steps(value, horizon)
    return replace(node, **changes) if changes else node
