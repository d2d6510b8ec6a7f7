"""After a sweep over rates the arrays of JAX and the variables of Keras are as before."""

import math
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest

jax = pytest.importorskip("jax")
keras = pytest.importorskip("keras")
optax = pytest.importorskip("optax")

import jax.numpy as jnp  # noqa: E402

from glidepath.diagnosis.finding_rates import find_rate  # noqa: E402

X = np.random.default_rng(0).normal(size=(16, 4)).astype(np.float32)
Y = np.ones((16, 1), np.float32)
BATCHES = [(X, Y)] * 100
ADAM = optax.scale_by_adam()


class Broken(Exception):
    pass


@partial(jax.tree_util.register_dataclass, data_fields=["weights", "adam", "key"],
         meta_fields=["apply"])  # fmt: skip
@dataclass
class State:
    """As Flax has them: arrays, an optimizer's state, a key, and a function."""

    weights: dict
    adam: object
    key: object
    apply: object = field(default=jnp.tanh)


def state_of_jax():
    weights = {"w": jnp.full((4, 1), 0.5), "b": jnp.asarray(0.0)}
    return State(weights, ADAM.init(weights), jax.random.key(0))


@partial(jax.jit, donate_argnums=0)
def jax_step(state, batch, rate):
    key, now = jax.random.split(state.key)

    def loss(weights):
        kept = jax.random.bernoulli(now, 0.9, X.shape)
        prediction = (batch[0] * kept) @ weights["w"] + state.apply(weights["b"])
        return jnp.square(prediction - batch[1]).mean()

    value, gradients = jax.value_and_grad(loss)(state.weights)
    updates, adam = ADAM.update(gradients, state.adam, state.weights)
    weights = jax.tree.map(lambda w, u: w - rate * u, state.weights, updates)
    return State(weights, adam, key, state.apply), value


def leaves(state):
    def bits(leaf):
        is_key = jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
        return np.asarray(jax.random.key_data(leaf) if is_key else leaf).tobytes()

    return [bits(leaf) for leaf in jax.tree.leaves(state)]


def test_buffers_that_a_compiled_step_takes_are_copies():
    state = state_of_jax()
    before = leaves(state)
    sweep = find_rate(jax_step, state, BATCHES, num_steps=50)
    assert leaves(state) == before
    assert sweep.suggestions.steepest is not None
    assert find_rate(jax_step, state, BATCHES, num_steps=50) == sweep


def test_arrays_are_as_before_when_a_step_breaks():
    state = state_of_jax()
    before = leaves(state)

    def step(held, batch, rate):
        if rate > 1e-3:
            raise Broken
        return jax_step(held, batch, rate)

    with pytest.raises(Broken):
        find_rate(step, state, BATCHES)
    assert leaves(state) == before


def test_a_compiled_step_is_compiled_once():
    num = []

    @jax.jit
    def step(weights, batch, rate):
        num.append(1)
        return weights - rate * weights, jnp.square(weights).sum()

    find_rate(step, jnp.asarray(1.0), BATCHES)
    assert len(num) == 1


def test_a_state_that_is_no_tree_of_arrays_is_refused_before_the_first_update():
    def never(state, batch, rate):
        raise AssertionError

    class Graph:
        def __call__(self):
            return 0

    Graph.__module__ = "flax.nnx.module"
    for state in ({"w": jnp.ones(2), "x": object()}, [jnp.ones(2), Graph()]):
        with pytest.raises(TypeError, match="can't be restored: give a tree of arrays, or"):
            find_rate(never, state, BATCHES)


def model(dropout=0.2, **settings):
    keras.utils.set_random_seed(0)
    layers = [
        keras.Input((4,)),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(dropout),
        keras.layers.Dense(1),
    ]
    made = keras.Sequential(layers)
    made.compile(keras.optimizers.Adam(1e-2), loss="mse", metrics=["mae"], **settings)
    return made


def keras_step(model, batch, rate):
    model.optimizer.learning_rate.assign(rate)
    model.reset_metrics()
    return model.train_on_batch(*batch)[0]


def values(model):
    held = [*model.variables, *model.metrics_variables, *model.optimizer.variables]
    return {one.path: np.asarray(one.value).tobytes() for one in held}


@pytest.mark.parametrize("num_updates", [0, 2])
def test_a_model_of_keras_trains_on_as_if_there_had_been_no_sweep(num_updates):
    def trained(sweeps):
        made = model()
        for _ in range(num_updates):
            made.train_on_batch(X, Y)
        before = values(made)
        if sweeps:
            sweep = find_rate(keras_step, made, BATCHES, num_steps=20)
            assert len(set(sweep.losses)) > 15
            after = values(made)
            assert {path: after.pop(path) for path in before} == before
            assert not any(map(any, after.values()))  # of metrics, which began with the sweep
        losses = [made.train_on_batch(X, Y) for _ in range(3)]
        return losses, list(values(made).values())

    assert trained(sweeps=True) == trained(sweeps=False)


def test_a_model_of_keras_is_as_before_when_a_step_breaks_or_diverges():
    made = model()
    made.train_on_batch(X, Y)
    before = values(made)

    def broken(state, batch, rate):
        loss = keras_step(state[0], batch, rate)
        if rate > 1e-3:
            raise KeyboardInterrupt
        return loss

    with pytest.raises(KeyboardInterrupt):
        find_rate(broken, [made], BATCHES, lowest=1e-5, num_steps=20)
    assert values(made) == before
    sweep = find_rate(
        lambda state, batch, rate: keras_step(state, batch, rate) if rate < 1e-2 else math.inf,
        made, BATCHES, lowest=1e-5, num_steps=20,
    )  # fmt: skip
    assert sweep.diverged_at < 1e-2
    assert values(made) == before


def test_optimizers_seeds_and_variables_of_keras_can_be_given_alone():
    weight, seed = keras.Variable([1.0, 2.0]), keras.random.SeedGenerator(3)
    optimizer = keras.optimizers.SGD(0.5, momentum=0.9)
    with pytest.raises(ValueError, match=r"optimizer.build\(model.trainable_variables\) first"):
        find_rate(None.__eq__, [weight, optimizer], BATCHES)
    optimizer.build([weight])

    def step(state, batch, rate):
        optimizer.learning_rate.assign(rate)
        optimizer.apply([keras.random.normal((2,), seed=seed)], [weight])
        return 1.0

    held = [weight, *optimizer.variables, seed.state]
    before = [np.asarray(one.value).tobytes() for one in held]
    find_rate(step, {"weight": weight, "rest": (optimizer, seed)}, BATCHES, num_steps=10)
    assert [np.asarray(one.value).tobytes() for one in held] == before


def test_a_model_without_weights_yet_is_refused():
    made = keras.Sequential([keras.layers.Dense(1)])
    made.compile("sgd", loss="mse")
    with pytest.raises(
        ValueError, match=r"Sequential that has not been built, .* call it on a batch"
    ):
        find_rate(keras_step, made, BATCHES)


def test_arrays_of_jax_beside_objects_are_refused():
    with pytest.raises(TypeError, match="a JAX array beside objects that are changed in place"):
        find_rate(keras_step, [model(), jnp.ones(2)], BATCHES)
