"""How GraphCast's operational model was fine-tuned."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.horizons import HRES
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.rollouts import rollouts
from glidepath.plan.presets.parts.run import Run


def graphcast_operational(
    *,
    peak: float = 3e-7,
    total: DurationLike = "41000 steps",
    autoregressive_lr: float | None = None,
    longest_rollout: int = 12,
    rollout_every: DurationLike = "1000 steps",
    weight_decay: float = 0.1,
    horizon: Horizon = HRES,
) -> Plan:
    """Fine-tuning GraphCast on an operational analysis: one step, then a rollout that grows.

    Published: 30,000 updates at one step, then 1,000 each at 2 to 12 steps, on HRES-fc0 of 2016 to
    2021. Not published: the learning rate, its shape, the weight decay and the batch. Here they are
    those of the third phase of `graphcast`, the only fine-tuning that was: try a higher `peak`.

    Args:
        peak: learning rate at one step. Not published.
        total: length of both phases; what the rollouts leave is trained at one step.
        autoregressive_lr: learning rate of the rollouts; the peak where None. Not published.
        longest_rollout: the last rollout; the second phase starts at 2, and 1 leaves it out.
        rollout_every: how long each rollout is trained.
        weight_decay: decoupled, on weight matrices only. Not published for the fine-tuning.
        horizon: times in the training data, counted, and global batch, which is not published.
    Raises:
        TypeError, ValueError: if the phases do not fit into the run, or a rate above the peak.
    Source: a maintainer's answer in github.com/google-deepmind/graphcast, issue 214; the years in
        that repository's README.
    Example:
        >>> plan = graphcast_operational()
        >>> [plan.at(step).values["rollout"] for step in (0, 29_999, 30_000, 40_999)]
        [1, 1, 2, 12]
    """
    run = Run.of(total, horizon)
    later = peak if autoregressive_lr is None else autoregressive_lr
    peak_above(peak, autoregressive_lr=later)
    finish = rollouts(run, longest_rollout, rollout_every, later)
    single = Phase("single step", run.rest("training at one step", *finish), lr=peak)
    return Plan(single, *finish, rollout=1, weight_decay=weight_decay, horizon=horizon)
