"""One update, compiled: gradients, the plan's numbers, the optimizer, the new parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from glidepath.plan import Plan
from glidepath.record import StepSizes, looks_at, summarize
from glidepath.record.step_sizes import step_sizes
from glidepath.training.optimizer import adamw, scheduled, values_at
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


Moment = dict[str, np.ndarray]
"""The plan's numbers at a step, float32 scalars, by name."""

Update = Callable[[State, Tree, Moment], tuple[State, dict[str, Any]]]


def moment(plan: Plan, step: int) -> Moment:
    """What the optimizer takes from a plan at a step."""
    return {name: np.float32(plan[name](step)) for name in scheduled(plan)}


class Done(NamedTuple):
    """What an update did.

    Attributes:
        loss: before it.
        parts: of the loss, by name.
        gradients: before clipping.
        updates: what was added to the parameters.
    """

    loss: Any
    parts: dict[str, Any]
    gradients: Tree
    updates: Tree


def advance(
    problem: Problem,
    state: State,
    batch: Tree,
    rollout: int,
    values: dict[str, Any],
    *,
    accumulate: int = 1,
    gathered: Callable[[Tree], Tree] = lambda parameters: parameters,
) -> tuple[State, Done]:
    """One update with given numbers of the optimizer, of `values_at`; to be compiled.

    A batch of several micro-batches, `[micro-batch, sample, ...]`, is gone through one by one.
    Parameters that are spread over devices are `gathered` for the loss, and so are its gradients:
    else the compiler would spread the network's own products, and gather the batch.
    """
    loss = jax.value_and_grad(partial(problem.loss, rollout=rollout), has_aux=True)
    whole = gathered(state.parameters)
    if accumulate == 1:
        (value, parts), gradients = loss(whole, batch)
    else:
        (value, parts), gradients = _mean(partial(loss, whole), batch, accumulate)
    gradients = gathered(gradients)
    transformation = adamw(values, problem.decays(state.parameters))
    updates, moments = transformation.update(gradients, state.optimizer, state.parameters)
    parameters = optax.apply_updates(state.parameters, updates)
    return State(state.step + 1, parameters, moments), Done(value, parts, gradients, updates)


def _mean(function: Callable[[Tree], Tree], batch: Tree, accumulate: int) -> Tree:
    """The mean of a function over micro-batches, of which one is in memory at a time."""
    first = jax.tree.map(lambda array: array[0], batch)
    zeros = jax.tree.map(
        lambda like: jnp.zeros(like.shape, like.dtype), jax.eval_shape(function, first)
    )

    def add(total: Tree, micro: Tree) -> tuple[Tree, None]:
        return jax.tree.map(jnp.add, total, function(micro)), None

    total, _ = jax.lax.scan(add, zeros, batch)
    return jax.tree.map(lambda sum_of_all: sum_of_all / accumulate, total)


def make_update(
    problem: Problem,
    plan: Plan,
    rollout: int,
    *,
    accumulate: int = 1,
    gathered: Callable[[Tree], Tree] = lambda parameters: parameters,
    keeps_finite: bool = True,
    summarizes: bool = True,
) -> Update:
    """The function of one update with a given rollout, to be compiled.

    The plan's numbers are arguments of it, so that neither a rate nor an event compiles anew.

    Args:
        problem: model and loss.
        plan: whose quantities, but not their values, are built in.
        rollout: of the loss.
        accumulate: micro-batches in a batch.
        gathered: the whole of parameters that are spread over devices.
        keeps_finite: whether an update with a loss or gradient that is not finite is left out:
            its step is counted, for rates and batches follow the step, and nothing else changes.
        summarizes: whether "summary" is among what it returns.
    Returns:
        state, batch and `moment` to the next state and what is worth recording: "loss", every
        number that the optimizer used, and "summary", the figures of the arrays.
    """
    constants = values_at(plan, 0)

    def update(state: State, batch: Tree, numbers: Moment) -> tuple[State, dict[str, Any]]:
        values = constants | numbers
        new, done = advance(
            problem, state, batch, rollout, values, accumulate=accumulate, gathered=gathered
        )
        recorded = (name for name in (*plan.names, "clip") if values.get(name) is not None)
        figures = {"loss": done.loss, **{name: values[name] for name in recorded}, **done.parts}
        if summarizes:
            figures["summary"] = summarize(
                *(
                    problem.by_layer(one)
                    for one in (state.parameters, done.gradients, done.updates)
                ),
                step_sizes=partial(_step_sizes, problem, values, new.optimizer),
                look=looks_at(state.step, LOOK_EVERY),
            )
        if not keeps_finite:
            return new, figures
        is_finite = jnp.isfinite(done.loss) & jnp.isfinite(optax.tree.norm(done.gradients))
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
