"""One update at any rate, to try rates out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import jax

from glidepath.plan import Plan
from glidepath.training.batches import rollout_at
from glidepath.training.optimizer import values_at
from glidepath.training.problem import Problem, Tree
from glidepath.training.update import State, advance

Trial = Callable[[State, Tree, float], tuple[State, Any]]


def make_trial(problem: Problem, plan: Plan) -> Trial:
    """An update with the plan's numbers at its first step, but with a rate of the caller's.

    Args:
        problem: model and loss.
        plan: for all but the rate.
    Returns:
        state, batch and rate to the next state and the loss before; compiled at its first call.
    """
    rollout = rollout_at(plan, 0)

    def update(state: State, batch: Tree, rate: Any) -> tuple[State, Any]:
        new, done = advance(problem, state, batch, rollout, values_at(plan, 0) | {"lr": rate})
        return new, done.loss

    return jax.jit(update, donate_argnums=0)


def batches(problem: Problem, rollout: int, seed: int, size: int) -> Iterator[Tree]:
    """The batches of a run's first updates, without end, all with the same rollout."""
    for step in count():
        yield problem.batch(problem.samples(seed, step, size, rollout, 0), rollout)
