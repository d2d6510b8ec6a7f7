"""What a sweep over rates has found."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from glidepath.diagnosis.finding_rates import smoothing as averages
from glidepath.diagnosis.finding_rates.caveats import caveats
from glidepath.diagnosis.finding_rates.settings import check_smoothing
from glidepath.diagnosis.finding_rates.suggestions import Suggestions, suggest
from glidepath.plan.numbers import finite, positive, positive_count


@dataclass(frozen=True)
class RateSweep:
    """Losses at rising rates.

    Attributes:
        rates: of the updates that were done, rising, `[n]`.
        losses: of the batch of each update, before the update, `[n]`.
        num_steps: updates that the sweep was to have; fewer were done if the loss diverged.
        smoothing: beta of the moving average.
        diverged_at: rate of the last update before the loss had diverged, or None.

    Example:
        >>> rates = tuple(10.0**i for i in range(-5, 5))
        >>> sweep = RateSweep(rates, (9.0, 9.0, 9.0, 9.0, 8.0, 5.0, 2.0, 1.0, 1.0, 1.0), 10, 0.0)
        >>> sweep.suggestions.steepest, sweep.suggestions.tenth
        (1.0, None)
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]
    num_steps: int
    smoothing: float
    diverged_at: float | None = None

    def __post_init__(self) -> None:
        check_smoothing(self.smoothing)
        positive_count("num_steps", self.num_steps)
        for name in ("rates", "losses"):
            object.__setattr__(self, name, tuple(finite(name, one) for one in getattr(self, name)))
        if not 0 < len(self.rates) == len(self.losses) <= self.num_steps:
            raise ValueError(
                f"`rates` and `losses` must be as many, from 1 to `num_steps`, {self.num_steps}, "
                f"got {len(self.rates)} and {len(self.losses)}"
            )
        if self.rates[0] <= 0 or any(a >= b for a, b in pairwise(self.rates)):
            raise ValueError(f"`rates` must be positive and rising, got {self.rates}")
        if self.diverged_at is not None:
            positive("diverged_at", self.diverged_at)

    @cached_property
    def smoothed(self) -> tuple[float, ...]:
        """The moving average of the losses, `[n]`; see `smoothing.smoothed` for the formula."""
        return averages.smoothed(self.losses, self.smoothing)

    @cached_property
    def smoothed_rates(self) -> tuple[float, ...]:
        """Where the smoothed losses stand, `[n]`: the same average of the log rates.

        Drawn over the rate of its last batch a moving average would lag, by 1 / (1 - beta) updates
        or so, to rates that are too high.
        """
        logs = averages.smoothed(map(math.log, self.rates), self.smoothing)
        return tuple(map(math.exp, logs))

    @cached_property
    def batch_noise(self) -> float:
        """How much batches differ at low rates: a standard deviation, in the unit of the loss."""
        return averages.batch_noise(self.losses, self.num_steps)

    @cached_property
    def suggestions(self) -> Suggestions:
        """Three rates to begin with."""
        return suggest(self)

    def as_table(self) -> dict[str, Any]:
        """All of it in plain values, for JSON."""
        return {
            "rates": list(self.rates),
            "losses": list(self.losses),
            "smoothed_rates": list(self.smoothed_rates),
            "smoothed": list(self.smoothed),
            "smoothing": self.smoothing,
            "num_steps": self.num_steps,
            "batch_noise": self.batch_noise,
            "diverged_at": self.diverged_at,
            "suggestions": self.suggestions.as_table(),
        }

    def words(self) -> str:
        """What was found, and what a sweep can't tell; one line for each."""
        return "\n".join(caveats(self))
