"""Steps where epochs were meant, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.algebra import Segment, walk
from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Subject
from glidepath.plan.duration import Duration
from glidepath.plan.horizon import Horizon
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import Shape
from glidepath.plan.values import Value

MOST_EPOCHS = 2_000
"""More are hardly ever trained."""


def find(subject: Subject) -> Iterator[Finding]:
    """The run is shorter than an epoch, implausibly long, or mixes clocks inside a phase."""
    plan = subject.plan
    if not plan.horizon.has_epochs:
        return
    epochs = float(plan.total_steps / plan.horizon.steps_per_epoch)
    in_steps = all(phase.duration.unit == "steps" for phase in plan.phases)
    if in_steps and epochs < 1 and plan.total_steps <= MOST_EPOCHS:
        yield _finding(
            f"the whole run is {plan.total_steps:,} steps, {epochs:.2g} of an epoch",
            'were epochs meant? then write `for = "... epochs"`',
        )
    if not in_steps and epochs > MOST_EPOCHS:
        yield _finding(
            f"the run is {epochs:,.0f} epochs, {plan.total_steps:,} steps",
            'were steps meant? then write `for = "... steps"`',
        )
    for phase in plan.phases:
        for key, value in phase.values:
            odd = [one for one in _lengths(value) if _is_odd(one, phase.duration, plan.horizon)]
            if odd:
                yield _finding(
                    f"phase {phase.name!r} lasts {phase.duration}, and `{key}` in it counts in "
                    f"{odd[0]}",
                    "were epochs meant? then say so; tell both in one unit",
                )


def _lengths(value: Value) -> Iterator[Duration]:
    """The durations that a value counts by; a rise may well be told in steps."""
    if isinstance(value, Shape):
        yield from value.lengths
    if not isinstance(value, Schedule):
        return
    for term in walk(value.term):
        if isinstance(term, Segment):
            low, high = getattr(term.shape, "start", 1.0), getattr(term.shape, "end", 0.0)
            yield from term.shape.lengths
            yield from () if low < high else (term.duration,)


def _is_odd(inside: Duration, around: Duration, horizon: Horizon) -> bool:
    """Whether a number of steps is plausible only as a number of the epochs around it."""
    units = (inside.unit, around.unit)
    is_short = inside.amount <= around.amount and inside.amount < horizon.steps_per_epoch
    return units == ("steps", "epochs") and is_short


def _finding(what: str, fix: str) -> Finding:
    return Finding(
        "steps-or-epochs",
        "warning",
        "the horizon",
        what,
        "a schedule meant for one clock and run by another is the commonest mistake there is",
        fix,
    )
