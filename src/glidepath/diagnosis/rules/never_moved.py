"""Arrays that never move, though they have gradients and the rate is not 0; and why."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import counted, listed
from glidepath.diagnosis.movement.stillness import CAUSES, Clues, cause_of
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.standing import Standing, standing
from glidepath.record import History

MANY = 50
"""Updates after which nobody is still gathering gradients for the first one."""
ON_PURPOSE = ("unexplained", "zero-updates", "rounded-away")
"""Causes that a group's rate of 0 explains, which stands in the plan or was set by hand."""


def find(history: History) -> Iterator[Finding]:
    """One finding for each cause; none for arrays that are frozen or known to be idle."""
    found = standing(history)
    if found is None:
        return
    if all(about.get("trainable") is False for about in found.about):
        if found.is_still.all():
            yield _finding(found, "frozen", list(range(len(found.names))), is_all=True)
        return
    meant = [i for i in range(len(found.names)) if found.can_move(i)]
    still = [i for i in meant if found.is_still[i]]
    is_all = len(still) == len(meant)
    if not is_all and (found.num_logged < MANY or not found.knows_gradients):
        return
    causes = {i: cause_of(_clues(found, i, others_move=not is_all)) for i in still}
    is_left_out = not is_all and min(found.rates.values(), default=1.0) == 0
    for cause in CAUSES:
        here = [i for i in still if causes[i] == cause]
        if here and not (is_left_out and cause in ON_PURPOSE):
            yield _finding(found, cause, here, is_all=is_all)


def _clues(found: Standing, i: int, *, others_move: bool) -> Clues:
    update, norm = found.update_norms[i], found.norms[i]
    return Clues(
        rate=None if others_move else max(found.rates.values(), default=None),
        is_held=found.about[i].get("held"),
        num_updates=found.num_updates,
        update_norm=None if np.isnan(update) else float(update),
        norm=None if np.isnan(norm) else float(norm),
        dtype=found.about[i].get("dtype"),
        others_move=others_move,
    )


def _finding(found: Standing, name: str, arrays: list[int], *, is_all: bool) -> Finding:
    cause, total = CAUSES[name], len(found.names)
    names = tuple(found.names[i] for i in arrays)
    gradients = found.gradient_norms[arrays]
    rate = max(found.rates.values(), default=None)
    is_sure = found.num_logged >= MANY and (found.knows_gradients or name == "frozen")
    is_sure = is_sure and name != "unapplied-or-rounded"
    told = "" if rate is None else f" at rates up to {rate:.3g}"
    had = (
        ""
        if np.isnan(gradients).all()
        else f" with gradients of norm {np.nanmedian(gradients):.3g}"
    )
    return Finding(
        "never-moved",
        "error" if is_all else "warning",
        "certain" if is_all and is_sure else "likely",
        found.first,
        f"{len(names):,} of {counted(total)} bit for bit the same from step {found.first:,} to "
        f"{found.last:,}{told}{had}: {cause.says} ({listed(names)})",
        cause.why,
        cause.tries,
        names,
        {
            "cause": name,
            "num_arrays": total,
            "first_step": found.first,
            "last_step": found.last,
            "num_updates": found.num_logged,
            "num_counted": found.num_updates,
            "rate": rate,
            "gradient_norms": {
                one: None if np.isnan(value) else float(value)
                for one, value in zip(names, gradients, strict=True)
            },
        },
    )


RULE = Rule(
    code="never-moved",
    looks_at="checksums and gradients of the single arrays at every look, the rate, what the "
    "optimizer holds and counts",
    threshold="the same bits at all looks, with 8 updates or more between the first and the last, "
    "and a gradient above 0 at each, where gradients are recorded; where other arrays move, "
    f"{MANY} updates or more, and recorded gradients",
    source="it follows: an update by a gradient and a rate that are not 0 changes an array, and a "
    "changed one keeps its checksum in one case of 2**32; 8 and 50 are ours, for who gathers "
    "gradients of several batches",
    find=find,
)
