"""Plans side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glidepath.plan.plan import Plan

MOST_STEPS = 20_000_000
SAME = 1e-12
"""Relative to the larger value: what rounding does."""


@dataclass(frozen=True)
class Compared:
    """One plan beside the first.

    Attributes:
        name: what it is called.
        total_steps: of the run.
        peak: the largest value.
        last: the value of the last update.
        total: the sum of the values over all updates: for `lr`, the total learning rate.
        share_above_half: share of the run above half the peak.
        first_difference: the first step at which it differs from the first plan; None where it
            never does.
        largest_difference: from the first plan, at a step that both have.
        differs_most_at: that step.
    """

    name: str
    total_steps: int
    peak: float
    last: float
    total: float
    share_above_half: float
    first_difference: int | None
    largest_difference: float
    differs_most_at: int


def compare(plans: Mapping[str, Plan], quantity: str = "lr") -> list[Compared]:
    """Compare one quantity of plans, the first with each.

    Two runs of different length differ at the end of the shorter, if nowhere before.

    Args:
        plans: by name; at least one.
        quantity: that all of them have.
    Raises:
        KeyError: if a plan has no such quantity.
        ValueError: if there is no plan, or one has more than 20 million steps.
    """
    if not plans:
        raise ValueError("there is no plan to compare")
    curves = {name: _values(name, plan, quantity) for name, plan in plans.items()}
    first = next(iter(curves.values()))
    return [_beside(name, curve, first) for name, curve in curves.items()]


def _values(name: str, plan: Plan, quantity: str) -> Any:
    """The value at every step, [steps]."""
    import numpy as np

    if plan.total_steps > MOST_STEPS:
        raise ValueError(f"{name} has {plan.total_steps:,} steps; at most {MOST_STEPS:,} fit")
    return plan[quantity](np.arange(plan.total_steps)).astype(float)


def _beside(name: str, curve: Any, first: Any) -> Compared:
    import numpy as np

    both = min(len(curve), len(first))
    gap = np.abs(curve[:both] - first[:both])
    differs = gap > SAME * np.maximum(np.abs(curve[:both]), np.abs(first[:both]))
    earliest = int(differs.argmax()) if differs.any() else both
    same_length = len(curve) == len(first)
    most = int(gap.argmax())
    return Compared(
        name=name,
        total_steps=len(curve),
        peak=float(curve.max()),
        last=float(curve[-1]),
        total=float(curve.sum()),
        share_above_half=float((curve > curve.max() / 2).mean()),
        first_difference=None if earliest == both and same_length else earliest,
        largest_difference=float(gap[most]),
        differs_most_at=most,
    )
