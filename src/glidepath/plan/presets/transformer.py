"""How the Transformer was trained."""

from __future__ import annotations

import math

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.numbers import positive_count
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.horizons import IN_STEPS
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import inverse_sqrt


def transformer(
    *,
    d_model: int = 512,
    peak: float | None = None,
    warmup: DurationLike = "4000 steps",
    total: DurationLike = "100000 steps",
    horizon: Horizon = IN_STEPS,
) -> Plan:
    """The Transformer ("Noam"): a line up, then the inverse square root of the step.

        lr(t) = d_model ** -0.5 * min((t + 1) ** -0.5, (t + 1) * warmup ** -1.5)

    The paper counts steps from 1, so each step is sampled at its end: the peak is the value of the
    warm-up's last update, t = warmup - 1.

    Args:
        d_model: width of the model, which gives the peak where there is none.
        peak: highest learning rate; (d_model * warmup in steps) ** -0.5 where None.
        warmup: length of the line from 0 to the peak.
        total: length of the run; 300,000 steps for the big model.
        horizon: needed where a length is told in anything but steps.
    Raises:
        TypeError, ValueError: if the warm-up does not fit into the run.
    Source: Vaswani et al. 2017, arXiv:1706.03762, section 5.3, eq. 3; lengths from section 5.2.
    Example:
        >>> lr = transformer()["lr"]
        >>> lr(3_999) == (512 * 4_000) ** -0.5, lr(15_999) / lr(3_999)
        (True, 0.5)
    """
    run = Run.of(total, horizon)
    width, timescale = positive_count("d_model", d_model), run.part("warmup", warmup)
    if peak is None:
        peak = 1.0 / math.sqrt(width * horizon.steps_in(timescale))
    top = peak_above(peak)
    begin = warm_up(run, warmup, top, at="end")
    shape = inverse_sqrt(top, timescale=timescale)
    decay = Phase("decay", run.rest("a decay", *begin), at="end", lr=shape)
    return Plan(*begin, decay, horizon=horizon)
