"""CyclicLR: triangles, and what scales them."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from glidepath.adapters.torch.reading.formulas import CycleHeight, GeometricScale
from glidepath.adapters.torch.reading.lines import lines
from glidepath.adapters.torch.reading.motion import Values
from glidepath.adapters.torch.reading.numbers import base_rate, number, snapped, whole
from glidepath.plan import Schedule, decay, from_function, linear
from glidepath.plan.endless import endless

FLOAT32 = 1e-6
"""What rounding to float32 changes, and a little more."""


def cyclic_lr(scheduler: Any, group: int) -> Values:
    """CyclicLR: low + (high - low) * triangle(k) * scale.

    The scale is 1 for "triangular", 2 ** -(cycle - 1) for "triangular2", gamma ** k for
    "exp_range", or a function of the user's own. On an optimizer that had a scheduler before, the
    constructor sets the rate to the group's `initial_lr`, which is then not low.
    """
    low = base_rate(scheduler, group)
    high = number(scheduler, "max_lrs", scheduler.max_lrs[group])
    initial = scheduler.optimizer.param_groups[group]["initial_lr"]
    built = number(scheduler, "initial_lr", initial)
    # A rate that is a tensor has rounded the same number.
    is_low = math.isclose(built, low, rel_tol=FLOAT32)
    curve = cycles(scheduler, low, high)
    return Values("CyclicLR", low, curve, None if is_low else built)


def momentum_of_cyclic_lr(scheduler: Any, group: int) -> Schedule:
    """The same upside down: high - (high - low) * triangle(k) * scale."""
    high = number(scheduler, "max_momentums", scheduler.max_momentums[group])
    return cycles(
        scheduler, high, number(scheduler, "base_momentums", scheduler.base_momentums[group])
    )


def cycles(scheduler: Any, foot: float, top: float) -> Schedule:
    """The triangles of a scheduler between two values."""
    length = whole(scheduler.total_size)
    is_own = scheduler._scale_fn_custom is not None
    if is_own or length is None or (scheduler.mode == "exp_range" and scheduler.gamma <= 0):
        return _by_function(scheduler, foot, top)
    if scheduler.mode == "triangular":
        return _triangle(scheduler, foot, top, length).repeat()
    triangle = _triangle(scheduler, 0.0, top - foot, length)
    if scheduler.mode == "triangular2":
        waves = triangle.repeat(scale=0.5)
    else:
        waves = triangle.repeat() * endless(decay(1.0, scheduler.gamma, every=1))
    return foot + waves if foot else waves


def _triangle(scheduler: Any, foot: float, top: float, length: int) -> Schedule:
    """One cycle, up and down; where the peak lies between two steps, a line goes past it."""
    rise = snapped(length * scheduler.step_ratio)
    value = partial(_triangular, foot=foot, top=top, rise=rise, length=length)
    if rise < length:
        return lines(value, [0, math.floor(rise), math.ceil(rise), length])
    return linear(foot, top).over(length)


def _triangular(step: int, *, foot: float, top: float, rise: float, length: int) -> float:
    share = step / rise if step <= rise else (length - step) / (length - rise)
    return foot * (1.0 - share) + top * share


def _by_function(scheduler: Any, foot: float, top: float) -> Schedule:
    scales = {
        "triangular": GeometricScale(1.0, first=1),
        "triangular2": GeometricScale(0.5, first=1),
        "exp_range": GeometricScale(scheduler.gamma, first=0),
    }
    own = scheduler._scale_fn_custom
    height = CycleHeight(
        foot,
        top - foot,
        scheduler.total_size,
        scheduler.step_ratio,
        scale=own if own is not None else scales[scheduler.mode],
        by_cycle=scheduler.scale_mode == "cycle",
    )
    return endless(from_function(height))
