"""A power of what remains of the run."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import polynomial as shape

PASCAL_VOC = Horizon(samples=10_582, batch=16)
"""PASCAL VOC 2012 with the added annotations ("trainaug"), in DeepLabv3's batch."""


def polynomial(
    *,
    peak: float = 0.007,
    end: float = 0.0,
    power: float = 0.9,
    warmup: DurationLike | None = None,
    total: DurationLike = "30000 steps",
    horizon: Horizon = PASCAL_VOC,
) -> Plan:
    """Polynomial decay ("poly"), as for DeepLab: almost a line down to zero.

        lr(p) = end + (peak - end) * (1 - p) ** power,      p from 0 to 1 after the warm-up

    Args:
        peak: learning rate after the warm-up.
        end: learning rate that the decay approaches.
        power: of what remains; 1 is a line.
        warmup: length of a line from 0 to the peak; None for none.
        total: length of the run.
        horizon: images in the data set, and global batch.
    Raises:
        TypeError, ValueError: if the warm-up does not fit into the run, or `end` above the peak.
    Source: Chen et al. 2017, arXiv:1706.05587 (DeepLabv3), section 4.1.
    Example:
        >>> lr = polynomial(peak=1.0, power=2, total=100)["lr"]
        >>> lr(0), lr(50)
        (1.0, 0.25)
    """
    run = Run.of(total, horizon)
    peak_above(peak, end=end)
    begin = warm_up(run, warmup, peak)
    decay = Phase("decay", run.rest("a decay", *begin), lr=shape(peak, end, power=power))
    return Plan(*begin, decay, horizon=horizon)
