"""A run that ended while its rate was high, though it does not stay high for ever."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

HIGH = 0.5
"""Of the peak rate. Of the recipes in `plan.presets` all that fall end at a fifth of it or less."""
MOVED = 0.95
"""Of the peak rate: a rate that fell below it, or will, is not meant to stay where it is."""


def find(history: History) -> Iterator[Finding]:
    """The last rate against the peak, once the run is over."""
    steps, rates = history.known("lr")
    if not len(rates) or not _is_over(history):
        return
    peak, last = float(rates.max()), float(rates[-1])
    if not (peak > 0 and last > HIGH * peak):
        return
    left, low = _to_come(history)
    fell = float(rates[int(np.argmax(rates)) :].min()) < MOVED * peak
    if fell or low < HIGH * peak:
        yield _finding(int(steps[-1]), last, peak, left if low < HIGH * peak else 0)


def _is_over(history: History) -> bool:
    """Whether it came to its end: one that was stopped or failed may go on."""
    if history.end is not None:
        return history.end.get("state") == "finished"
    return history.total_steps is not None and history.num_done >= history.total_steps


def _to_come(history: History) -> tuple[int, float]:
    """Updates that the plan goes on for, and its last rate; no fewer than 0."""
    plan = history.plan
    if plan is None or "lr" not in plan or plan.total_steps <= history.num_done:
        return 0, float("inf")
    return plan.total_steps - history.num_done, float(plan["lr"](plan.total_steps - 1))


def _finding(step: int, last: float, peak: float, left: int) -> Finding:
    cut = f", and the plan goes on for {left:,} updates" if left else ""
    return Finding(
        "ends-on-high-rate",
        "warning",
        "certain",
        step,
        f"the run ended at a rate of {last:.3g}, {last / peak:.0%} of its peak{cut}",
        "at a high rate the model goes on jumping about its minimum, and comes out as it happened "
        "to be; a fall to 0 gains more than as many updates at the peak do",
        (
            "let the rate fall to 0 over the last fifth of the run or more, from the last "
            "checkpoint on: `plan.branch`",
            "make the plan as long as the run" if left else "end the run where a cycle ends",
        ),
        evidence={"last": last, "peak": peak, "left_of_the_plan": left},
    )


RULE = Rule(
    "ends-on-high-rate",
    "the rate of every update, the plan, and how the run ended",
    "the run is finished and its last rate is more than half of the peak, though the rate fell "
    "before or would fall in what is left of the plan; a rate that never falls is a choice",
    "why a rate should fall to 0: Defazio et al. 2023, arXiv:2310.07831; half is ours",
    find,
)
