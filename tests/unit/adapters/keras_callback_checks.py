"""What the callback logs, refuses and hears; `test_keras_adapter.py` runs this on each backend."""

import json

import keras
import numpy as np
import pytest
from keras_runs import (
    FALLING,
    OPTIMIZERS,
    Measured,
    adamw,
    fit,
    model_with,
    shrunk,
    weight_of,
    without_gradient,
)

from glidepath import Event, Phase, Plan, constant, linear, plateau, staircase
from glidepath.adapters.keras import PlanCallback, PlanSchedule, drive
from tests.parity.runners.plan import five_phases

# Keras itself calls NumPy 2 in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")


def test_the_logs_have_what_the_last_update_used(tmp_path):
    plan = Plan(
        Phase("first", 20, lr=linear(0.1, 0.0), rollout=1),
        Phase("second", 20, lr=0.01, rollout=staircase(2, 5, every="5 steps")),
        mixup=0.5,
        quantities=["mixup"],
    )
    callback, file = PlanCallback(plan), tmp_path / "log.csv"
    assert callback.moment is None
    batches = []

    class OfBatches(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            batches.append((logs["lr"], logs["rollout"], callback.moment))

    model = model_with(OPTIMIZERS.SGD(PlanSchedule(plan)))
    history, _ = fit(model, callback, OfBatches(), keras.callbacks.CSVLogger(file), epochs=2)
    moments = [plan.at(step) for step in range(32)]
    assert batches == [(one.values["lr"], one.values["rollout"], one) for one in moments]
    assert (history["lr"], history["rollout"]) == ([plan["lr"](15), 0.01], [1, 4])
    assert history["mixup"] == [0.5, 0.5]
    assert callback.moment.phase == "second"
    header, *lines = file.read_text().splitlines()
    assert [line.split(",")[header.split(",").index("rollout")] for line in lines] == ["1", "4"]


def test_the_logs_go_on_where_the_optimizer_does():
    model = model_with(adamw(FALLING), "mse")
    fit(model)
    history, _ = fit(model, PlanCallback(FALLING))
    assert history["lr"] == [FALLING["lr"](31)]


def momentum_plan(**values):
    return Plan(Phase("all", 10, lr=0.1, **values))


REFUSED = {
    "SGD has none": (momentum_plan(beta1=0.9), lambda plan: OPTIMIZERS.SGD(PlanSchedule(plan))),
    "Lion has none": (momentum_plan(eps=1e-8), lambda plan: OPTIMIZERS.Lion(PlanSchedule(plan))),
    "was made without, so it keeps no buffers": (
        momentum_plan(momentum=linear(0.9, 0.5)),
        lambda plan: OPTIMIZERS.SGD(PlanSchedule(plan)),
    ),
    "was made with `clipnorm`, and Keras clips one way": (
        momentum_plan(clip=1.0),
        lambda plan: OPTIMIZERS.Adam(PlanSchedule(plan), clipnorm=1.0),
    ),
    "`lr`, which AdamW does not follow": (FALLING, lambda plan: OPTIMIZERS.AdamW(0.1)),
    "rate follows another plan": (FALLING, lambda plan: adamw(momentum_plan())),
    "accumulates 4 micro-batches, and its rate was told 1": (
        FALLING,
        lambda plan: adamw(plan, gradient_accumulation_steps=4),
    ),
    "each optimizer in a MultiOptimizer clips its own": (
        momentum_plan(clip=linear(2.0, 1.0)),
        lambda plan: OPTIMIZERS.MultiOptimizer(
            OPTIMIZERS.OptimizerMap(adamw(plan), {"only/.*": adamw(plan)})
        ),
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_keras_would_ignore_is_refused_with_the_reason(reason):
    plan, make = REFUSED[reason]
    with pytest.raises(ValueError, match=reason):
        fit(model_with(make(plan)), PlanCallback(plan))


def test_something_else_than_an_optimizer_is_refused():
    with pytest.raises(TypeError, match="`optimizer` must be one of Keras', got 'adam'"):
        drive("adam", FALLING)


def test_a_plan_without_a_rate_leaves_the_rate_alone():
    plan = Plan(Phase("all", 40, weight_decay=linear(0.5, 0.1)))
    model = model_with(OPTIMIZERS.AdamW(0.1), without_gradient)
    _, weights = fit(model, PlanCallback(plan))
    want = np.cumprod([1.0, *(1 - 0.1 * plan["weight_decay"](t) for t in range(16))])
    np.testing.assert_allclose(weights, want, rtol=2e-6)


def test_a_checkpoint_of_weights_alone_goes_on_bit_for_bit(tmp_path):
    plan = five_phases()

    def run(epochs, folder):
        keras.utils.set_random_seed(0)
        model = model_with(adamw(plan), "mse")
        backup = keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False)
        history, _ = fit(model, PlanCallback(plan), backup, epochs=epochs)
        return weight_of(model), history["lr"][-1]

    whole = run(3, tmp_path / "whole")
    run(2, tmp_path / "cut")
    assert run(3, tmp_path / "cut") == whole
    assert whole[1] == plan["lr"](47)


# Plans that listen


STALLED = plateau("val_loss", patience=1)
LOSSES = (3.0, 2.0, 2.0, 2.0, 2.0, 1.0, 1.0, 1.0, 1.0)
CUTTING = Plan(
    Phase(
        "training",
        90,
        lr=constant(0.1).over(90).cut(0.5, on=STALLED),
        weight_decay=constant(0.2).over(90).cut(0.1, on=STALLED),
    )
)


def their_plateau():
    # Theirs counts to its patience, ours beyond it, as torch's does.
    return keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=2, min_delta=0)


def test_keras_plateau_callback_crashes_with_a_schedule():
    model = model_with(OPTIMIZERS.SGD(PlanSchedule(constant(0.1).over(90))))
    with pytest.raises(TypeError, match="its learning rate is not settable"):
        fit(model, Measured(*LOSSES), their_plateau(), batches=4, epochs=9)


def test_a_plan_that_is_cut_on_a_plateau_does_to_weights_what_keras_does_to_a_plain_rate():
    plan = Plan(Phase("training", 90, lr=constant(0.1).over(90).cut(0.5, on=STALLED)))
    callback = PlanCallback(plan)
    ours = model_with(OPTIMIZERS.SGD(PlanSchedule(plan)))
    history, weights = fit(ours, Measured(*LOSSES), callback, batches=4, epochs=9)
    theirs = model_with(OPTIMIZERS.SGD(0.1))
    _, want = fit(theirs, Measured(*LOSSES), their_plateau(), batches=4, epochs=9)
    np.testing.assert_allclose(weights, want, atol=1e-6)
    assert [event.step for event in callback.plan.events] == [16, 32]
    assert history["lr"] == [0.1] * 4 + [0.05] * 4 + [0.025]
    assert callback.heard == [(4 * n, {"val_loss": loss}) for n, loss in enumerate(LOSSES, 1)]


def test_an_event_reaches_every_quantity_of_the_compiled_step():
    model = model_with(adamw(CUTTING), without_gradient)
    callback = PlanCallback(CUTTING)
    _, weights = fit(model, Measured(*LOSSES), callback, batches=4, epochs=9)
    assert len(callback.plan.events) == 4
    np.testing.assert_allclose(weights, shrunk(callback.plan, 36), rtol=2e-6)
    assert model.optimizer._learning_rate.plan == callback.plan


def test_a_run_that_listened_is_resumed_with_what_it_heard(tmp_path):
    whole, part = PlanCallback(CUTTING), PlanCallback(CUTTING)
    _, unbroken = fit(
        model_with(adamw(CUTTING), without_gradient),
        *(Measured(*LOSSES), whole),
        batches=4,
        epochs=9,
    )
    model = model_with(adamw(CUTTING), without_gradient)
    fit(model, Measured(*LOSSES[:5]), part, batches=4, epochs=5)
    model.save(tmp_path / "model.keras")
    heard = json.loads(json.dumps(part.heard))
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    with pytest.raises(ValueError, match="was saved by a run that listened"):
        fit(loaded, PlanCallback(CUTTING))
    part = PlanCallback(CUTTING, heard=heard)
    _, resumed = fit(loaded, Measured(*LOSSES[5:]), part, batches=4, epochs=4)
    assert resumed == unbroken[20:]
    assert (part.plan, part.heard) == (whole.plan, whole.heard)
    # The weights alone, into an optimizer whose rate has the plan without its events.
    model.save_weights(tmp_path / "only.weights.h5")
    fresh = model_with(adamw(CUTTING), without_gradient)
    fresh.optimizer.build(fresh.trainable_variables)
    fresh.load_weights(tmp_path / "only.weights.h5")
    again = PlanCallback(CUTTING, heard=heard)
    _, resumed = fit(fresh, Measured(*LOSSES[5:]), again, batches=4, epochs=4)
    assert resumed == unbroken[20:]


def test_a_phase_ends_early_on_a_plateau_and_so_does_the_run():
    plan = Plan(
        Phase("stable", 80, lr=0.5, until=STALLED),
        Phase("cool-down", 8, lr=linear(0.5, 0.0)),
    )
    model = model_with(OPTIMIZERS.SGD(PlanSchedule(plan)))
    callback = PlanCallback(plan)
    history, weights = fit(model, Measured(*LOSSES), callback, batches=4, epochs=9)
    assert callback.plan.events == (Event(16, "ends", "stable"),)
    np.testing.assert_allclose(-np.diff(weights)[16:], plan["lr"](80 + np.arange(8)), atol=1e-6)
    assert history["lr"][3:] == [0.5, plan["lr"](83), plan["lr"](87)]


def test_a_metric_that_is_not_measured_is_refused():
    plan = Plan(
        Phase("all", 90, lr=constant(0.1).over(90).cut(0.5, on=plateau("val_acuracy", patience=1)))
    )
    model = model_with(OPTIMIZERS.SGD(PlanSchedule(plan)))
    with pytest.raises(ValueError, match=r"`val_acuracy`, .* metrics are loss, val_loss"):
        fit(model, Measured(1.0), PlanCallback(plan))


def test_an_epoch_without_validation_is_not_heard():
    callback = PlanCallback(CUTTING)
    fit(model_with(adamw(CUTTING)), callback)
    assert callback.heard == []


def test_an_epoch_without_an_update_is_not_heard_again():
    rate = PlanSchedule(CUTTING, gradient_accumulation_steps=8)
    model = model_with(OPTIMIZERS.AdamW(rate, gradient_accumulation_steps=8))
    callback = PlanCallback(CUTTING)
    fit(model, Measured(*LOSSES), callback, batches=4, epochs=5)
    assert callback.heard == [(1, {"val_loss": 2.0}), (2, {"val_loss": 2.0})]


def test_a_callback_that_heard_one_run_is_not_for_another():
    callback = PlanCallback(CUTTING)
    fit(model_with(adamw(CUTTING)), Measured(*LOSSES), callback, batches=4, epochs=2)
    with pytest.raises(ValueError, match=r"heard a run of 8 updates, .* needs a new PlanCallback"):
        fit(model_with(adamw(CUTTING)), callback)
