"""Warm-up, stable, decay."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.choice import one_of
from glidepath.plan.presets.parts.horizons import IN_STEPS
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import (
    Shape,
    cosine,
    exponential,
    linear,
    one_minus_sqrt,
    one_minus_square,
)

COOLDOWNS: Mapping[str, Callable[[float, float], Shape]] = {
    "linear": linear,
    "cosine": cosine,
    "1-sqrt": one_minus_sqrt,
    "1-square": one_minus_square,
    "exponential": exponential,
}


def wsd(
    *,
    peak: float = 1e-3,
    end: float | None = None,
    cooldown: str = "1-sqrt",
    cooldown_length: DurationLike = "20%",
    warmup: DurationLike | None = "300 steps",
    total: DurationLike = "50000 steps",
    horizon: Horizon = IN_STEPS,
) -> Plan:
    """Warm-up, stable, decay: constant for as long as you like, then a cool-down.

    With p from 0 to 1 through the cool-down, lr(p) = end + (peak - end) * w(p), w by `cooldown`:

        linear        1 - p
        cosine        (1 + cos(pi * p)) / 2
        1-sqrt        1 - sqrt(p)
        1-square      1 - p ** 2
        exponential   lr(p) = peak * (end / peak) ** p

    Any step of the stable phase is a good one to branch off with a cool-down of its own, see
    `Plan.branch`; so the length of the run need not be known when it begins.

    Args:
        peak: learning rate after the warm-up.
        end: learning rate that the cool-down approaches. Where None 0, or a hundredth of the peak
            for "exponential", which never reaches 0.
        cooldown: "linear", "cosine", "1-sqrt", "1-square" or "exponential".
        cooldown_length: how long it is.
        warmup: length of the line from 0 to the peak; None for none.
        total: length of the run.
        horizon: needed where a length is told in anything but steps.
    Raises:
        TypeError, ValueError: if the phases do not fit into the run, `end` is above the peak, or
            there is no such cool-down.
    Source: Hagele et al. 2024, arXiv:2405.18392: section 4.1 and appendix A.1 for the shapes and
        20%; Hu et al. 2024, arXiv:2404.06395 (MiniCPM), for the name. Peak, warm-up and total are
        those of a small language model, to be replaced.
    Example:
        >>> lr = wsd(peak=1.0, warmup=10, total=100, cooldown="linear")["lr"]
        >>> lr(5), lr(79), lr(80), lr(90)
        (0.5, 1.0, 1.0, 0.5)
    """
    run = Run.of(total, horizon)
    shape = COOLDOWNS[one_of("cooldown", cooldown, COOLDOWNS)]
    top = peak_above(peak)
    low = (top / 100 if cooldown == "exponential" else 0.0) if end is None else end
    peak_above(peak, end=low)
    begin = warm_up(run, warmup, peak)
    finish = Phase("cool-down", run.part("cooldown_length", cooldown_length), lr=shape(peak, low))
    stable = Phase("stable", run.rest("a stable phase", *begin, finish), lr=peak)
    return Plan(*begin, stable, finish, horizon=horizon)
