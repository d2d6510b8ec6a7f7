"""Cosine up, cosine down, then warm restarts."""

from __future__ import annotations

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.horizons import CIFAR10
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.shapes import cosine


def cyclic_cosine(
    *,
    peak: float = 12.5e-5,
    end: float = 2.5e-6,
    warmup: DurationLike | None = "10 epochs",
    warmup_start: float = 2.5e-6,
    first_decay: DurationLike = "15 epochs",
    cycle: DurationLike = "10 epochs",
    restart_peak: float | None = None,
    growth: float = 1,
    total: DurationLike = "75 epochs",
    per: str = "epoch",
    horizon: Horizon = CIFAR10,
) -> Plan:
    """Cyclic cosine: a half cosine up, one down, then restarts every ten epochs.

    With c(t, T, a, z) = z + (a - z) * (1 + cos(pi * t / T)) / 2, W the length of the warm-up, D of
    the first decay and R of the cycle, all in epochs or all in steps as `per` says:

        lr(t) = c(t, W, warmup_start, peak)                         t < W
        lr(t) = c(t - W, D, peak, end)                              t < W + D
        lr(t) = c((t - W - D) mod R, R, restart_peak, end)          from there on

    By default it restarts at epochs 25, 35, 45, 55 and 65.

    Args:
        peak: learning rate after the warm-up.
        end: learning rate that each decay approaches.
        warmup: length of the half cosine up; None for none.
        warmup_start: learning rate at which that begins.
        first_decay: length of the first half cosine down.
        cycle: length of the next, from restart to restart.
        restart_peak: learning rate at each restart; the peak where None.
        growth: how many times as long each of these cycles is as the one before. Where lengths are
            no whole epochs they are rounded to the nearest; CyclicCosineDecayLR does not round.
        total: length of the run.
        per: "epoch" to hold a value through each epoch, which takes lengths of whole epochs, or
            "step".
        horizon: samples in the data set, and global batch.
    Raises:
        TypeError, ValueError: if the phases do not fit into the run, or a rate is above the peak.
    Source: CyclicCosineDecayLR in github.com/abhuse/cyclic-cosine-decay for the formula, after
        Loshchilov and Hutter 2017, arXiv:1608.03983, and Athiwaratkun et al. 2019,
        arXiv:1806.05594.
    Example:
        >>> lr = cyclic_cosine(horizon=Horizon(samples=1_000, batch=10))["lr"]
        >>> lr(0), lr(999) < lr(1_000) == lr(1_099), lr(2_500), lr(6_500)
        (2.5e-06, True, 0.000125, 0.000125)
    """
    run = Run.of(total, horizon)
    again = peak if restart_peak is None else restart_peak
    peak_above(peak, end=end, warmup_start=warmup_start, restart_peak=again)
    phases = []
    if warmup is not None:
        rise = cosine(warmup_start, peak)
        phases.append(Phase("warm-up", run.part("warmup", warmup), per=per, lr=rise))
    fall = run.part("first_decay", first_decay)
    phases.append(Phase("decay", fall, per=per, lr=cosine(peak, end)))
    once = cosine(again, end).over(run.part("cycle", cycle), per=per)
    left = run.rest("restarts", *phases)
    return Plan(*phases, Phase("restarts", left, lr=once.repeat(growth=growth)), horizon=horizon)
