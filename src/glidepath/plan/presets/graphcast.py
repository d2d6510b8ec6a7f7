"""How GraphCast was trained."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.horizons import ERA5
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.rollouts import rollouts
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import cosine


def graphcast(
    *,
    peak: float = 1e-3,
    end: float = 0.0,
    warmup: DurationLike | None = "1000 steps",
    total: DurationLike = "311000 steps",
    autoregressive_lr: float = 3e-7,
    longest_rollout: int = 12,
    rollout_every: DurationLike = "1000 steps",
    weight_decay: float = 0.1,
    horizon: Horizon = ERA5,
) -> Plan:
    """GraphCast: warm-up, half a cosine, then a rollout that grows by one at a small fixed rate.

    Args:
        peak: learning rate after the warm-up.
        end: learning rate that the cosine approaches; 3e-7 in one reproduction.
        warmup: length of the line from 0 to the peak; None for none.
        total: length of all three phases.
        autoregressive_lr: learning rate of the third phase.
        longest_rollout: the last rollout; the third phase starts at 2, and 1 leaves it out.
        rollout_every: how long each rollout is trained.
        weight_decay: decoupled, on weight matrices only.
        horizon: times in the training data and global batch; samples are drawn with replacement.
    Raises:
        TypeError, ValueError: if the phases do not fit into the run, or a rate above the peak.
    Source: Lam et al. 2023, arXiv:2212.12794, supplement 4.4 and 4.5.
    Example:
        >>> graphcast().at(300_500).values["rollout"]
        2
    """
    run = Run.of(total, horizon)
    peak_above(peak, end=end, autoregressive_lr=autoregressive_lr)
    begin = warm_up(run, warmup, peak)
    finish = rollouts(run, longest_rollout, rollout_every, autoregressive_lr)
    length = run.rest("a decay", *begin, *finish)
    decay = Phase("decay", length, lr=cosine(peak, end))
    return Plan(*begin, decay, *finish, rollout=1, weight_decay=weight_decay, horizon=horizon)
