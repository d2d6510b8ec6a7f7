"""Steps where epochs were meant, or the other way round."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.plan import Plan
from glidepath.plan.shapes import Shape

MOST_EPOCHS = 2_000
"""More are hardly ever trained."""


def find(plan: Plan) -> Iterator[Finding]:
    """The run is shorter than an epoch, or implausibly long, or mixes clocks inside a phase."""
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
            inside = value.lengths if isinstance(value, Shape) else ()
            odd = [d for d in inside if {d.unit, phase.duration.unit} == {"steps", "epochs"}]
            if odd and plan.horizon.steps_in(odd[0]) < 2:
                yield _finding(
                    f"phase {phase.name!r} is told in {phase.duration.unit}, `{key}` in it in "
                    f"{odd[0].unit}: {odd[0]}",
                    "tell both in the same unit",
                )


def _finding(what: str, fix: str) -> Finding:
    return Finding(
        "steps-or-epochs",
        "warning",
        "the horizon",
        what,
        "a schedule meant for one clock and run by another is the commonest mistake there is",
        fix,
    )
