"""A warm-up, then the inverse square root of time."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.horizons import IN_STEPS
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import inverse_sqrt as shape


def inverse_sqrt(
    *,
    peak: float = 5e-4,
    warmup: DurationLike = "4000 steps",
    timescale: DurationLike | None = None,
    total: DurationLike = "100000 steps",
    horizon: Horizon = IN_STEPS,
) -> Plan:
    """Inverse square root: a line up to the peak, then a slow decay that needs no end in sight.

        lr(t) = peak * t / warmup                                      up to the warm-up's end
        lr(t) = peak * sqrt(timescale / (timescale + t - warmup))      from there on

    With the timescale as long as the warm-up that is peak * sqrt(warmup / t), and the values do not
    depend on `total`: a run can be made longer at any time.

    Args:
        peak: learning rate after the warm-up.
        warmup: length of the line from 0 to the peak.
        timescale: the rate has halved after three times this; as long as the warm-up where None.
        total: length of the run.
        horizon: needed where a length is told in anything but steps.
    Raises:
        TypeError, ValueError: if the warm-up does not fit into the run.
    Source: Ott et al. 2018, arXiv:1806.00187, for the numbers, which are also fairseq's; the
        formula is that of transformers' `get_inverse_sqrt_schedule`. `transformer` is the same
        with a peak by the model's width, counted from 1.
    Example:
        >>> lr = inverse_sqrt()["lr"]
        >>> lr(2_000), lr(4_000), lr(16_000)
        (0.00025, 0.0005, 0.00025)
    """
    run = Run.of(total, horizon)
    top = peak_above(peak)
    begin = warm_up(run, warmup, top)
    scale = run.part("timescale", warmup if timescale is None else timescale)
    decay = Phase("decay", run.rest("a decay", *begin), lr=shape(top, timescale=scale))
    return Plan(*begin, decay, horizon=horizon)
