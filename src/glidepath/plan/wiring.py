"""From phases and values to one term for each quantity and group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from glidepath.plan.algebra import (
    Cut,
    Lasting,
    Repeat,
    Segment,
    Series,
    Term,
    frame_for,
    rebuilt,
    walk,
)
from glidepath.plan.duration import Duration
from glidepath.plan.event import Event
from glidepath.plan.groups import Scaled
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import Constant, Shape
from glidepath.plan.spans import PhaseError, Span
from glidepath.plan.values import Value, quantity_of

if TYPE_CHECKING:
    from glidepath.plan.plan import Plan


def term_of(plan: Plan, key: str) -> Term:
    """The term of a key, `lr` or `lr.backbone`, over the whole plan.

    Raises:
        PhaseError, ValueError: if the values do not fit the phases.
    """
    held, own = dict(plan.values).get(key), _own(plan, key)
    if isinstance(held, Schedule) or (isinstance(held, Shape) and not isinstance(held, Constant)):
        return _throughout(plan, key, held, own)
    if not own and isinstance(held, Constant):
        return Segment(held, Duration(Fraction(plan.planned_steps), "steps"))
    default = term_of(plan, quantity_of(key)) if key != quantity_of(key) else None
    if not own and default is not None:
        return held.of(default) if isinstance(held, Scaled) else default
    return _phase_by_phase(plan, key, held)


def _own(plan: Plan, key: str) -> list[str]:
    """The phases that give the key a value of their own."""
    return [phase.name for phase in plan.phases if key in dict(phase.values)]


def _throughout(plan: Plan, key: str, value: Shape | Schedule, own: Sequence[str]) -> Term:
    """A curve from the first step on, until phases at the end of the plan have their own."""
    if isinstance(value, Schedule):
        term = _with_cuts(value.term, key, plan.events)
    else:
        term = Segment(value, Duration(Fraction(plan.planned_steps), "steps"))
    if not own:
        return term
    num_first = len(plan.phases) - len(own)
    if [phase.name for phase in plan.phases[num_first:]] != list(own) or not num_first:
        raise PhaseError(
            f"`{key}` follows one curve throughout the plan; phases can only take over from it to "
            f"the end, and {own[0]!r} is followed by one that does not, or is the first",
            own[0],
        )
    length = _together([span.duration for span in plan.spans[:num_first]], plan.horizon)
    ends = [
        _part(plan, key, plan.phases[i], plan.spans[i]) for i in range(num_first, len(plan.phases))
    ]
    return Series.of(Lasting(term, duration=length), *ends)


def _together(durations: Sequence[Duration], horizon: Horizon) -> Duration:
    """Several durations as one, exactly: in whole samples or tokens where steps are none.

    Raises:
        ValueError: if they come to a fraction of a step that is told in no other unit.
    """
    if len({duration.unit for duration in durations}) == 1:
        return Duration(sum((d.amount for d in durations), Fraction(0)), durations[0].unit)
    steps = sum(map(horizon.steps_in, durations), Fraction(0))
    samples = steps * (horizon.batch or 1)
    tokens = samples * (horizon.tokens_per_sample or 1)
    for amount, unit in ((steps, "steps"), (samples, "samples")):
        if amount.denominator == 1:
            return Duration(amount, unit)
    return Duration(tokens, "tokens")


def _phase_by_phase(plan: Plan, key: str, held: Value | None) -> Term:
    parts = [
        _part(plan, key, phase, span) for phase, span in zip(plan.phases, plan.spans, strict=True)
    ]
    whole = Series.of(*parts)
    return held.held_back(whole) if isinstance(held, Scaled) else whole


def _part(plan: Plan, key: str, phase: Phase, span: Span) -> Term:
    """What a key does in one phase."""
    own, held = dict(phase.values).get(key), dict(plan.values).get(key)
    if key != quantity_of(key) and (own is None or isinstance(own, Scaled)):
        if own is None and isinstance(held, Constant):
            return Segment(held, span.duration)
        default = _part(plan, quantity_of(key), phase, span)
        if own is None:
            return Scaled(held.factor).of(default) if isinstance(held, Scaled) else default
        return own.of(default)
    value = held if own is None else own
    if value is None:
        raise PhaseError(
            f"`{key}` has no value in phase {phase.name!r}: "
            "give it one there, or one for the whole plan",
            phase.name,
        )
    if isinstance(value, Constant):
        return Segment(value, span.duration)
    if isinstance(value, Schedule):
        _check_fits(plan, phase, span, value.term)
        term = _with_cuts(value.term, f"{phase.name}/{key}", plan.events)
        fits = term.length(frame_for(term, plan.horizon)) == plan.horizon.steps_in(span.duration)
        return term if fits else Lasting(term, duration=span.duration)
    assert isinstance(value, Shape), "a multiple was dealt with above"
    term = phase.segment(value, span.planned)
    return Lasting(term, duration=span.duration) if span.was_ended else term


def _check_fits(plan: Plan, phase: Phase, span: Span, term: Term) -> None:
    length = term.length(frame_for(term, plan.horizon))
    room = plan.horizon.steps_in(span.planned)
    if length is not None and length > room:
        raise PhaseError(
            f"phase {phase.name!r} lasts {float(room):,g} steps and has {term!r}, which takes "
            f"{float(length):,g}: lengthen the phase, or cut the schedule by "
            f".lasting({str(phase.duration)!r})",
            phase.name,
        )


def conditions_in(key: str, value: Value) -> list[Cut]:
    """The conditions that a value listens to.

    Raises:
        ValueError: if there are several, or one in a repeat.
    """
    if not isinstance(value, Schedule):
        return []
    cuts = [term for term in walk(value.term) if isinstance(term, Cut)]
    repeats = [term for term in walk(value.term) if isinstance(term, Repeat)]
    if len(cuts) > 1 or any(isinstance(term, Cut) for r in repeats for term in walk(r)):
        raise ValueError(f"`{key}` can be cut on one condition, and not inside a repeat: {value}")
    return cuts


def _with_cuts(term: Term, target: str, events: Sequence[Event]) -> Term:
    """A term whose cut knows the events that happened to it."""
    steps = tuple(sorted(e.step for e in events if e.kind == "cuts" and e.target == target))
    if not steps:
        return term

    def cut(one: Term) -> Term:
        if not isinstance(one, Cut):
            return one
        return replace(one, steps=(*one.steps, *steps))

    return rebuilt(term, cut)
