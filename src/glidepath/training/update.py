"""One update, compiled: gradients, the plan's numbers, the optimizer, the new parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import optax

from glidepath.plan import Plan
from glidepath.record import StepSizes, looks_at, summarize
from glidepath.record.step_sizes import step_sizes
from glidepath.training.optimizer import adamw, values_at
from glidepath.training.problem import Problem, Tree

LOOK_EVERY = 100
"""Updates between looks at the single arrays."""


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
    problem: Problem, plan: Plan, rollout: int, *, keeps_finite: bool = True
) -> Callable[[State, Tree], tuple[State, dict[str, Any]]]:
    """The function of one update with a given rollout, to be compiled.

    The plan is read at the state's own step inside, so that no change of a rate compiles anew.

    Args:
        problem: model and loss.
        plan: to follow.
        rollout: of the loss.
        keeps_finite: whether an update with a loss or gradient that is not finite is left out:
            its step is counted, for rates and batches follow the step, and nothing else changes.
    Returns:
        state and batch to the next state and what is worth recording: "loss", every number that
        the optimizer used, and "summary", the figures of the arrays.
    """

    def update(state: State, batch: Tree) -> tuple[State, dict[str, Any]]:
        loss = jax.value_and_grad(problem.loss, has_aux=True)
        (value, parts), gradients = loss(state.parameters, batch, rollout)
        values = values_at(plan, state.step)
        transformation = adamw(values, problem.decays(state.parameters))
        updates, moments = transformation.update(gradients, state.optimizer, state.parameters)
        new = State(state.step + 1, optax.apply_updates(state.parameters, updates), moments)
        recorded = (name for name in (*plan.names, "clip") if values.get(name) is not None)
        figures = {
            "loss": value,
            **{name: values[name] for name in recorded},
            **parts,
            "summary": summarize(
                *(problem.by_layer(tree) for tree in (state.parameters, gradients, updates)),
                step_sizes=partial(_step_sizes, problem, values, moments),
                look=looks_at(state.step, LOOK_EVERY),
            ),
        }
        if not keeps_finite:
            return new, figures
        is_finite = jnp.isfinite(value) & jnp.isfinite(optax.tree.norm(gradients))
        old = State(state.step + 1, state.parameters, state.optimizer)
        kept = jax.tree.map(lambda ours, before: jnp.where(is_finite, ours, before), new, old)
        return kept, figures | {"skipped": ~is_finite}

    return update


def _step_sizes(problem: Problem, values: dict[str, Any], moments: Tree) -> StepSizes:
    """Of the optimizer of `adamw`, layer by layer."""

    def layered(state: Any) -> Any:
        if isinstance(state, optax.ScaleByAdamState):
            return state._replace(mu=problem.by_layer(state.mu), nu=problem.by_layer(state.nu))
        return state

    by_layer = jax.tree.map(
        layered, moments, is_leaf=lambda one: isinstance(one, optax.ScaleByAdamState)
    )
    return step_sizes(by_layer, values["lr"], beta2=values["beta2"], eps=values["eps"])
