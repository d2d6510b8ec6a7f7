"""GraphCast's loop with a plan that names its optimizer."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from glidepath import Optimizer, Phase, Plan, linear
from glidepath.training import optimizer

DECAYS = {"w": True, "b": False}
GRADIENTS = {"w": jnp.array([[3.0, -1.0], [0.5, 2.0]]), "b": jnp.array([-4.0, 0.0])}


def changed(plan, num_updates=3):
    """Parameters after some updates, compiled with the plan's numbers inside."""

    @jax.jit
    def update(parameters, state, step):
        transformation = optimizer.adamw(optimizer.values_at(plan, step), DECAYS)
        changes, state = transformation.update(GRADIENTS, state, parameters)
        return optax.apply_updates(parameters, changes), state

    parameters = {"w": jnp.ones((2, 2)), "b": jnp.ones(2)}
    state = optimizer.adamw(optimizer.values_at(plan, 0), DECAYS).init(parameters)
    for step in range(num_updates):
        parameters, state = update(parameters, state, jnp.int32(step))
    return parameters


def expected(made, num_updates=3):
    parameters = {"w": jnp.ones((2, 2)), "b": jnp.ones(2)}
    state = made.init(parameters)
    for _ in range(num_updates):
        changes, state = made.update(GRADIENTS, state, parameters)
        parameters = optax.apply_updates(parameters, changes)
    return parameters


def assert_same(ours, theirs):
    for name in ("w", "b"):
        assert np.asarray(ours[name]) == pytest.approx(np.asarray(theirs[name]), rel=1e-6)


def plan_with(named, **values):
    return Plan(Phase("a", 10, lr=linear(0.1, 0.0)), optimizer=named, **values)


def test_a_plan_that_names_none_has_graphcast_s_numbers_and_the_problem_s_mask():
    plan = plan_with(None)
    theirs = optax.adamw(plan["lr"], b2=0.95, weight_decay=0.1, mask=DECAYS)
    assert_same(changed(plan), expected(optax.chain(optax.clip_by_global_norm(32.0), theirs)))
    assert optimizer.values_at(plan, 0) == {"lr": 0.1, **optimizer.DEFAULTS}


def test_a_plan_that_names_adamw_has_adamw_s_numbers_as_anywhere():
    plan = plan_with("adamw")
    assert_same(changed(plan), expected(optax.adamw(plan["lr"], weight_decay=0.01)))


def test_its_constants_and_its_word_for_what_decays_count():
    named = Optimizer("adamw", beta1=0.5, eps=0.1, weight_decay=2.0, clip=1.5, decays="matrices")
    plan = plan_with(named, beta2=0.9)
    theirs = optax.adamw(plan["lr"], b1=0.5, b2=0.9, eps=0.1, weight_decay=2.0, mask=DECAYS)
    ours = changed(plan)
    assert_same(ours, expected(optax.chain(optax.clip_by_global_norm(1.5), theirs)))
    everywhere = Optimizer("adamw", beta1=0.5, eps=0.1, weight_decay=2.0, clip=1.5)
    assert not np.allclose(changed(plan_with(everywhere, beta2=0.9))["b"], ours["b"])


def test_another_optimizer_is_refused():
    optimizer.check(plan_with("adamw"))
    with pytest.raises(ValueError, match="the plan names `lion`, and this training knows AdamW al"):
        optimizer.check(plan_with("lion"))
