"""Batches in the order of the updates, read ahead by grain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import grain
import jax
import numpy as np

from glidepath.plan import Plan
from glidepath.training.placement import Placement
from glidepath.training.problem import Problem, Tree
from glidepath.training.redraws import Redraws

NUM_THREADS = 4
MOST_AHEAD = 4
BYTES_AHEAD = 4 * 1024**3
"""How much memory batches may take that are read ahead; one is, whatever its size."""


@dataclass(frozen=True)
class BatchSource:
    """Random access to the batch of any update.

    Attributes:
        problem: makes the batches.
        plan: says how long the rollout is at a step.
        seed: of the run.
        size: samples in a batch.
        num_steps: updates in the run.
        placement: which of the samples this process reads.
        redraws: updates that learn from other samples than the seed's first choice.
    """

    problem: Problem
    plan: Plan
    seed: int
    size: int
    num_steps: int
    placement: Placement
    redraws: Redraws = field(default_factory=Redraws)

    def __len__(self) -> int:
        return self.num_steps

    def samples(self, step: int) -> np.ndarray:
        """The indices of all of an update's samples, `[size]`."""
        rollout, attempt = rollout_at(self.plan, step), self.redraws.attempt(step)
        return self.problem.samples(self.seed, step, self.size, rollout, attempt)

    def __getitem__(self, step: int) -> Tree:
        """The part of the batch that this process reads."""
        own = self.placement.own(self.samples(step))
        return self.problem.batch(own, rollout_at(self.plan, step))


def rollout_at(plan: Plan, step: int) -> int:
    """The rollout of an update; 1 where the plan has none."""
    return plan["rollout"](step) if "rollout" in plan else 1


def read_ahead(source: BatchSource, start: int) -> Iterator[Tree]:
    """The batches from one update on to the end; the first one says how many fit into memory."""
    num_ahead = max(1, min(MOST_AHEAD, BYTES_AHEAD // _num_bytes(source[start])))
    steps = grain.MapDataset.source(source)[start:]
    options = grain.ReadOptions(
        num_threads=min(NUM_THREADS, num_ahead), prefetch_buffer_size=num_ahead
    )
    return iter(steps.to_iter_dataset(options))


def _num_bytes(batch: Tree) -> int:
    return sum(leaf.nbytes for leaf in jax.tree.leaves(batch)) or 1
