"""Which checkpoints are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from glidepath.training.checkpoints.about import About
from glidepath.training.every import Every


@dataclass(frozen=True)
class Keep:
    """Which checkpoints are kept: every one that one of these asks for.

    Attributes:
        newest: how many of the newest that were due, beside the very newest; two by default, so
            that there is another if one is broken.
        every: also one every so many updates, or every so much time.
        best: also so many with the lowest metric.
        metric: that is meant; a checkpoint has it where the run was evaluated when it was saved.
    """

    newest: int = 2
    every: Every | None = None
    best: int = 0
    metric: str = "val_loss"

    def __post_init__(self) -> None:
        if self.newest < 1:
            raise ValueError(f"`newest` must be at least 1, got {self.newest}")
        if self.best < 0:
            raise ValueError(f"`best` must be at least 0, got {self.best}")

    def kept(self, checkpoints: Iterable[About]) -> set[int]:
        """The steps of those that stay."""
        ordered = sorted(checkpoints, key=lambda one: one.step)
        due = [one for one in ordered if one.is_due]
        steps = {one.step for one in (*due[-self.newest :], *ordered[-1:])}
        measured = [one for one in ordered if math.isfinite(one.metrics.get(self.metric, math.nan))]
        by_metric = sorted(measured, key=lambda one: one.metrics[self.metric])
        steps |= {one.step for one in by_metric[: self.best]}
        return steps | self._regular(ordered)

    def _regular(self, ordered: list[About]) -> set[int]:
        """Those that lie at multiples of steps, or apart by the time that was asked for."""
        if self.every is None:
            return set()
        if self.every.steps is not None:
            return {one.step for one in ordered if one.step % self.every.steps == 0}
        assert self.every.seconds is not None
        steps, last = set(), -math.inf
        for one in ordered:
            is_late = one.time - last >= self.every.seconds
            if is_late or one.time < last:  # a clock may go back
                steps.add(one.step)
                last = one.time
        return steps
