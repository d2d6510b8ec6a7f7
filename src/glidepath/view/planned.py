"""What a run's plan says of a quantity, as points to draw."""

from __future__ import annotations

import numpy as np

from glidepath.plan.endless import LONGEST
from glidepath.record.history import History
from glidepath.view.curves import steps_to_draw


def planned(history: History, name: str, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """A quantity over the whole plan; over what was recorded where the plan has no end.

    Args:
        history: of a run with a plan that has the quantity.
        name: of the quantity.
        resolution: about how many points.
    Returns:
        steps and values, `[points]` each, float64.
    """
    plan = history.plan
    assert plan is not None
    if plan.total_steps >= LONGEST.amount:
        last = max(0, history.num_done - 1)
        steps = sorted({last * i // resolution for i in range(resolution + 1)})
    else:
        steps = steps_to_draw(plan, resolution)
    values = [float(plan[name](step)) for step in steps]
    return np.array(steps, np.float64), np.array(values, np.float64)
