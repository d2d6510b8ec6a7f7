"""A plan as Keras' learning rate; `test_keras_adapter.py` runs this on each backend."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras_runs import (
    FALLING,
    OPTIMIZERS,
    adamw,
    compiled,
    compiled_trajectory,
    fit,
    model_with,
    shrunk,
    without_gradient,
)

from glidepath import Phase, Plan, cosine, from_function, linear, staircase
from glidepath.adapters.keras import PlanCallback, PlanSchedule
from tests.parity.runners.plan import five_phases

FAR = 2**31 - 1

# Keras itself calls NumPy 2 in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")


def test_a_rate_is_the_plan_s_at_every_step_compiled_or_not():
    plan = five_phases()
    rate = PlanSchedule(plan)
    steps = np.array([*range(2_000), 5_000, FAR], np.int32)
    exact = np.array([plan["lr"](int(step)) for step in steps])
    for function in (rate, compiled(rate)):
        values = np.array(function(keras.ops.convert_to_tensor(steps)))
        assert values.dtype == np.float32
        # 4 units in the last place of the largest rate of the phase that a step lies in.
        for start, end in zip((0, 150, 450, 950, 1650), (150, 450, 950, 1650, FAR), strict=True):
            inside = (start <= steps) & (steps <= end)
            unit = np.spacing(np.float32(exact[inside].max()))
            assert np.abs(values[inside] - exact[inside]).max() <= 4 * unit


@pytest.mark.parametrize("step", [0, 149, 700, 1_999])
def test_a_rate_takes_an_int_a_variable_and_a_tensor(step):
    rate = PlanSchedule(five_phases())
    variable = keras.Variable(step, dtype="int32", trainable=False)
    exact = five_phases()["lr"](step)
    for one in (step, variable, keras.ops.convert_to_tensor(step)):
        assert float(rate(one)) == pytest.approx(exact, rel=1e-6)


@pytest.mark.parametrize("step", [3.0, np.float32(3)])
def test_a_step_that_is_not_whole_is_refused(step):
    with pytest.raises(TypeError, match=r"a step must be whole, .* got a tensor of float32"):
        PlanSchedule(FALLING)(step)


def test_bad_arguments_of_a_rate_are_refused():
    with pytest.raises(ValueError, match="`quantity` must be one that the plan has, one of lr, "):
        PlanSchedule(FALLING, quantity="learning_rate")
    with pytest.raises(ValueError, match="`gradient_accumulation_steps` must be at least 1, got 0"):
        PlanSchedule(FALLING, gradient_accumulation_steps=0)
    with pytest.raises(TypeError, match="expected a Plan, or a Schedule"):
        PlanSchedule(0.1)


def test_a_rate_prints_as_the_expression_that_makes_it():
    rate = PlanSchedule(cosine(0.1, 0.0).over(10), gradient_accumulation_steps=4)
    names = {"PlanSchedule": PlanSchedule, "Plan": Plan, "Phase": Phase, "cosine": cosine}
    again = eval(repr(rate), names)
    assert again.get_config() == rate.get_config()


def test_keras_asks_for_micro_batches_and_a_rate_answers_for_updates():
    updates = staircase(1, 4, every="1 step", by=1).over(4)
    theirs = OPTIMIZERS.schedules.PiecewiseConstantDecay([0, 1, 2], [1.0, 2.0, 3.0, 4.0])
    ours = PlanSchedule(updates, gradient_accumulation_steps=4)
    changes = {}
    for name, rate in (("theirs", theirs), ("ours", ours)):
        optimizer = OPTIMIZERS.SGD(rate, gradient_accumulation_steps=4)
        _, weights = fit(model_with(optimizer), batches=16)
        changes[name] = np.round(-np.diff(weights), 5).tolist()
        assert int(optimizer.iterations) == 4
    assert changes["ours"] == [0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4]
    assert changes["theirs"] == [0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 4]


def test_on_jax_a_rate_alone_follows_in_a_loop_of_stateless_updates():
    plan = Plan(Phase("warm-up", 3, lr=linear(1.0, 4.0)), Phase("rest", 5, lr=0.5))
    optimizer = OPTIMIZERS.SGD(PlanSchedule(plan))
    moves = -np.diff([0, *compiled_trajectory(optimizer, np.ones((6, 3, 4)))[:, 0, 0]])[1:]
    assert moves.tolist() == [plan["lr"](step) for step in range(1, 6)]


def test_a_saved_model_loads_again_in_safe_mode_and_goes_on_bit_for_bit(tmp_path):
    plan = five_phases()
    model = model_with(adamw(plan), "mse")
    x = np.random.default_rng(1).normal(size=(64, 1)).astype(np.float32)
    fit(model, PlanCallback(plan), x=x)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    assert loaded.optimizer._learning_rate.get_config() == PlanSchedule(plan).get_config()
    assert loaded.optimizer.get_config() == model.optimizer.get_config()
    _, unbroken = fit(model, PlanCallback(plan), x=x)
    _, resumed = fit(loaded, PlanCallback(plan), x=x)
    assert resumed == unbroken


def test_a_model_loads_in_a_process_that_has_only_imported_the_adapter(tmp_path):
    model_with(adamw(FALLING), "mse").save(tmp_path / "model.keras")
    code = (
        "import keras, glidepath.adapters.keras\n"
        f"model = keras.saving.load_model({str(tmp_path / 'model.keras')!r})\n"
        "print(model.optimizer._learning_rate.plan.fingerprint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == FALLING.fingerprint, done.stderr


def half_then_less(step):
    return 0.5 / (1 + step)


def test_a_plan_with_a_function_trains_and_says_that_it_can_t_be_saved(tmp_path):
    plan = Plan(
        Phase(
            "own",
            16,
            lr=from_function(half_then_less),
            weight_decay=from_function(half_then_less),
        )
    )
    model = model_with(adamw(plan), without_gradient)
    _, weights = fit(model, PlanCallback(plan))
    np.testing.assert_allclose(weights, shrunk(plan, 16), rtol=1e-6)
    with pytest.raises(ValueError, match="can't be saved: a file holds no code"):
        model.save(tmp_path / "model.keras")
