"""A warm-up, then half a cosine."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import cosine as shape

BAG_OF_TRICKS = Horizon(samples=1_281_167, batch=1_024)
"""ImageNet in the batch of He et al. 2018, arXiv:1812.01187."""


def cosine(
    *,
    peak: float = 0.4,
    end: float = 0.0,
    warmup: DurationLike | None = "5 epochs",
    total: DurationLike = "120 epochs",
    horizon: Horizon = BAG_OF_TRICKS,
) -> Plan:
    """Cosine: a line up to the peak, then half a cosine down to the end.

        lr(p) = end + (peak - end) * (1 + cos(pi * p)) / 2,     p from 0 to 1 after the warm-up

    The total includes the warm-up. A language model ends at a tenth of its peak: `end=peak / 10`.

    Args:
        peak: learning rate after the warm-up.
        end: learning rate that the decay approaches.
        warmup: length of the line from 0 to the peak; None for none.
        total: length of the run.
        horizon: images in the data set, and global batch.
    Raises:
        TypeError, ValueError: if the warm-up does not fit into the run, or `end` above the peak.
    Source: Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts; the numbers of He
        et al. 2018, arXiv:1812.01187, sections 3.1 and 5.1, for a ResNet-50 on ImageNet.
    Example:
        >>> lr = cosine(peak=1.0, warmup=10, total=110)["lr"]
        >>> lr(5), lr(10), lr(60)
        (0.5, 1.0, 0.5)
    """
    run = Run.of(total, horizon)
    peak_above(peak, end=end)
    begin = warm_up(run, warmup, peak)
    decay = Phase("decay", run.rest("a decay", *begin), lr=shape(peak, end))
    return Plan(*begin, decay, horizon=horizon)
