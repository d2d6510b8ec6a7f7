"""A constant factor in every so long."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.numbers import positive
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import decay

LARGE_BATCH = Horizon(samples=1_281_167, batch=4_096)
"""ImageNet in the batch at which the 0.016 for 256 images of EfficientNet's code make 0.256."""


def exponential(
    *,
    peak: float = 0.256,
    factor: float = 0.97,
    every: DurationLike = "2.4 epochs",
    stair: bool = False,
    warmup: DurationLike | None = None,
    total: DurationLike = "350 epochs",
    horizon: Horizon = LARGE_BATCH,
) -> Plan:
    """Exponential decay, as for EfficientNet: 3% less every 2.4 epochs.

        lr(t) = peak * factor ** (t / every),      t since the warm-up's end

    Args:
        peak: learning rate after the warm-up.
        factor: of the rate in each `every`, from 0 to 1.
        every: how long a factor takes.
        stair: whether the rate falls once in each `every`, as in EfficientNet's code, instead of
            all the time; the two agree at every multiple of it.
        warmup: length of a line from 0 to the peak; None for none.
        total: length of the run.
        horizon: images in the data set, and global batch.
    Raises:
        TypeError, ValueError: if the warm-up does not fit into the run, or the factor is above 1.
    Source: Tan and Le 2019, arXiv:1905.11946, section 5.2, for peak, factor and `every`; 350 epochs
        as in its code.
    Example:
        >>> lr = exponential(peak=1.0, factor=0.5, every="10 steps", total="30 steps")["lr"]
        >>> lr(0), lr(10), lr(20)
        (1.0, 0.5, 0.25)
    """
    run = Run.of(total, horizon)
    top = peak_above(peak)
    if positive("factor", factor) > 1:
        raise ValueError(f"`factor` must be at most 1, got {factor}")
    begin = warm_up(run, warmup, top)
    shape = decay(top, factor, every=run.part("every", every), stair=stair)
    return Plan(*begin, Phase("decay", run.rest("a decay", *begin), lr=shape), horizon=horizon)
