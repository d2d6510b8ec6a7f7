"""What a sweep over rates says, and what it can't."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from glidepath.diagnosis.finding_rates.smoothing import num_low
from glidepath.diagnosis.finding_rates.suggestions import Fall

if TYPE_CHECKING:
    from glidepath.diagnosis.finding_rates.sweep import RateSweep

NOISY = 1 / 3
"""Batches that differ by more than this share of the fall make the suggestions uncertain."""

APART = 10.0
"""Suggestions that are a factor of more than this apart disagree."""

COARSE = 3.0
"""A smoothed loss that is over rates a factor of more than this apart says little of any of them.
"""

ALWAYS = (
    "a long run: the longer, the lower its best peak; this was {n:,} updates (arXiv:2409.19913)",
    "warm-up: the sweep is one; after a long one a run often bears more, after none less "
    "(arXiv:2110.04369)",
    "weight decay: it acts over 1 / (rate * decay) updates, and has hardly begun",
    "momentum, second moments: cold in a new run; with beta2 = 0.999 they need 1,000 updates",
)
"""Sources: Bjorck et al. 2024, arXiv:2409.19913, for long runs; Gilmer et al. 2021,
arXiv:2110.04369, for warm-up; Loshchilov and Hutter 2017, arXiv:1711.05101, for the time scale of
weight decay; Kingma and Ba 2014, arXiv:1412.6980, for the moments."""


def caveats(sweep: RateSweep) -> Iterator[str]:
    """The suggestions or why there are none, then what was seen, then what can't be."""
    yield from _suggested(sweep)
    yield from _seen(sweep)
    yield "what a sweep can't tell:"
    for words in ALWAYS:
        yield "- " + words.format(n=len(sweep.losses))


def _suggested(sweep: RateSweep) -> Iterator[str]:
    found = sweep.suggestions
    if found.steepest is not None:
        yield f"steepest {found.steepest:.2g}: the loss falls fastest there; for a careful run"
    if found.valley is not None:
        yield f"valley   {found.valley:.2g}: two thirds of the way down; begin here"
    if found.tenth is not None:
        diverges = f"{sweep.diverged_at:.2g}, where the loss diverges"
        yield f"tenth    {found.tenth:.2g}: of {diverges}; stay below"
    yield from found.missing
    yield from _uncertain(sweep)


def _uncertain(sweep: RateSweep) -> Iterator[str]:
    """How far the suggestions are from one another, and how well the rates can be told apart.

    factor = (highest / lowest) ** (w / (n - 1)),   w = 1 / (1 - beta), of n updates
    """
    found = sweep.suggestions
    rates = [one for one in (found.steepest, found.valley, found.tenth) if one is not None]
    if rates and (rates != sorted(rates) or max(rates) > APART * min(rates)):
        yield (
            f"the suggestions disagree, from {min(rates):.2g} to {max(rates):.2g}: trust their "
            "order of magnitude at most, and begin with the lowest"
        )
    num = len(sweep.rates)
    spread = math.log(sweep.rates[-1] / sweep.rates[0]) / (1 - sweep.smoothing) / max(1, num - 1)
    if rates and spread > math.log(COARSE):
        yield (
            f"each point of the curve is over rates a factor of {math.exp(spread):.2g} apart, and "
            "no suggestion is better than that: more steps tell more"
        )


def _seen(sweep: RateSweep) -> Iterator[str]:
    fall, noise = Fall.of(sweep), sweep.batch_noise
    if not fall.is_clear:
        yield (
            "try larger batches, or more steps with more smoothing; if nothing changes, see "
            "whether the parameters move at all"
        )
        return
    if noise > NOISY * fall.depth:
        yield (
            f"batches differ by {noise:.2g} and the loss falls by {fall.depth:.2g}: the next sweep "
            "will suggest other rates; try larger batches"
        )
    low = sweep.smoothed[fall.first : num_low(sweep.num_steps)]
    if low and low[0] - low[-1] > fall.chance:
        yield f"the loss falls from the lowest rate on: a `lowest` under {sweep.rates[0]:.2g} tells"
    if fall.bottom == len(sweep.losses) - 1:
        yield f"the loss still falls at {sweep.rates[-1]:.2g}: a higher `highest` tells more"
