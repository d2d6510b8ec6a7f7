"""One update, compiled: gradients, the plan's numbers, the optimizer, the new parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

from glidepath.plan import Plan
from glidepath.training.optimizer import adamw, values_at
from glidepath.training.problem import Problem, Tree


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """All that a run is, beside its plan and its configuration.

    Attributes:
        step: updates done, int32.
        parameters: of the model, float32.
        optimizer: moments, float32.
    """

    step: Any
    parameters: Tree
    optimizer: Tree


def initial_state(problem: Problem, plan: Plan, seed: int) -> State:
    """The state before the first update."""
    parameters = jax.tree.map(jnp.asarray, problem.init(seed))
    transformation = adamw(values_at(plan, 0), problem.decays(parameters))
    return State(jnp.zeros((), jnp.int32), parameters, transformation.init(parameters))


def make_update(
    problem: Problem, plan: Plan, rollout: int
) -> Callable[[State, Tree], tuple[State, dict[str, Any]]]:
    """The function of one update with a given rollout, to be compiled.

    The plan is read at the state's own step inside, so that no change of a rate compiles anew.

    Returns:
        state and batch to the next state and what is worth recording: "loss", every number that
        the optimizer used, "gradient_norm" (before clipping) and "update_ratio" (norm of the
        update over the norm of the parameters); scalars.
    """

    def update(state: State, batch: Tree) -> tuple[State, dict[str, Any]]:
        loss = jax.value_and_grad(problem.loss, has_aux=True)
        (value, parts), gradients = loss(state.parameters, batch, rollout)
        values = values_at(plan, state.step)
        transformation = adamw(values, problem.decays(state.parameters))
        updates, optimizer = transformation.update(gradients, state.optimizer, state.parameters)
        parameters = optax.apply_updates(state.parameters, updates)
        record = {
            "loss": value,
            **{name: values[name] for name in values if name in plan},
            "gradient_norm": optax.tree.norm(gradients),
            "update_ratio": optax.tree.norm(updates) / optax.tree.norm(state.parameters),
            **parts,
        }
        return State(state.step + 1, parameters, optimizer), record

    return update
