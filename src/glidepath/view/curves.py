"""A plan as points to draw: where to look at it, and what it says there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

from glidepath.plan import Plan, Schedule

SMALLEST_CHANGE = 1e-300
"""Below this the arithmetic of drawing would underflow."""


@dataclass(frozen=True)
class Curve:
    """One quantity over the run.

    Attributes:
        name: the quantity.
        steps: ascending.
        values: at the steps.
    """

    name: str
    steps: list[int]
    values: list[float]

    @property
    def is_flat(self) -> bool:
        """Whether the value never changes, or by too little to draw."""
        return max(self.values) - min(self.values) < SMALLEST_CHANGE


def curves(plan: Plan, resolution: int = 500) -> list[Curve]:
    """Every quantity of a plan: the rate first, then what changes, then what does not."""
    steps = steps_to_draw(plan, resolution)
    made = [Curve(name, steps, _values(name, plan[name], steps)) for name in plan.names]
    return sorted(made, key=lambda curve: (curve.name != "lr", curve.is_flat, curve.name))


def steps_to_draw(plan: Plan, resolution: int) -> list[int]:
    """Evenly spread steps, with those around the start of every phase, restart and event."""
    last = plan.total_steps - 1
    spread = {last * i // resolution for i in range(resolution + 1)}
    starts = {*plan.starts, *(event.step for event in plan.events)}
    for name in plan.names:
        starts |= set(islice(plan[name].seams(plan.total_steps), 2 * resolution))
    edges = {edge for start in starts for edge in (start - 1, start)}
    return sorted(step for step in spread | edges if 0 <= step <= last)


def _values(name: str, schedule: Schedule, steps: list[int]) -> list[float]:
    values = [float(schedule(step)) for step in steps]
    for step, value in zip(steps, values, strict=True):
        if not math.isfinite(value):
            raise ValueError(f"`{name}` is {value} at step {step:,}, which can't be drawn")
    return values


def short(value: float) -> str:
    """A number in few characters: 0.0005 as 5e-4, 311000 as 311,000."""
    if value == 0 or 1e-2 <= abs(value) < 1e6:
        return f"{value:,.4g}" if abs(value) < 1e4 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.3e}".split("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
