"""Three rates to begin with, read off a sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING

from glidepath.diagnosis.finding_rates.smoothing import noise_left, num_low, num_settling

if TYPE_CHECKING:
    from glidepath.diagnosis.finding_rates.sweep import RateSweep

CLEAR = 5.0
"""A fall is one above so many standard deviations of the smoothed loss: of 100 batches of pure
noise the lowest smoothed loss is farther below the rest once in 20 to 100 sweeps."""

ROUNDING = 1e-6
"""Of a loss in float32, some units in the last place; a loss in bfloat16 counts as noisy."""

BEGUN = 0.05
"""The valley begins where this share of the fall is done."""

BELOW, ABOVE = 3.0, 1.0
"""Standard deviations of the smoothed loss: the fall has begun so far below the loss at low rates,
and is over so near to the lowest point. Ours: of six pairs, tried on three curves with 100 seeds
each, the one whose valleys were in the middle those without noise, and seldom far from them."""

WAY_DOWN = 2 / 3
"""Where in the valley its suggestion is."""

WINDOW_DECADES = 0.25
"""A slope is fitted over so many decades of the rate to each side."""


@dataclass(frozen=True)
class Suggestions:
    """Rates to begin with; None where the sweep can't tell.

    Attributes:
        steepest: where the smoothed loss falls fastest per log rate; a low choice.
        valley: two thirds of the way, in log rate, from where the loss begins to fall to where it
            is lowest.
        tenth: a tenth of the rate at which the loss diverges.
        missing: why, a sentence for each reason.
    """

    steepest: float | None
    valley: float | None
    tenth: float | None
    missing: tuple[str, ...]

    def as_table(self) -> dict[str, float | list[str] | None]:
        """Plain values, for JSON."""
        rates = {"steepest": self.steepest, "valley": self.valley, "tenth": self.tenth}
        return rates | {"missing": list(self.missing)}


@dataclass(frozen=True)
class Fall:
    """The stretch of a sweep in which the smoothed loss goes down.

    Attributes:
        first: index of the first update whose average is one over enough losses.
        top: index of the last update before the bottom at which not yet 5% of the fall is done, or
            no more than batches differ by.
        bottom: index of the first update after it that is as low as the lowest, but for what
            batches differ by.
        before: the loss at low rates, the median.
        depth: from there to the lowest smoothed loss, in the unit of the loss.
        chance: a fall that batches and rounding can make, in the unit of the loss.
    """

    first: int
    top: int
    bottom: int
    before: float
    depth: float
    chance: float

    @property
    def is_clear(self) -> bool:
        """Whether it is more than batches explain."""
        return self.bottom > self.first and self.depth > self.chance

    @classmethod
    def of(cls, sweep: RateSweep) -> Fall:
        """Find it."""
        curve = sweep.smoothed
        first = min(num_settling(sweep.smoothing, sweep.num_steps) - 1, len(curve) - 1)
        lowest = min(range(first, len(curve)), key=curve.__getitem__)
        before = median(sweep.losses[: min(num_low(sweep.num_steps), lowest + 1)])
        depth = before - curve[lowest]
        noise = noise_left(sweep.batch_noise, sweep.smoothing)
        high, low = before - max(BEGUN * depth, BELOW * noise), curve[lowest] + ABOVE * noise
        top = max((i for i in range(first, lowest) if curve[i] >= high), default=first)
        bottom = next((i for i in range(top + 1, lowest) if curve[i] <= low), lowest)
        return cls(first, top, bottom, before, depth, CLEAR * noise + ROUNDING * abs(before))


def suggest(sweep: RateSweep) -> Suggestions:
    """Read three rates off a sweep.

    The steepest point and the valley are of the smoothed loss; each of its points is an average,
    and stands at the mean, with the same weights, of the log rates that it is made of.

    Source: Smith 2015, arXiv:1506.01186, for reading a rate off a sweep; Gugger 2018, "How do you
        find a good learning rate", for staying a factor of ten below the end. The valley is an
        idea of ESRI's that fast.ai took up in 2021 (fastai, pull request 3377), there by the
        longest decreasing subsequence of losses. Here it ends at the lowest point and begins at
        the last point before it at which not yet 5% of the fall is done, so that it does not
        depend on where the sweep begins; both only as far as batches differ by less, for the flat
        parts have dips. The steepest point is looked for in it, too.
    """
    fall = Fall.of(sweep)
    missing = []
    if not fall.is_clear:
        missing.append(f"no steepest point and no valley: {_not_clear(sweep, fall)}")
    if sweep.diverged_at is None:
        missing.append(
            f"no tenth of the rate of divergence: up to {sweep.rates[-1]:.3g} the loss does not "
            "diverge; raise `highest`"
        )
    return Suggestions(
        steepest=_steepest(sweep, fall) if fall.is_clear else None,
        valley=_valley(sweep, fall) if fall.is_clear else None,
        tenth=None if sweep.diverged_at is None else sweep.diverged_at / 10,
        missing=tuple(missing),
    )


def _not_clear(sweep: RateSweep, fall: Fall) -> str:
    if fall.depth <= 0:
        return "the loss never falls"
    return (
        f"the smoothed loss falls by {fall.depth:.2g}, which chance can do, for batches alone "
        f"differ by {sweep.batch_noise:.2g}"
    )


def _steepest(sweep: RateSweep, fall: Fall) -> float:
    """Where a line fitted to the smoothed loss around a point falls fastest."""
    x, y = [math.log(rate) for rate in sweep.smoothed_rates], sweep.smoothed
    decades = math.log10(sweep.rates[-1] / sweep.rates[0])
    half = max(1, round(WINDOW_DECADES * (len(x) - 1) / decades))

    def slope(i: int) -> float:
        middle = max(half, min(i, len(x) - 1 - half))  # of as many points at the ends, too
        around = slice(max(0, middle - half), middle + half + 1)
        return _slope(x[around], y[around])

    return sweep.smoothed_rates[min(range(fall.top, fall.bottom + 1), key=slope)]


def _slope(x: list[float], y: tuple[float, ...]) -> float:
    """The slope of the least-squares line."""
    mean_x, mean_y = fmean(x), fmean(y)
    covariance = fmean((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return covariance / fmean((a - mean_x) * (a - mean_x) for a in x)


def _valley(sweep: RateSweep, fall: Fall) -> float:
    """Two thirds of the way down, in log rate."""
    top, bottom = sweep.smoothed_rates[fall.top], sweep.smoothed_rates[fall.bottom]
    return top * math.pow(bottom / top, WAY_DOWN)
