"""The loss on samples held out, while the run goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import final

import jax
import numpy as np

from glidepath.training.placement import Placement
from glidepath.training.problem import Problem, Tree

METRIC = "val_loss"
"""The mean loss of one step ahead: with the same rollout throughout, so that a curve can be made
of it; plans may listen to it."""
ROLLOUT = 1
MOST = 16
"""Samples that are looked at; more where a batch is larger."""


@final
class Validation:
    """Measures a model on the same samples every time.

    Args:
        problem: with its samples.
        size: of the batches.
        placement: of the model's arrays; batches that can't be divided so are not.
    """

    def __init__(self, problem: Problem, size: int, placement: Placement) -> None:
        self._problem = problem
        held_out = problem.held_out(ROLLOUT)
        count = min(len(held_out), max(size, MOST))
        self._size = min(size, count)
        if count:
            count -= count % self._size  # batches of one size: one function is compiled
            spread = np.linspace(0, len(held_out) - 1, count).round().astype(int)
            self._samples = held_out[spread]
        else:
            self._samples = held_out
        self._placement = placement.of_size(self._size) if count else None
        self._loss = jax.jit(lambda parameters, batch: problem.loss(parameters, batch, ROLLOUT)[0])

    @property
    def is_possible(self) -> bool:
        """Whether there are samples held out."""
        return len(self._samples) > 0

    def measure(self, parameters: Tree) -> tuple[dict[str, float], float]:
        """The metric by its name, and the seconds that it took."""
        began = time.perf_counter()
        losses = [float(self._loss(parameters, batch)) for batch in self._batches()]
        return {METRIC: float(np.mean(losses))}, time.perf_counter() - began

    def _batches(self) -> Iterator[Tree]:
        for start in range(0, len(self._samples), self._size):
            samples = self._samples[start : start + self._size]
            if self._placement is None:
                yield self._problem.batch(samples, ROLLOUT)
            else:
                own = self._problem.batch(self._placement.own(samples), ROLLOUT)
                yield self._placement.spread(own)
