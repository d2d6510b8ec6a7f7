"""GraphCast's three phases in a few minutes on two cores."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.plan import Plan
from glidepath.plan.presets.graphcast import graphcast

ONE_YEAR = Horizon(samples=1_168, batch=4)
"""Four fifths of a simulated year at 6-hourly steps."""


def graphcast_demo(
    *, peak: float = 3e-3, total: DurationLike = "1300 steps", horizon: Horizon = ONE_YEAR
) -> Plan:
    """GraphCast's plan, scaled to the model size `demo` and a year of simulated weather.

    Args:
        peak: learning rate after the warm-up; a small model takes a larger one.
        total: length of all three phases, of which the warm-up takes 50 updates and the rollouts
            2, 3 and 4 take 50 each.
        horizon: times in the training data, and global batch.
    Raises:
        TypeError, ValueError: if the phases do not fit into the run.
    Source: `graphcast`, with numbers of our own that nobody has published.
    Example:
        >>> graphcast_demo().at(1_299).values["rollout"]
        4
    """
    return graphcast(
        peak=peak,
        end=1e-4,
        warmup="50 steps",
        total=total,
        autoregressive_lr=1e-4,
        longest_rollout=4,
        rollout_every="50 steps",
        horizon=horizon,
    )
