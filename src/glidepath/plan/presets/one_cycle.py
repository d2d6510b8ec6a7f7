"""One cycle of the rate, and the momentum as its mirror."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from glidepath.plan.duration import DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase
from glidepath.plan.plan import Plan
from glidepath.plan.presets.parts.choice import one_of
from glidepath.plan.presets.parts.peak import peak_above
from glidepath.plan.presets.parts.run import Run
from glidepath.plan.shapes import Shape, cosine, linear

LARGE_BATCH = Horizon(samples=50_000, batch=1_000)
"""CIFAR-10 in the batch of Smith and Topin."""

ANNEALINGS: Mapping[str, Callable[[float, float], Shape]] = {"cosine": cosine, "linear": linear}

MIRRORS = ("momentum", "beta1")


def one_cycle(
    *,
    peak: float = 3.0,
    start: float | None = None,
    end: float | None = None,
    rise: DurationLike = "30%",
    anneal: str = "cosine",
    three_phase: bool = False,
    mirror: str | None = "momentum",
    highest_momentum: float = 0.95,
    lowest_momentum: float = 0.85,
    total: DurationLike = "10000 steps",
    horizon: Horizon = LARGE_BATCH,
) -> Plan:
    """One cycle: up to a high peak, down far below the start, with the momentum as its mirror.

    Each step is sampled at its end, so that the last update of the rise has the peak and the last
    of the run has `end`, both exactly and both in the same update as torch's OneCycleLR. Where the
    rise is W updates long, torch's first value is `start` and ours a W-th of the way further.

    The peak is that of the paper, for SGD on CIFAR-10, and far too high for most else: find yours.

    Args:
        peak: learning rate at the end of the rise.
        start: learning rate at its beginning; peak / 25 where None.
        end: learning rate of the last update; start / 1e4 where None.
        rise: length of the way up.
        anneal: "cosine" or "linear".
        three_phase: whether the fall mirrors the rise, as in the paper, and what remains takes the
            rate from `start` to `end`; otherwise the fall is all that remains.
        mirror: what falls while the rate rises: "momentum" of SGD, "beta1" of Adam, or None.
        highest_momentum: at the beginning and at the end.
        lowest_momentum: at the peak.
        total: length of the run.
        horizon: images in the data set, and global batch.
    Raises:
        TypeError, ValueError: if the rise does not fit into the run, a rate is above the peak, or a
            word is none of those above.
    Source: Smith and Topin 2018, arXiv:1708.07120, for the policy and the peak of 3; the momentum
        of Smith 2018, arXiv:1803.09820, section 4.3; the defaults of torch's `OneCycleLR`.
    Example:
        >>> plan = one_cycle(peak=1.0, total=100)
        >>> plan.at(29).values, f"{plan['lr'](99):.1e}"
        ({'lr': 1.0, 'momentum': 0.85}, '4.0e-06')
    """
    run = Run.of(total, horizon)
    top = peak_above(peak)
    low = top / 25 if start is None else start
    last = low / 1e4 if end is None else end
    peak_above(top, start=low, end=last)
    shape = ANNEALINGS[one_of("anneal", anneal, ANNEALINGS)]
    high, bottom = highest_momentum, lowest_momentum
    if bottom > high:
        raise ValueError(
            f"`lowest_momentum` must be at most `highest_momentum`, got {bottom} and {high}"
        )
    name = None if mirror is None else one_of("mirror", mirror, MIRRORS)

    def momentum(begin: float, finish: float) -> dict[str, Any]:
        return {} if name is None else {name: shape(begin, finish)}

    length = run.part("rise", rise)
    up = Phase("rise", length, at="end", lr=shape(low, top), **momentum(high, bottom))
    bend = low if three_phase else last
    fall = length if three_phase else run.rest("a fall", up)
    down = Phase("fall", fall, at="end", lr=shape(top, bend), **momentum(bottom, high))
    if not three_phase:
        return Plan(up, down, horizon=horizon)
    left = run.rest("an annihilation", up, down)
    out = Phase("annihilation", left, at="end", lr=shape(low, last), **momentum(high, high))
    return Plan(up, down, out, horizon=horizon)
