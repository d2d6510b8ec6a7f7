"""Cosine with warm restarts."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.horizons import CIFAR10
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.shapes import cosine


def sgdr(
    *,
    peak: float = 0.05,
    end: float = 0.0,
    cycle: DurationLike = "10 epochs",
    growth: float = 2,
    total: DurationLike = "150 epochs",
    per: str = "step",
    horizon: Horizon = CIFAR10,
) -> Plan:
    """SGDR: half a cosine, again and again, each cycle twice as long as the one before.

        lr(p) = end + (peak - end) * (1 + cos(pi * p)) / 2,     p from 0 to 1 in each cycle

    Restarts at epochs 10, 30 and 70; the default run is the first four cycles, for a model is at
    its best when a cycle ends. A total that ends within a cycle ends at a high rate.

    Args:
        peak: learning rate at each start.
        end: learning rate that each cycle approaches.
        cycle: length of the first.
        growth: how many times as long each is as the one before.
        total: length of the run.
        per: "step", or "epoch" to hold a value through each epoch.
        horizon: images in the data set, and global batch.
    Raises:
        TypeError, ValueError: if an argument is none of these, or `end` above the peak.
    Source: Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5 and section 4.1: T_0 = 10, T_mult =
        2, a rate of 0.05 and batches of 128 on CIFAR-10.
    Example:
        >>> lr = sgdr(peak=1.0, cycle=10, total=70)["lr"]
        >>> [lr(step) for step in (0, 5, 10, 20, 30, 50)]
        [1.0, 0.5, 1.0, 0.5, 1.0, 0.5]
    """
    run = Run.of(total, horizon)
    peak_above(peak, end=end)
    once = cosine(peak, end).over(run.part("cycle", cycle), per=per)
    return Plan(Phase("restarts", run.total, lr=once.repeat(growth=growth)), horizon=horizon)
