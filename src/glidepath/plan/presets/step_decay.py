"""How ResNets are trained on ImageNet."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.numbers import positive
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.horizons import IMAGENET
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.shapes import constant, decay, linear


def step_decay(
    *,
    peak: float = 0.1,
    factor: float = 0.1,
    every: DurationLike = "30 epochs",
    warmup: DurationLike | None = None,
    warmup_start: float = 0.0,
    total: DurationLike = "90 epochs",
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    horizon: Horizon = IMAGENET,
) -> Plan:
    """Step decay, as for ResNets: a tenth of the rate every 30 of 90 epochs.

        lr(t) = peak * factor ** floor(t / every)

    Large batches want a warm-up, which takes nothing from the first stair's end. Goyal et al. go
    from 0.1 to 3.2 in 5 epochs for a batch of 8,192: `peak=3.2, warmup="5 epochs",
    warmup_start=0.1`. They drop once more at epoch 80, which a `piecewise_constant` can say.

    Args:
        peak: learning rate of the first stair.
        factor: of each stair to the one before, from 0 to 1.
        every: how long a stair is.
        warmup: length of a line up to the peak, within the first stair; None for none.
        warmup_start: learning rate at which that line begins.
        total: length of the run.
        momentum: of SGD.
        weight_decay: in the loss, as SGD has it.
        horizon: images in the data set, and global batch.
    Raises:
        TypeError, ValueError: if the warm-up does not fit into the first stair.
    Source: He et al. 2016, arXiv:1512.03385, section 3.4, for all but the epochs (they divide when
        the error stands still); the epochs of PyTorch's ImageNet example; Goyal et al. 2017,
        arXiv:1706.02677, section 5.1, for the warm-up.
    Example:
        >>> plan = step_decay()
        >>> [round(plan["lr"](int(epoch * 1_281_167 / 256)), 6) for epoch in (0, 29.9, 31, 61)]
        [0.1, 0.1, 0.01, 0.001]
    """
    run = Run.of(total, horizon)
    top = peak_above(peak, warmup_start=warmup_start)
    if positive("factor", factor) > 1:
        raise ValueError(f"`factor` must be at most 1, got {factor}")
    stair = run.part("every", every)
    stairs = decay(top, factor, every=stair, stair=True)
    if warmup is None:
        return Plan(Phase("decay", run.total, lr=stairs), momentum=momentum,
                    weight_decay=weight_decay, horizon=horizon)  # fmt: skip
    begin = Phase("warm-up", run.part("warmup", warmup))
    after = Phase("decay", run.rest("a decay", begin))
    if horizon.steps_in(begin.duration) >= horizon.steps_in(stair):
        raise ValueError(f"`warmup` of {begin.duration} leaves nothing of the first stair, which "
                         f"ends after {stair}: shorten it, or lengthen `every`")  # fmt: skip
    rise = linear(warmup_start / top, 1.0).over(begin.duration)
    rate = stairs.over(run.total) * (rise >> constant(1.0).over(after.duration))
    return Plan(begin, after, lr=rate, momentum=momentum, weight_decay=weight_decay,
                horizon=horizon)  # fmt: skip
