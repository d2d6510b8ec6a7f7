"""Arrays that never get a gradient, though they are meant to be trained."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import counted, listed
from glidepath.diagnosis.movement.stillness import CAUSES
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.standing import Standing, standing
from glidepath.record import History

MANY = 50
"""Updates: one batch may have none of the words, or one expert of a mixture no token."""


MOST_ARRAYS, MOST_ELEMENTS = 1 / 3, 1 / 2
"""Shares from which on it is no branch that was left out, but the way back that is cut. Ours:
GraphCast, whose last mesh nodes nobody reads, has 5 % of its arrays idle."""


def find(history: History) -> Iterator[Finding]:
    """One finding for all of them; none for arrays that are frozen or known to be idle."""
    found = standing(history)
    if found is None or not found.knows_gradients or found.num_logged < MANY:
        return
    gradients = history.looks.figure("gradient_norm")
    has_none = np.all((gradients == 0) | np.isnan(gradients), axis=0) & (found.gradient_norms == 0)
    meant = [
        i
        for i, about in enumerate(found.about)
        if about.get("trainable") is not False and not about.get("idle")
    ]
    idle = [i for i in meant if has_none[i]]
    if len(idle) < len(meant):
        if idle:
            yield _of_some(found, idle, meant)
    elif meant and found.is_still[meant].all():
        yield _of_all(found)


def _of_some(found: Standing, idle: list[int], meant: list[int]) -> Finding:
    names = tuple(found.names[i] for i in idle)
    elements = _num_elements(found, idle) / max(_num_elements(found, meant), 1)
    is_large = len(idle) >= MOST_ARRAYS * len(meant) or elements >= MOST_ELEMENTS
    return Finding(
        "no-gradient",
        "warning" if is_large else "note",
        "certain",
        found.first,
        f"{len(names):,} of {counted(len(meant))} had a gradient of exactly 0 at every look from "
        f"step {found.first:,} to {found.last:,}: {listed(names)}",
        "the loss does not depend on them: nothing reads what they give, or the way back is cut; "
        "weight decay still shrinks them",
        (
            "see whether the model uses them, and where the graph is cut: `detach`, "
            "`stop_gradient`, an output that no loss looks at, a layer of dead units",
            "if they are meant to be idle, say so: recorder.describe(step, model, idle=[...])",
        ),
        names,
        {"num_arrays": len(meant), "first_step": found.first, "last_step": found.last}
        | {"share_of_elements": elements},
    )


def _num_elements(found: Standing, arrays: list[int]) -> int:
    """Of arrays together; 0 where their shapes are not known."""
    return sum(math.prod(found.about[i].get("shape") or [0]) for i in arrays)


def _of_all(found: Standing) -> Finding:
    cause = CAUSES["no-gradient"]
    return Finding(
        "no-gradient",
        "error",
        "likely",
        found.first,
        f"{counted(len(found.names))}, and none had a gradient or moved from step {found.first:,} "
        f"to {found.last:,}",
        cause.why,
        cause.tries,
        tuple(found.names),
        {"num_arrays": len(found.names), "first_step": found.first, "last_step": found.last},
    )


RULE = Rule(
    code="no-gradient",
    looks_at="gradients of the single arrays at every look",
    threshold=f"a gradient of exactly 0 at every look, over {MANY} updates or more; a warning "
    "where that is a third of the arrays that are meant to be trained, or half of their elements, "
    "an error where it is all of them",
    source="it follows: such an array is not trained; the other numbers are ours",
    find=find,
)
