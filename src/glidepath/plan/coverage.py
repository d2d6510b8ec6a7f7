"""Iterations or epochs? How often each sample is seen, and at which rate.

With random draws with replacement, n draws from N samples give each a number of draws that is
binomial, with the mean n / N and the variance n / N * (1 - 1 / N); (1 - 1 / N) ** n of them are
never drawn. In epochs each sample comes once an epoch, at a place that is drawn at random.

Weighted by the rate, a draw at step t counts w(t) = lr(t) / mean lr: what a sample has been
learnt with, in units of an average draw.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glidepath.plan.plan import Plan

MOST_STEPS = 20_000_000
"""Of a plan; more would not fit into memory as an array."""

UNEVEN = 0.25
"""A relative spread above which samples are learnt noticeably unequally."""

NOTICEABLE = 0.01
"""A change of the rate, as a share of its peak."""

NEVER = 0.01
"""A share of the data that is a pity not to see."""


@dataclass(frozen=True)
class Draws:
    """How often one sample is drawn in a stretch of the run.

    Attributes:
        name: of the stretch.
        num_steps: updates in it.
        mean: draws of a sample, on average.
        spread: their standard deviation over samples.
        share_never_seen: of the data.
        weighted_spread: standard deviation of the draws weighted by the rate, over their mean.
    """

    name: str
    num_steps: int
    mean: float
    spread: float
    share_never_seen: float
    weighted_spread: float


@dataclass(frozen=True)
class Coverage:
    """What a plan makes of its data, drawn at random or in epochs.

    Attributes:
        phases: random draws, phase by phase.
        so_far: random draws from the start to the end of each phase.
        epochs: the whole run in epochs.
        num_epochs: in the run, the last of which may be unfinished.
        num_changing: those inside which the rate changes by more than 1% of its peak.
        largest_change: the most that the rate changes inside one epoch, as a share of its peak.
        changes_most_in: the epoch, from 0, in which that is.
        use: "iterations" or "epochs".
        because: the reasons.
    """

    phases: tuple[Draws, ...]
    so_far: tuple[Draws, ...]
    epochs: Draws
    num_epochs: int
    num_changing: int
    largest_change: float
    changes_most_in: int
    use: str
    because: str

    @property
    def whole(self) -> Draws:
        """Random draws over the whole run."""
        return self.so_far[-1]


def coverage(plan: Plan) -> Coverage:
    """Count how often samples are seen.

    Raises:
        ValueError: if the horizon lacks `samples` or `batch`, the plan has no `lr`, or it has
            more than 20 million steps.
    """
    if "lr" not in plan:
        raise ValueError("the plan has no `lr` to weigh draws by")
    if plan.horizon.steps_per_epoch < 1:
        raise ValueError(
            f"a `batch` of {plan.horizon.batch} is more than the {plan.horizon.samples} samples: "
            "every update sees all of them"
        )
    if plan.total_steps > MOST_STEPS:
        raise ValueError(f"a plan of {plan.total_steps:,} steps is too long to count: at most "
                         f"{MOST_STEPS:,}")  # fmt: skip
    counter = _Counter(plan)
    bounds = [*plan.starts, plan.total_steps]
    names = [phase.name for phase in plan.phases]
    phases = [
        counter.random(name, start, end)
        for name, start, end in zip(names, bounds, bounds[1:], strict=False)
    ]
    so_far = [counter.random(name, 0, end) for name, end in zip(names, bounds[1:], strict=True)]
    changes = counter.changes()
    most = int(changes.argmax())
    epochs = counter.in_epochs()
    use, because = _recommend(so_far[-1], epochs)
    return Coverage(
        phases=tuple(phases),
        so_far=tuple(so_far),
        epochs=epochs,
        num_epochs=len(changes),
        num_changing=int((changes > NOTICEABLE).sum()),
        largest_change=float(changes[most]),
        changes_most_in=most,
        use=use,
        because=because,
    )


def share_never_seen(num_draws: int, samples: int) -> float:
    """The share of the samples that random draws with replacement leave out."""
    return math.exp(num_draws * math.log1p(-1 / samples)) if samples > 1 else 0.0


@dataclass(frozen=True)
class _Counter:
    """The sums that coverage is made of."""

    plan: Plan

    @property
    def samples(self) -> int:
        """In the data set."""
        return self.plan.horizon.samples or 1

    @property
    def batch(self) -> int:
        """Samples in an update."""
        return self.plan.horizon.batch or 1

    @cached_property
    def rates(self) -> Any:
        """The rate at every step, [steps]."""
        import numpy as np

        return self.plan["lr"](np.arange(self.plan.total_steps)).astype(float)

    def random(self, name: str, start: int, end: int) -> Draws:
        """Draws with replacement in some of the steps."""
        rates, p = self.rates[start:end], 1 / self.samples
        num = (end - start) * self.batch
        total, squares = float(rates.sum()), float((rates**2).sum())
        weighted = math.sqrt(self.batch * p * (1 - p) * squares) / (self.batch * p * total or 1)
        never = share_never_seen(num, self.samples)
        return Draws(name, end - start, num * p, math.sqrt(num * p * (1 - p)), never, weighted)

    @cached_property
    def epoch_starts(self) -> list[int]:
        """The first step of each epoch that has a step of its own."""
        length: Fraction = self.plan.horizon.steps_per_epoch
        num = math.ceil(self.plan.total_steps / length)
        starts = dict.fromkeys(int(i * length) for i in range(num))
        return [start for start in starts if start < self.plan.total_steps]

    def in_epochs(self) -> Draws:
        """Each sample once an epoch, in random order.

        Over an epoch a sample's rate is that of a random step in it: its variance is that of the
        rates. In the last, unfinished one a share of the samples comes, the others do not.
        """
        import numpy as np

        total = self.plan.total_steps
        seen = total * self.batch / self.samples
        part = seen - math.floor(seen)
        starts = np.array(self.epoch_starts)
        sizes = np.diff([*starts, total])
        means = np.add.reduceat(self.rates, starts) / sizes
        squares = np.add.reduceat(self.rates**2, starts) / sizes
        present = np.ones(len(starts))
        present[-1] = part or 1.0
        variance = float((present * squares - (present * means) ** 2).clip(min=0).sum())
        mean = float((present * means).sum())
        spread = math.sqrt(variance) / (mean or 1.0)
        never = max(0.0, 1 - seen)
        return Draws("in epochs", total, seen, math.sqrt(part * (1 - part)), never, spread)

    def changes(self) -> Any:
        """How much the rate changes inside each epoch, over its peak, [epochs]."""
        import numpy as np

        starts = np.array(self.epoch_starts)
        highest = np.maximum.reduceat(self.rates, starts)
        lowest = np.minimum.reduceat(self.rates, starts)
        return (highest - lowest) / (self.rates.max() or 1.0)


def _recommend(random: Draws, epochs: Draws) -> tuple[str, str]:
    """Which of the two, and why."""
    spreads = (
        f"weighted by the rate, samples are learnt unequally by {random.weighted_spread:.1%} in "
        f"random draws and by {epochs.weighted_spread:.1%} in epochs"
    )
    if random.share_never_seen - epochs.share_never_seen > NEVER:
        return "epochs", (
            f"random draws would never see {random.share_never_seen:.1%} of the data, epochs "
            f"{epochs.share_never_seen:.1%}, and {spreads}"
        )
    if random.weighted_spread > UNEVEN > epochs.weighted_spread:
        return "epochs", f"{spreads}: too few draws, or too fast a decay, for chance to even out"
    if random.weighted_spread > UNEVEN:
        return "iterations", (
            f"{spreads}: the rate changes so fast that it matters in both when a sample comes, and "
            "random draws at least favour none by its place in the order"
        )
    return "iterations", (
        f"{spreads}, which is too little to matter; and a rate that follows iterations has no "
        "epoch to wait for when it changes, or when the run stops and goes on"
    )
