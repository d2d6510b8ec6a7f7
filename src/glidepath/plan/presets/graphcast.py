"""How GraphCast was trained."""

from __future__ import annotations

from glidepath.plan.horizon import Horizon
from glidepath.plan.numbers import positive_count
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.shapes import cosine, linear, staircase


def graphcast(
    *,
    peak: float = 1e-3,
    end: float = 0.0,
    warmup_steps: int = 1_000,
    total_steps: int = 311_000,
    autoregressive_lr: float = 3e-7,
    longest_rollout: int = 12,
    steps_per_rollout: int = 1_000,
    weight_decay: float = 0.1,
    samples: int = 54_000,
    batch: int = 32,
) -> Plan:
    """Warm-up, half a cosine, then a rollout that grows by one at a fixed small rate.

    Args:
        peak: learning rate after the warm-up.
        end: learning rate that the cosine approaches; 3e-7 in one reproduction.
        warmup_steps: updates of linear warm-up from 0.
        total_steps: updates in all three phases.
        autoregressive_lr: learning rate of the third phase.
        longest_rollout: the last rollout; the third phase starts at 2.
        steps_per_rollout: updates at each rollout length.
        weight_decay: decoupled, on weight matrices only.
        samples: times in the training data.
        batch: global batch size; samples are drawn with replacement.
    Raises:
        ValueError: if the phases do not fit into the run.
    Source: Lam et al. 2023, arXiv:2212.12794, supplement 4.4 and 4.5.
    Example:
        >>> graphcast().at(300_500).values["rollout"]
        2
    """
    stairs = positive_count("longest_rollout", longest_rollout) - 1
    autoregressive = stairs * positive_count("steps_per_rollout", steps_per_rollout)
    warmup = positive_count("warmup_steps", warmup_steps)
    decay = positive_count("total_steps", total_steps) - warmup - autoregressive
    if decay < 1:
        raise ValueError(
            f"`total_steps` of {total_steps} leaves no room for a decay: the warm-up takes "
            f"{warmup} and the rollouts 2 to {longest_rollout} take {autoregressive}"
        )
    phases = [
        Phase("warm-up", warmup, lr=linear(0.0, peak)),
        Phase("decay", decay, lr=cosine(peak, end)),
    ]
    if stairs:
        rollout = staircase(2, longest_rollout, every=steps_per_rollout)
        phases.append(
            Phase("autoregressive", autoregressive, lr=autoregressive_lr, rollout=rollout)
        )
    horizon = Horizon(samples=samples, batch=batch)
    return Plan(*phases, rollout=1, weight_decay=weight_decay, horizon=horizon)
