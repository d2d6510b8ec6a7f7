"""The phase that most recipes begin with."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.phase import Phase
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.shapes import linear


def warm_up(
    run: Run, length: DurationLike | None, peak: float, *, at: str = "start"
) -> tuple[Phase, ...]:
    """A line from 0 to the peak, or no phase at all.

    Args:
        run: what it is part of.
        length: the preset's `warmup`; None for none.
        peak: learning rate that it leads to.
        at: as in `Shape.over`.
    Raises:
        TypeError, ValueError: if the length is none.
    """
    if length is None:
        return ()
    return (Phase("warm-up", run.part("warmup", length), at=at, lr=linear(0.0, peak)),)
