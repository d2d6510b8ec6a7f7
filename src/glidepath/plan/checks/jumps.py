"""A rate that jumps."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.algebra import Repeat, walk
from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.sampled import Jump, rates
from glidepath.plan.plan import Plan

TENFOLD = 10


def find(plan: Plan) -> Iterator[Finding]:
    """From one step to the next the rate changes more than tenfold."""
    branches = {e.step for e in plan.events if e.kind == "ends" and not _listens(plan, e.target)}
    for rate in rates(plan):
        repeats = any(isinstance(term, Repeat) for term in walk(rate.schedule.term))
        for step, before, after in rate.jumps:
            if step in branches:
                yield _finding("branch-jump", "warning", rate.key, (step, before, after))
        large = [jump for jump in rate.jumps if jump[0] not in branches and _is_large(jump)]
        if large and "." not in rate.key:
            level = "note" if repeats else "warning"
            yield _finding("tenfold-jump", level, rate.key, *large)


def _listens(plan: Plan, name: str) -> bool:
    return any(phase.name == name and phase.until is not None for phase in plan.phases)


def _is_large(jump: Jump) -> bool:
    _, before, after = jump
    return max(before, after) > TENFOLD * min(before, after)


def _finding(code: str, level: str, key: str, *jumps: Jump) -> Finding:
    step, before, after = jumps[0]
    more = f", and such jumps come {len(jumps) - 1} times more" if len(jumps) > 1 else ""
    return Finding(
        code,
        level,
        f"{key} at step {step:,}",
        f"goes from {before:.4g} to {after:.4g} in one step{more}",
        "the moments of the optimizer were gathered at the other rate: a jump up can throw the "
        "model off, and one down wastes what was still to be learnt",
        f"let the next piece start at {before:.4g}, or put a short line between them",
    )
