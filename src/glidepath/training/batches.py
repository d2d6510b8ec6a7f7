"""Batches in the order of the updates, read ahead by grain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import grain
import jax
import numpy as np

from glidepath.plan import Plan
from glidepath.training.problem import Problem, Tree

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
    """

    problem: Problem
    plan: Plan
    seed: int
    size: int
    num_steps: int

    def __len__(self) -> int:
        return self.num_steps

    def samples(self, step: int) -> np.ndarray:
        """The indices of an update's samples, `[size]`."""
        return self.problem.samples(self.seed, step, self.size, rollout_at(self.plan, step))

    def __getitem__(self, step: int) -> Tree:
        return self.problem.batch(self.samples(step), rollout_at(self.plan, step))


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
