"""How GenCast was trained at one degree."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.horizons import ERA5
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.presets.parts.warm_up import warm_up
from glidepath.plan.shapes import cosine


def gencast(
    *,
    peak: float = 3e-3,
    end: float = 0.0,
    exponent: float = 0.1,
    warmup: DurationLike | None = "1000 steps",
    total: DurationLike = "2M steps",
    horizon: Horizon = ERA5,
) -> Plan:
    """GenCast at one degree: warm-up, then a cosine that stays up for long and falls at the end.

        lr(p) = end + (peak - end) * ((1 + cos(pi * p)) / 2) ** exponent

    The total includes the warm-up: 1,000 updates, then 1,999,000 of decay, about 1,200 epochs. The
    64,000 updates at a quarter of a degree that follow are another run.

    Args:
        peak: learning rate after the warm-up.
        end: learning rate that the decay approaches.
        exponent: of the cosine; for 0.1 the rate has halved only 2% before the end.
        warmup: length of the line from 0 to the peak; None for none.
        total: length of the run.
        horizon: times in the training data, and global batch.
    Raises:
        TypeError, ValueError: if the warm-up does not fit into the run, or `end` above the peak.
    Source: github.com/google-deepmind/graphcast, issue 136: the lengths and the batch by a
        maintainer, who refers to table D1 of Price et al. 2023, arXiv:2312.15796; peak and
        exponent from the call of optax's `warmup_cosine_decay_schedule` that was put to him.
    Example:
        >>> lr = gencast()["lr"]
        >>> f"{lr(1_000):.4f} {lr(1_000_500):.4f} {lr(1_999_999):.4f}"
        '0.0030 0.0028 0.0002'
    """
    run = Run.of(total, horizon)
    peak_above(peak, end=end)
    begin = warm_up(run, warmup, peak)
    length = run.rest("a decay", *begin)
    decay = Phase("decay", length, lr=cosine(peak, end, exponent=exponent))
    return Plan(*begin, decay, horizon=horizon)
