"""Updates that learn from other samples the second time, after the run was rolled back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from glidepath.training.checkpoints.about import Redraw

MOST_ATTEMPTS = 3
"""Other samples that are tried for one update: what comes back then is not the data's fault."""


@dataclass(frozen=True)
class Redraws:
    """Which choice of samples each update learns from.

    The whole stretch from the checkpoint to the update that broke gets other samples, as PaLM's
    training skipped the batches around a spike.

    Attributes:
        made: since the run began, in order.

    Source: Chowdhery et al. 2022, arXiv:2204.02311, section 5.1.
    """

    made: tuple[Redraw, ...] = ()

    def attempt(self, step: int) -> int:
        """Which choice an update learns from; 0 is the seed's own."""
        return max((one.attempt for one in self.made if one.first <= step < one.end), default=0)

    def after(self, first: int, broken: int) -> Self:
        """With one more: the run goes back to `first`, because the update `broken` did break.

        Raises:
            FloatingPointError: if that was tried often enough.
        """
        attempt = 1 + max(self.attempt(step) for step in _beginnings(first, broken, self.made))
        if attempt > MOST_ATTEMPTS:
            raise FloatingPointError(
                f"the update at step {broken} is not finite with {MOST_ATTEMPTS} other choices of "
                f"samples since step {first}, so it is not the data: try a lower peak rate or a "
                "longer warm-up"
            )
        return type(self)((*self.made, Redraw(first, broken + 1, attempt)))


def _beginnings(first: int, broken: int, made: Iterable[Redraw]) -> list[int]:
    """Steps of a stretch at which another choice may begin."""
    return [first, broken, *(one.first for one in made if first <= one.first <= broken)]
