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
        newest: how many of the newest that were due, and what else was saved since the first of
            these; two by default, so that there is another if one is broken.
        every: also the first that was due in every stretch of so many updates, or so much time.
        best: also so many with the lowest metric.
        metric: that is meant; a checkpoint has it where the run was evaluated when it was saved.
    """

    newest: int = 2
    every: Every | None = None
    best: int = 0
    metric: str = "val_loss"

    def __post_init__(self) -> None:
        if self.newest < 1:
            raise ValueError(f"`keep` must be at least 1, got {self.newest}")
        if self.best < 0:
            raise ValueError(f"`keep_best` must be at least 0, got {self.best}")

    def kept(self, checkpoints: Iterable[About]) -> set[int]:
        """The steps of those that stay."""
        ordered = sorted(checkpoints, key=lambda one: one.step)
        due = [one for one in ordered if one.is_due]
        since = due[-self.newest].step if len(due) >= self.newest else 0
        steps = {one.step for one in ordered if one.step >= since}
        measured = [one for one in ordered if math.isfinite(one.metrics.get(self.metric, math.nan))]
        by_metric = sorted(measured, key=lambda one: one.metrics[self.metric])
        steps |= {one.step for one in by_metric[: self.best]}
        return steps | self._regular(due)

    def _regular(self, ordered: list[About]) -> set[int]:
        """The first of every stretch of steps, or those apart by the time that was asked for."""
        if self.every is None:
            return set()
        if self.every.steps is not None:
            first: dict[int, int] = {}
            for one in ordered:
                first.setdefault(one.step // self.every.steps, one.step)
            return set(first.values())
        assert self.every.seconds is not None
        steps, last = set(), -math.inf
        for one in ordered:
            is_late = one.time - last >= self.every.seconds
            if is_late or one.time < last:  # a clock may go back
                steps.add(one.step)
                last = one.time
        return steps
