"""Schedules of TensorFlow's tensors; `tests/conformance` has every shape and operation."""

import logging

import numpy as np
import pytest

from glidepath import Horizon, constant, cosine, from_function, linear, staircase

pytestmark = pytest.mark.heavy

HORIZON = Horizon(samples=1_000, batch=16)
RATE = (linear(0.0, 1.0).over(10) >> cosine(1.0, 0.1).over("2 epochs").repeat()).on(HORIZON)
STEPS = np.array([0, 3, 9, 10, 70, 135, 1_000, 2**31 - 1])


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


@pytest.mark.parametrize("dtype", ["uint8", "int32", "uint32", "int64"])
def test_a_tensor_of_any_whole_type_gives_float64(tf, dtype):
    steps = STEPS[np.iinfo(dtype).max >= STEPS]
    values = RATE(tf.constant(steps, dtype))
    assert values.dtype == tf.float64
    np.testing.assert_allclose(values, RATE(steps), rtol=1e-15)


@pytest.mark.parametrize("settings", [{}, {"jit_compile": True}], ids=["graph", "XLA"])
def test_a_traced_step_gives_the_same(tf, settings):
    traced = tf.function(RATE, **settings)
    for step in STEPS:
        assert float(traced(tf.constant(step))) == pytest.approx(RATE(int(step)), rel=1e-15)


def test_a_variable_is_a_step(tf):
    step = tf.Variable(7, dtype=tf.int64)
    assert float(RATE(step)) == RATE(7)

    @tf.function
    def update():
        step.assign_add(1)
        return RATE(step)

    assert [float(update()) for _ in range(3)] == [RATE(8), RATE(9), RATE(10)]


def test_a_shape_that_is_not_known_yet_is_the_steps_own(tf):
    spec = tf.TensorSpec([None, None], tf.int32)
    for schedule in (RATE, constant(0.5).over(10), from_function(float).over(10)):
        values = tf.function(schedule, input_signature=[spec])(tf.constant([[0, 1, 2], [3, 4, 5]]))
        np.testing.assert_allclose(values, schedule(np.array([[0, 1, 2], [3, 4, 5]])), rtol=1e-15)


def test_whole_numbers_stay_whole(tf):
    rollout = staircase(1, 4, every="2 steps").over(10)
    values = tf.function(rollout)(tf.range(8))
    assert values.dtype == tf.int64
    assert values.numpy().tolist() == [1, 1, 2, 2, 3, 3, 4, 4]


def test_a_negative_step_counts_as_the_first(tf):
    assert float(RATE(tf.constant(-3))) == RATE(0)


@pytest.mark.parametrize("dtype", ["float32", "bool", "string"])
def test_a_step_that_is_not_whole_is_refused(tf, dtype):
    steps = {"float32": 1.0, "bool": True, "string": "1"}[dtype]
    with pytest.raises(TypeError, match=f"steps must be integers, got a tensor of {dtype}"):
        RATE(tf.constant(steps))


def test_autograph_leaves_formulas_alone(tf, caplog):
    tf.autograph.set_verbosity(1)
    with caplog.at_level(logging.WARNING):
        tf.function(RATE)(tf.constant([5, 7]))
    assert "AutoGraph" not in caplog.text
