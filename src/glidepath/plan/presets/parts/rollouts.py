"""The phase in which GraphCast's rollout grows."""

from __future__ import annotations

from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.numbers import positive_count
from glidepath.plan.phase import Phase
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.shapes import staircase


def rollouts(run: Run, longest: int, every: DurationLike, lr: float) -> tuple[Phase, ...]:
    """Rollouts from 2 on, one longer each time; no phase at all where 1 is the longest.

    Args:
        run: what it is part of.
        longest: the preset's `longest_rollout`.
        every: the preset's `rollout_every`: how long each is trained.
        lr: learning rate.
    Raises:
        TypeError, ValueError: if an argument is none of these.
    """
    stairs = positive_count("longest_rollout", longest) - 1
    length = run.part("rollout_every", every)
    if not stairs:
        return ()
    whole = Duration(stairs * length.amount, length.unit)
    rollout = staircase(2, longest, every=length)
    return (Phase("autoregressive", whole, lr=lr, rollout=rollout),)
