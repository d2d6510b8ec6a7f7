"""What looks wrong with a plan before it is run: one rule a file, each with a code."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from glidepath.plan.checks import (
    cycles,
    finite,
    first_update,
    floor,
    jumps,
    mid_epoch,
    peak,
    reach,
    rise,
    sampling,
    tail,
    units,
    warm_up,
    weight_decay,
)
from glidepath.plan.checks.finding import LEVELS, Finding
from glidepath.plan.checks.subject import Subject
from glidepath.plan.plan import Plan

RULES: tuple[Callable[[Subject], Iterator[Finding]], ...] = tuple(
    module.find
    for module in (
        finite,
        units,
        reach,
        tail,
        peak,
        floor,
        cycles,
        rise,
        jumps,
        mid_epoch,
        weight_decay,
        warm_up,
        first_update,
        sampling,
    )
)


def check(plan: Plan) -> list[Finding]:
    """What looks wrong with a plan, worst first."""
    subject = Subject(plan)
    found = [finding for rule in RULES for finding in rule(subject)]
    return sorted(found, key=lambda finding: LEVELS.index(finding.level))


__all__ = ["LEVELS", "RULES", "Finding", "check"]
