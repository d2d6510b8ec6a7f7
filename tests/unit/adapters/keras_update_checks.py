"""What every update of Keras uses; `test_keras_adapter.py` runs this on each backend."""

import copy
from functools import partial

import keras
import numpy as np
import pytest
from keras_runs import (
    FALLING,
    GRADIENTS,
    ONES,
    OPTIMIZERS,
    adamw,
    compiled_trajectory,
    fit,
    layer,
    model_with,
    shrunk,
    trajectory,
    without_gradient,
)

from glidepath import Phase, Plan, linear, scaled
from glidepath.adapters.keras import PlanCallback, PlanSchedule, drive, driving, value

# Keras itself calls NumPy 2 in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")


def test_without_gradients_weights_shrink_by_rate_times_decay_at_each_update():
    model = model_with(adamw(FALLING), without_gradient)
    _, weights = fit(model, PlanCallback(FALLING), epochs=2)
    np.testing.assert_allclose(weights, shrunk(FALLING, 32), rtol=2e-6)


def test_a_model_that_was_trained_before_follows_from_then_on():
    # Its train step is compiled already, with the decay that the optimizer was made with.
    model = model_with(adamw(FALLING, weight_decay=0.0), without_gradient)
    _, before = fit(model)
    assert before[-1] == 1.0
    _, weights = fit(model, PlanCallback(FALLING))
    want = shrunk(FALLING, 32)
    np.testing.assert_allclose(weights, np.array(want[16:]) / want[16], rtol=2e-6)


@pytest.mark.parametrize("accumulate", [2, 4])
def test_micro_batches_are_no_updates(accumulate):
    rate = PlanSchedule(FALLING, gradient_accumulation_steps=accumulate)
    optimizer = OPTIMIZERS.AdamW(rate, gradient_accumulation_steps=accumulate)
    callback = PlanCallback(FALLING)
    model = model_with(optimizer, without_gradient)
    # An epoch of 18 batches ends in the middle of an update of 4.
    history, weights = fit(model, callback, batches=18, epochs=2, x=np.ones((72, 1)))
    updates = 36 // accumulate
    np.testing.assert_allclose(weights[::accumulate], shrunk(FALLING, updates), rtol=2e-6)
    assert callback.moment == FALLING.at(updates - 1)
    assert history["lr"] == [FALLING["lr"](18 // accumulate - 1), FALLING["lr"](updates - 1)]


def test_compiled_many_steps_in_one_execution_are_as_many_updates():
    model = model_with(adamw(FALLING), without_gradient, steps_per_execution=5)
    history, weights = fit(model, PlanCallback(FALLING), epochs=2)
    want = shrunk(FALLING, 32)
    assert weights[-1] == pytest.approx(want[-1], rel=2e-6)
    assert history["lr"] == [FALLING["lr"](15), FALLING["lr"](31)]


def test_compiled_no_update_compiles_again(monkeypatch):
    traced = []

    def noting(schedule, step):
        traced.append(schedule)
        return value_at(schedule, step)

    value_at = driving.value_at
    monkeypatch.setattr(driving, "value_at", noting)
    model = model_with(adamw(FALLING), without_gradient)
    callback = PlanCallback(FALLING)
    fit(model, callback, batches=1)
    after_one = len(traced)
    fit(model, callback, batches=1)
    fit(model, callback, batches=1, epochs=20)
    assert len(traced) == after_one > 0


def test_a_count_on_a_device_that_is_far_away_is_not_waited_for(monkeypatch):
    # On a GPU the values are computed there; here we only pretend that the count is on one.
    monkeypatch.setattr(value, "_is_at_hand", lambda step: False)
    plan = Plan(Phase("all", 8, lr=linear(0.1, 0.05), **{q: MOVING[q] for q in (*ADAM, "clip")}))
    far, near = adamw(plan), adamw(plan)
    drive(far, plan)
    there = compiled_trajectory(far, GRADIENTS)
    monkeypatch.undo()
    drive(near, plan)
    np.testing.assert_allclose(there, compiled_trajectory(near, GRADIENTS), rtol=1e-5)


def test_an_update_that_loss_scaling_skips_does_not_count():
    x = ONES.copy()
    x[8:16] = np.inf  # two batches of four
    optimizer = OPTIMIZERS.LossScaleOptimizer(adamw(FALLING))
    model = model_with(optimizer, without_gradient)
    callback = PlanCallback(FALLING)
    history, weights = fit(model, callback, x=x)
    want = shrunk(FALLING, 14)
    np.testing.assert_allclose(weights, [*want[:3], want[2], want[2], *want[3:]], rtol=2e-6)
    assert callback.moment.step == 13
    assert history["lr"] == [FALLING["lr"](13)]


MOVING = {
    "weight_decay": linear(0.3, 0.1),
    "momentum": linear(0.9, 0.5),
    "beta1": linear(0.5, 0.95),
    "beta2": linear(0.7, 0.95),
    "eps": linear(0.1, 0.01),
    "clip": linear(2.0, 0.5),
}
NAMES = {"beta1": "beta_1", "beta2": "beta_2", "eps": "epsilon", "clip": "global_clipnorm"}
OF_MUON = {"beta1": "adam_beta_1", "beta2": "adam_beta_2"}
ADAM = ("beta1", "beta2", "eps")

CASES = [
    ("SGD", {"momentum": 0.9}, ("momentum", "weight_decay")),
    ("SGD", {"momentum": 0.9, "nesterov": True}, ("momentum", "clip")),
    ("RMSprop", {"momentum": 0.9}, ("momentum", "beta2", "eps")),
    ("RMSprop", {"centered": True}, ("beta2", "eps", "weight_decay", "clip")),
    ("Adam", {}, (*ADAM, "weight_decay")),
    ("Adam", {"amsgrad": True}, (*ADAM, "clip")),
    ("AdamW", {}, (*ADAM, "weight_decay", "clip")),
    ("Adamax", {}, ADAM),
    ("Nadam", {}, ADAM),
    ("Lamb", {}, ADAM),
    ("Lion", {}, ("beta1", "beta2", "weight_decay")),
    ("Adagrad", {}, ("eps", "clip")),
    ("Adadelta", {}, ("eps", "weight_decay")),
    ("Adafactor", {}, ("weight_decay",)),
    ("Ftrl", {}, ("weight_decay", "clip")),
    ("Muon", {}, ("momentum", "weight_decay")),
    ("Muon", {"exclude_layers": [".*"]}, (*ADAM, "weight_decay")),
    ("ScheduleFreeAdamW", {}, (*ADAM, "clip")),
]
THERE = [case for case in CASES if hasattr(OPTIMIZERS, case[0])]


@pytest.mark.parametrize(("name", "settings", "quantities"), THERE)
def test_every_optimizer_updates_as_if_its_numbers_were_set_by_hand(name, settings, quantities):
    plan = Plan(Phase("all", 8, lr=linear(0.1, 0.05), **{q: MOVING[q] for q in quantities}))
    make = partial(getattr(OPTIMIZERS, name), **settings)
    followed = make(learning_rate=PlanSchedule(plan))
    drive(followed, plan)
    by_hand = make(learning_rate=0.1)

    def set_numbers(step):
        by_hand.learning_rate = plan["lr"](step)
        for quantity in quantities:
            names = [NAMES.get(quantity, quantity)]
            if name == "RMSprop" and quantity == "beta2":
                names = ["rho"]
            if name == "Muon":
                names = [OF_MUON.get(quantity, names[0])]
                names += ["adam_weight_decay"] if quantity == "weight_decay" else []
            for attribute in names:
                assert hasattr(by_hand, attribute)
                setattr(by_hand, attribute, plan[quantity](step))

    ours = compiled_trajectory(followed, GRADIENTS)
    want = trajectory(by_hand, GRADIENTS, set_numbers)
    left_alone = trajectory(make(learning_rate=PlanSchedule(plan)), GRADIENTS)
    np.testing.assert_allclose(ours, want, rtol=2e-5, atol=2e-5 * np.abs(want).max())
    assert np.abs(ours - left_alone).max() > 1e-3 * np.abs(want).max()


def test_adamw_follows_its_formula_with_betas_that_move():
    plan = Plan(Phase("all", 8, lr=linear(0.1, 0.05), **{q: MOVING[q] for q in ADAM}))
    optimizer = adamw(plan, weight_decay=0.0)
    drive(optimizer, plan)
    seen = compiled_trajectory(optimizer, GRADIENTS)
    x = np.linspace(-1, 1, 12).reshape(3, 4)
    m = v = 0.0
    for step, gradient in enumerate(GRADIENTS):
        lr, beta1, beta2, eps = (plan[name](step) for name in ("lr", *ADAM))
        m = beta1 * m + (1 - beta1) * gradient
        v = beta2 * v + (1 - beta2) * gradient**2
        size = lr * np.sqrt(1 - beta2 ** (step + 1)) / (1 - beta1 ** (step + 1))
        x = x - size * m / (np.sqrt(v) + eps)
        np.testing.assert_allclose(seen[step], x, rtol=2e-5, atol=1e-5)


def test_sgd_keeps_its_buffers_through_a_momentum_of_zero():
    values = [0.9, 0.5, 0.0, 0.0, 0.9, 0.9, 0.9, 0.9]
    phases = [Phase(f"{t}", 1, momentum=value) for t, value in enumerate(values)]
    plan = Plan(*phases, lr=0.1)
    optimizer = OPTIMIZERS.SGD(PlanSchedule(plan), momentum=0.9)
    drive(optimizer, plan)
    seen = compiled_trajectory(optimizer, GRADIENTS)
    x, m = np.linspace(-1, 1, 12).reshape(3, 4), 0.0
    for step, gradient in enumerate(GRADIENTS):
        m = values[step] * m - 0.1 * gradient
        x = x + m
        np.testing.assert_allclose(seen[step], x, rtol=2e-5, atol=1e-6)


def test_gradients_are_clipped_to_the_plan_s_norm():
    plan = Plan(Phase("all", 8, lr=1.0, clip=linear(4.0, 0.0)))
    optimizer = OPTIMIZERS.SGD(PlanSchedule(plan))
    drive(optimizer, plan)
    seen = compiled_trajectory(optimizer, GRADIENTS)
    start = np.linspace(-1, 1, 12).reshape(1, 3, 4)
    moves = np.linalg.norm(np.diff(np.concatenate([start, seen]), axis=0), axis=(1, 2))
    norms = np.linalg.norm(GRADIENTS, axis=(1, 2))
    np.testing.assert_allclose(moves, np.minimum(norms, [plan["clip"](t) for t in range(8)]), 1e-5)


def test_the_optimizer_is_at_rest_between_updates():
    plan = Plan(Phase("all", 20, lr=0.1, beta1=MOVING["beta1"], clip=MOVING["clip"]))
    model, alone = model_with(adamw(plan)), model_with(adamw(plan))
    fit(model, PlanCallback(plan))
    fit(alone)
    config = model.optimizer.get_config()
    assert config | {"name": ""} == alone.optimizer.get_config() | {"name": ""}
    assert (config["beta_1"], config["global_clipnorm"]) == (0.9, None)
    assert len(model.optimizer.variables) == len(alone.optimizer.variables)
    assert copy.deepcopy(model).optimizer.beta_1 == 0.9


def test_an_optimizer_is_at_rest_after_an_update_that_failed():
    optimizer = adamw(FALLING, weight_decay=0.25)
    drive(optimizer, FALLING)
    variable = keras.Variable([1.0])
    optimizer.build([variable])
    with pytest.raises(Exception, match=r"(?i)shape|broadcast|size|incompatible"):
        optimizer.apply([keras.ops.ones((3, 7))], [variable])
    assert optimizer.weight_decay == 0.25


def test_to_drive_again_changes_something_only_where_the_plan_does():
    optimizer = adamw(FALLING)
    assert drive(optimizer, FALLING)
    assert not drive(optimizer, FALLING)
    other = Plan(Phase("training", 40, lr=linear(0.1, 0.05), weight_decay=0.25))
    optimizer.learning_rate = PlanSchedule(other)
    assert drive(optimizer, other)
    variable = keras.Variable([1.0])
    optimizer.apply([keras.ops.zeros(1)], [variable])
    assert keras.ops.convert_to_numpy(variable).item() == pytest.approx(1 - 0.1 * 0.25)


def test_what_holds_throughout_is_set_as_a_plain_number():
    plan = Plan(Phase("all", 10, lr=0.1, momentum=0.0, weight_decay=0.5))
    optimizer = OPTIMIZERS.SGD(PlanSchedule(plan))  # without buffers, and none are needed
    drive(optimizer, plan)
    variable = keras.Variable([1.0])
    optimizer.apply([keras.ops.ones(1)], [variable])
    assert keras.ops.convert_to_numpy(variable).item() == pytest.approx(1 - 0.1 * 0.5 - 0.1)


# Parameter groups


GROUPED = Plan(
    Phase(
        "training",
        40,
        lr={"default": linear(0.1, 0.05), "head": linear(0.05, 0.2)},
        weight_decay=linear(0.5, 0.1),
    ),
    weight_decay={"head": scaled(0.5)},
    groups=["head"],
)


def two_optimizers(of_the_head=OPTIMIZERS.AdamW):
    body = OPTIMIZERS.AdamW(PlanSchedule(GROUPED))
    head = of_the_head(PlanSchedule(GROUPED, quantity="lr.head"))
    return OPTIMIZERS.MultiOptimizer(OPTIMIZERS.OptimizerMap(body, {".*head/.*": head}))


def two_weights(optimizer):
    model = keras.Sequential([keras.Input((1,)), layer("body"), layer("head")])
    model.compile(optimizer, loss=without_gradient)
    model.fit(ONES, ONES, batch_size=4, verbose=0, callbacks=[PlanCallback(GROUPED)])
    return [float(np.asarray(weight).item()) for weight in model.get_weights()]


def test_each_group_follows_its_own_values():
    weights = two_weights(two_optimizers())
    want = [shrunk(GROUPED, 16)[-1], shrunk(GROUPED, 16, ".head")[-1]]
    np.testing.assert_allclose(weights, want, rtol=2e-6)


def test_an_optimizer_without_weight_decay_stays_without_beside_one_that_has_it():
    weights = two_weights(two_optimizers(OPTIMIZERS.Adam))
    np.testing.assert_allclose(weights, [shrunk(GROUPED, 16)[-1], 1.0], rtol=2e-6)


def test_a_group_without_an_optimizer_of_its_own_is_refused():
    with pytest.raises(
        ValueError, match=r"a group 'head', and no optimizer .*quantity=\"lr.head\""
    ):
        drive(adamw(GROUPED), GROUPED)
