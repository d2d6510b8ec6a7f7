"""A rate that jumps."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.plan.checks.finding import Finding
from glidepath.plan.checks.subject import Curve, Jump, Subject

TENFOLD = 10.01
"""A hundredth of it is for rounding: a tenth every 30 epochs is a common plan."""

NOTICEABLE = 0.1
"""Of the peak: more than a curve that is held through each epoch goes in one of its stairs."""

WHY = (
    "the moments of the optimizer were gathered at the other rate: a jump up can throw the model "
    "off, and one down wastes what was still to be learnt"
)


def find(subject: Subject) -> Iterator[Finding]:
    """From one step to the next the rate changes tenfold, or at the seam of two phases at all."""
    plan = subject.plan
    branches = {event.step for event in plan.events if event.kind == "branches"}
    for rate in subject.rates:
        found: dict[str, list[Jump]] = {}
        for jump in rate.jumps:
            if code := _code(jump, rate, branches, plan.starts):
                found.setdefault(code, []).append(jump)
        for code, jumps in found.items():
            if code == "branch-jump" or "." not in rate.key:
                yield _finding(code, rate.key, *jumps)


def _code(jump: Jump, rate: Curve, branches: set[int], starts: tuple[int, ...]) -> str | None:
    """What kind of jump it is; small ones count only where a phase begins."""
    step, before, after = jump
    if step in branches:
        return "branch-jump"
    if max(before, after) > TENFOLD * min(before, after):
        return "warm-restart" if rate.repeats and after > before else "tenfold-jump"
    is_seen = abs(after - before) > NOTICEABLE * rate.peak
    return "phase-jump" if step in starts and is_seen else None


def _finding(code: str, key: str, *jumps: Jump) -> Finding:
    step, before, after = jumps[0]
    more = f", and {len(jumps) - 1:,} more such jumps follow" if len(jumps) > 1 else ""
    fix = f"let the next piece start at {before:.4g}, or put a short line between them"
    if code == "warm-restart":
        fix = "nothing, if these are warm restarts; lower later peaks by `scale` if the loss spikes"
    return Finding(
        code,
        "note" if code in ("warm-restart", "phase-jump") else "warning",
        f"{key} at step {step:,}",
        f"goes from {before:.4g} to {after:.4g} in one step{more}",
        WHY,
        fix,
    )
