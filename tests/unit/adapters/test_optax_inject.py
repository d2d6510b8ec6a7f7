"""inject: an optax optimizer whose every number follows a plan, inside the compiled step."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import orbax.checkpoint as ocp
import pytest

from glidepath import Optimizer, Phase, Plan, constant, cosine, linear, plateau, scaled
from glidepath.adapters.optax.inject import Injected, inject, injected
from tests.parity.runners.plan import five_phases

WEIGHTS = {"w": np.ones((3, 2), np.float32), "b": np.ones(2, np.float32)}


def parameters():
    return jax.tree.map(jnp.asarray, WEIGHTS)


def updating(optimizer):
    @jax.jit
    def step(parameters, state):
        updates, state = optimizer.update(parameters, state, parameters)
        return optax.apply_updates(parameters, updates), state

    return step


def run(optimizer, num, start=None):
    step, state = updating(optimizer), start or (parameters(), optimizer.init(parameters()))
    for _ in range(num):
        state = step(*state)
    return state


def by_hand(plan, num, **constants):
    """The same with an optimizer made anew at each update, out of compiled code."""
    weights = parameters()
    state = optax.adamw(1.0).init(weights)
    for step in range(num):
        optimizer = optax.adamw(
            plan["lr"](step), b1=plan["beta1"](step), weight_decay=plan["weight_decay"](step),
            **constants,
        )  # fmt: skip
        updates, state = optimizer.update(weights, state, weights)
        weights = optax.apply_updates(weights, updates)
    return weights


def test_every_number_follows_the_plan():
    plan = five_phases()
    weights, state = run(inject(plan, optax.adamw, b2=0.99), 200)
    expected = by_hand(plan, 200, b2=0.99)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-6), weights, expected)
    assert int(state.count) == 200
    for key in plan.names:
        assert float(state.values[key]) == pytest.approx(plan[key](199), rel=4e-7)


def test_nothing_is_compiled_anew_over_a_whole_plan():
    optimizer = inject(five_phases(), optax.adamw)
    step, state = updating(optimizer), (parameters(), optimizer.init(parameters()))
    for _ in range(2_000):
        state = step(*state)
    assert step._cache_size() == 1


def test_a_schedule_alone_is_the_rate_and_works_in_scan():
    lr = cosine(1.0, 0.1).over(7).repeat()
    optimizer = inject(lr, optax.sgd)

    def body(state, _):
        _, after = optimizer.update(jnp.ones(()), state)
        return after, after.values["lr"]

    state, used = jax.lax.scan(body, optimizer.init(jnp.ones(())), None, length=20)
    np.testing.assert_allclose(used, lr(np.arange(20)), rtol=4e-7)
    assert int(state.count) == 20


def test_moments_and_updates_keep_their_type():
    weights = jax.tree.map(lambda one: one.astype(jnp.bfloat16), parameters())
    optimizer = inject(five_phases(), optax.adamw)
    state = optimizer.init(weights)
    updates, after = jax.jit(optimizer.update)(weights, state, weights)
    assert {one.dtype for one in jax.tree.leaves(updates)} == {jnp.dtype(jnp.bfloat16)}
    kinds = [[leaf.dtype for leaf in jax.tree.leaves(one)] for one in (state, after)]
    assert kinds[0] == kinds[1]


def test_weight_decay_acts_on_matrices_alone_where_it_should():
    plan = Plan(Phase("all", 10, lr=0.5, weight_decay=linear(0.5, 0.0)))
    for decays, expected in (("matrices", 1.0), ("all", 0.75), ({"w": False, "b": True}, 0.75)):
        optimizer = inject(plan, optax.adamw, decays=decays)
        weights = parameters()
        nothing = jax.tree.map(jnp.zeros_like, weights)
        updates, _ = optimizer.update(nothing, optimizer.init(weights), weights)
        after = optax.apply_updates(weights, updates)
        assert after["b"][0] == expected
        assert after["w"][0, 0] == (1.0 if isinstance(decays, dict) else 0.75)


def test_clip_goes_before_the_optimizer():
    plan = Plan(Phase("all", 10, lr=1.0, clip=constant(0.5)))
    optimizer = inject(plan, optax.sgd)
    updates, state = optimizer.update(jnp.array([3.0, 4.0]), optimizer.init(jnp.zeros(2)))
    np.testing.assert_allclose(updates, [-0.3, -0.4], rtol=1e-6)
    assert float(state.values["clip"]) == 0.5


def grouped():
    lr = {"default": linear(1.0, 0.0), "frozen": scaled(0.5, after="2 steps")}
    return Plan(Phase("all", 10, lr=lr), groups=["frozen"])


def test_groups_have_their_own_numbers():
    optimizer = inject(grouped(), optax.sgd, groups={"w": "frozen", "b": "default"})
    nothing = jax.tree.map(jnp.ones_like, parameters())
    state = optimizer.init(parameters())
    for step in range(4):
        updates, state = jax.jit(optimizer.update)(nothing, state, parameters())
        assert float(updates["b"][0]) == pytest.approx(-grouped()["lr"](step))
        assert float(updates["w"][0, 0]) == pytest.approx(-grouped()["lr.frozen"](step))


def test_groups_can_be_a_function_of_the_parameters():
    def groups(weights):
        return {name: "frozen" if name == "w" else "default" for name in weights}

    optimizer = inject(grouped(), optax.sgd, groups=groups)
    updates, _ = optimizer.update(parameters(), optimizer.init(parameters()), parameters())
    assert float(updates["w"][0, 0]) == 0.0


def test_groups_that_are_not_the_plans_are_refused():
    with pytest.raises(ValueError, match="`groups` must say which parameter is in which group"):
        inject(grouped(), optax.sgd)
    with pytest.raises(ValueError, match="the plan has none"):
        inject(five_phases(), optax.adamw, groups={"w": "a", "b": "b"})
    for labels, what in (({"w": "frosen", "b": "default"}, "unknown is frosen"),
                         ({"w": "default", "b": "default"}, "missing is frozen")):  # fmt: skip
        with pytest.raises(ValueError, match=what):
            inject(grouped(), optax.sgd, groups=labels).init(parameters())


def test_a_quantity_that_the_factory_lacks_is_an_error():
    with pytest.raises(ValueError, match="the plan has `beta1`, and sgd no argument for it"):
        inject(five_phases(), optax.sgd)
    with pytest.raises(ValueError, match="sgd takes no mask"):
        inject(constant(1.0).over(9), optax.sgd, decays="matrices")
    with pytest.raises(ValueError, match="`decays` must be one of all, matrices, or a mask"):
        inject(constant(1.0).over(9), optax.adamw, decays="biases")


def test_a_quantity_of_one_group_alone_is_refused_where_the_rest_would_have_none():
    plan = Plan(Phase("all", 10, lr=1.0), weight_decay={"head": 0.2}, groups=["head"])
    with pytest.raises(ValueError, match=r"`weight_decay.head` is given by group alone"):
        inject(plan, optax.adamw, groups={"w": "head", "b": "default"})


def test_prodigy_in_optax_can_not_begin_at_0():
    plan = Plan(Phase("all", 10, lr=linear(0.0, 1.0)), optimizer="prodigy")
    with pytest.raises(ValueError, match="`lr` is 0 at step 0, which optax's prodigy divides by"):
        inject(plan)


def test_a_plan_that_listens_needs_somebody_who_does():
    on = plateau("loss", patience=0)
    plan = Plan(Phase("all", 10, lr=constant(1.0).over(10).cut(0.5, on=on)))
    with pytest.raises(
        ValueError, match="the plan listens to the run, and a compiled update can't"
    ):
        inject(plan, optax.sgd)
    listener = plan.listen()
    optimizer = inject(listener.plan, optax.sgd, listened=True)
    state, used = optimizer.init(parameters()), []
    for step in range(1, 5):
        _, state = optimizer.update(parameters(), state)
        used.append(float(state.values["lr"]))
        if listener.hear(step, {"loss": 1.0}):
            optimizer = inject(listener.plan, optax.sgd, listened=True)
    assert used == [1.0, 1.0, 0.5, 0.25]


def test_states_that_are_no_numbers_and_parameters_that_are_missing_pass_through():
    def noisy(learning_rate):
        return optax.noisy_sgd(learning_rate, key=jax.random.key(0))

    weights = {"w": jnp.ones(2), "static": None}
    optimizer = inject(linear(0.5, 0.0).over(10), noisy)
    state = optimizer.init(weights)
    for _ in range(2):
        updates, state = jax.jit(optimizer.update)(weights, state, weights)
    assert updates["static"] is None
    assert int(state.count) == 2


@pytest.mark.parametrize(
    ("factory", "name"),
    [
        (optax.inject_hyperparams(optax.sgd), "InjectStatefulHyperparamsState"),
        (lambda learning_rate: optax.MultiSteps(optax.sgd(learning_rate), 4), "MultiStepsState"),
        (lambda learning_rate: optax.apply_if_finite(optax.sgd(learning_rate), 4), "ApplyIfFinite"),
    ],
)
def test_what_would_not_follow_the_plan_inside_is_refused(factory, name):
    with pytest.raises(ValueError, match=f"{name}.* can't be inside of `inject`"):
        inject(linear(1.0, 0.0).over(10), factory).init(parameters())


def test_a_number_is_given_once():
    with pytest.raises(ValueError, match="`learning_rate` is given by the plan"):
        inject(five_phases(), optax.adamw, learning_rate=0.1)


def test_quantities_of_the_loop_are_left_to_it():
    plan = Plan(Phase("all", 10, lr=linear(1.0, 0.0)), rollout=2)
    assert set(inject(plan, optax.sgd).init(parameters()).values) == {"lr"}


def test_what_the_last_update_used_is_found_in_any_chain():
    accumulating = optax.MultiSteps(inject(five_phases(), optax.adamw), 2)
    optimizer = optax.chain(optax.clip(1.0), accumulating.gradient_transformation())
    state = optimizer.init(parameters())
    assert isinstance(injected(state), Injected)
    with pytest.raises(ValueError, match="one optimizer made by `inject`, got 0"):
        injected(optax.adam(1.0).init(parameters()))


def test_micro_batches_do_not_count():
    optimizer = optax.MultiSteps(inject(five_phases(), optax.adamw), 4).gradient_transformation()
    state, step = optimizer.init(parameters()), jax.jit(optimizer.update)
    for micro in range(1, 41):
        _, state = step(parameters(), state, parameters())
        assert int(injected(state).count) == micro // 4


def test_a_run_goes_on_from_its_checkpoint_bit_for_bit(tmp_path):
    optimizer = inject(five_phases(), optax.adamw)
    halfway = run(optimizer, 100)
    with ocp.StandardCheckpointer() as checkpointer:
        checkpointer.save(tmp_path / "state", halfway)
        checkpointer.wait_until_finished()
        fresh = (parameters(), optimizer.init(parameters()))
        restored = checkpointer.restore(tmp_path / "state", fresh)
    whole = run(optimizer, 200)
    step = updating(optimizer)
    step(*step(*halfway))
    step(*jax.tree.map(lambda one: jnp.asarray(np.asarray(one)), restored))
    assert step._cache_size() == 1, "nor is anything compiled anew"
    resumed = run(optimizer, 100, restored)
    jax.tree.map(np.testing.assert_array_equal, whole, resumed)


def test_a_schedule_is_an_optax_schedule_as_it_is():
    lr = linear(0.5, 0.0).over(10)
    optimizer = optax.sgd(learning_rate=lr)
    state = optimizer.init(jnp.zeros(()))
    for step in range(12):
        updates, state = jax.jit(optimizer.update)(jnp.ones(()), state)
        assert float(updates) == pytest.approx(-lr(step))


def named(**given):
    return Plan(
        Phase("all", 10, lr=linear(0.5, 0.1), beta1=linear(0.8, 0.9)),
        optimizer=Optimizer("adamw", **given),
    )


def test_a_plan_can_name_its_optimizer():
    plan = named(beta2=0.95, eps=1e-3, weight_decay=0.1, decays="matrices", clip=0.5)
    weights, state = run(inject(plan), 5)
    expected, theirs = parameters(), None
    for step in range(5):
        optimizer = optax.chain(
            optax.clip_by_global_norm(0.5),
            optax.adamw(plan["lr"](step), plan["beta1"](step), 0.95, 1e-3, weight_decay=0.1,
                        mask={"w": True, "b": False}),
        )  # fmt: skip
        theirs = optimizer.init(expected) if theirs is None else theirs
        updates, theirs = optimizer.update(expected, theirs, expected)
        expected = optax.apply_updates(expected, updates)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=2e-6), weights, expected)
    assert set(state.values) == {"lr", "beta1"}


def test_an_optimizer_is_named_once():
    with pytest.raises(ValueError, match="the plan names its optimizer, adamw: inject"):
        inject(named(), optax.adamw)
    with pytest.raises(ValueError, match="the plan names no optimizer: give one here"):
        inject(five_phases())
    with pytest.raises(ValueError, match="and so its constants: leave them out"):
        inject(named(), b2=0.5)
