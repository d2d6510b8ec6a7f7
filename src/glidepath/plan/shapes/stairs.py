"""How long a stair is, in integers."""

from __future__ import annotations

from glidepath.plan.duration import Duration
from glidepath.plan.shapes.shape import InTicks


def parts_in(every: Duration, in_ticks: InTicks, parts: int) -> int:
    """The length of a stair in parts of a tick.

    Raises:
        ValueError: if it is shorter than a tick, or no whole number of parts, which happens only
            to epochs that a value per epoch can't tell apart.
    """
    ticks = in_ticks(every)
    if ticks < 1:
        raise ValueError(
            "`every` must be at least one step, or one epoch if the value moves per epoch; "
            f"got {every}, which is {float(ticks):.4g} of one"
        )
    if (ticks * parts).denominator != 1:
        raise ValueError(
            f'`every` must be a whole number of epochs where the value moves `per="epoch"`, '
            f"got {every}, which is {float(ticks):.4g}"
        )
    return int(ticks * parts)
