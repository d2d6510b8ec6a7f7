"""What the callback records; `test_keras_adapter.py` runs this on each backend."""

import math

import keras
import numpy as np
import pytest
from keras_runs import BACKEND, FALLING, OPTIMIZERS, Measured, adamw
from record_lines import column, end, kinds, lines, look, steps

from glidepath import Phase, Plan, constant, linear, plateau
from glidepath.adapters.keras import PlanCallback, PlanSchedule, RecordCallback
from glidepath.record import History
from glidepath.record.checksum import checksum

# Keras itself calls NumPy 2 in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy")

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(60, 2)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def new_model(optimizer, **settings):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)]
    )
    model.compile(optimizer, "mse", **settings)
    return model


def weights_of(model):
    if BACKEND == "jax":
        model.jax_state_sync()
    return [np.array(one) for one in model.get_weights()]


class Beside(keras.callbacks.Callback):
    """The weights around every batch."""

    def on_train_begin(self, logs=None):
        self.before, self.after = [], []

    def on_train_batch_begin(self, batch, logs=None):
        self.before.append(weights_of(self.model))

    def on_train_batch_end(self, batch, logs=None):
        self.after.append(weights_of(self.model))


def fit(model, *callbacks, batch_size=16, epochs=2, **settings):
    run = model.fit(
        X, Y, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0,
        callbacks=list(callbacks), **settings,
    )  # fmt: skip
    return run.history


def norm(arrays):
    return math.sqrt(sum(float(np.sum(np.square(one, dtype=np.float64))) for one in arrays))


def mse(weights, x, y):
    """The loss of a batch, in NumPy."""
    hidden = np.tanh(x @ weights[0] + weights[1])
    return float(np.mean((hidden @ weights[2] + weights[3] - y) ** 2))


def test_a_record_says_what_the_updates_used_and_did(tmp_path):
    beside = Beside()
    record = RecordCallback(tmp_path, norms_every=1)
    history = fit(new_model(adamw(FALLING)), record, PlanCallback(FALLING), beside)
    # 60 samples are three batches of 16 and one of 12.
    spans = [slice(first, first + 16) for first in (0, 16, 32, 48)] * 2
    pairs = zip(beside.before, spans, strict=True)
    losses = [mse(weights, X[span], Y[span]) for weights, span in pairs]
    assert steps(tmp_path) == list(range(8))
    np.testing.assert_allclose(column(tmp_path, "loss"), losses, rtol=1e-4)
    assert column(tmp_path, "samples") == [16, 16, 16, 12] * 2
    means = [np.average(losses[i : i + 4], weights=[16, 16, 16, 12]) for i in (0, 4)]
    np.testing.assert_allclose(history["loss"], means, rtol=1e-5)
    assert column(tmp_path, "lr") == [FALLING["lr"](t) for t in range(8)]
    assert column(tmp_path, "weight_decay") == [FALLING["weight_decay"](t) for t in range(8)]
    assert column(tmp_path, "num_updates") == list(range(1, 9))
    norms = [norm(one) for one in beside.before]
    np.testing.assert_allclose(column(tmp_path, "parameter_norm"), norms, rtol=1e-6)
    pairs = zip(beside.before, beside.after, strict=True)
    moved = [norm([b - a for a, b in zip(*pair, strict=True)]) for pair in pairs]
    np.testing.assert_allclose(column(tmp_path, "update_ratio"), np.divide(moved, norms), rtol=1e-5)
    first = look(tmp_path, 0)
    assert [name.split("/")[-1] for name in first] == ["kernel", "bias"] * 2
    assert [one["checksum"] for one in first.values()] == [
        int(checksum(one)) for one in beside.before[0]
    ]
    assert [one["shape"] for one in lines(tmp_path, "model")[0]["arrays"].values()] == [
        [2, 3], [3], [3, 1], [1]
    ]  # fmt: skip
    assert end(tmp_path) == ("finished", None)
    assert lines(tmp_path, "run")[0]["total_steps"] == 40  # the plan's


def test_gradients_are_recorded_where_the_backend_has_them(tmp_path):
    fit(new_model(OPTIMIZERS.SGD(0.1)), RecordCallback(tmp_path, norms_every=1), epochs=1)
    found = History.open(tmp_path)
    if BACKEND != "torch":
        assert "gradient_norm" not in found.names
        return
    # Plain SGD moves by the rate times the gradient.
    moved = found.column("update_ratio") * found.column("parameter_norm")
    np.testing.assert_allclose(found.column("gradient_norm"), moved / 0.1, rtol=1e-4)


def test_norms_come_when_they_are_due_and_losses_always(tmp_path):
    record = RecordCallback(tmp_path, norms_every=4, look_every=50)
    fit(new_model(OPTIMIZERS.SGD(0.1)), record, epochs=4)
    found = History.open(tmp_path)
    due = [0, 4, 8, 10, 12]
    for name in ("parameter_norm", "update_ratio", "num_updates"):
        assert found.known(name)[0].tolist() == due
    assert found.known("loss")[0].tolist() == list(range(16))
    assert found.looks.steps.tolist() == [0, 10]


def test_accumulated_batches_are_one_update(tmp_path):
    plan = Plan(Phase("all", 6, lr=linear(0.1, 0.0)))
    optimizer = adamw_of(plan, gradient_accumulation_steps=3)
    beside = Beside()
    fit(new_model(optimizer), RecordCallback(tmp_path, norms_every=1), beside, epochs=3)
    assert steps(tmp_path) == [0, 1, 2, 3]  # of 12 batches
    spans = [slice(first, first + 16) for first in (0, 16, 32, 48)] * 3
    pairs = zip(beside.before, spans, strict=True)
    losses = [mse(weights, X[span], Y[span]) for weights, span in pairs]
    sizes = [len(X[span]) for span in spans]
    # The second update's batches lie in two epochs.
    means = [np.average(losses[i : i + 3], weights=sizes[i : i + 3]) for i in range(0, 12, 3)]
    np.testing.assert_allclose(column(tmp_path, "loss"), means, rtol=1e-4)
    assert column(tmp_path, "samples") == [sum(sizes[i : i + 3]) for i in range(0, 12, 3)]
    assert column(tmp_path, "lr") == [plan["lr"](t) for t in range(4)]
    assert column(tmp_path, "num_updates") == [1, 2, 3, 4]
    pairs = [(beside.before[3 * i], beside.after[3 * i + 2]) for i in range(4)]
    ratios = [norm([b - a for a, b in zip(*pair, strict=True)]) / norm(pair[0]) for pair in pairs]
    np.testing.assert_allclose(column(tmp_path, "update_ratio"), ratios, rtol=1e-5)


def adamw_of(plan, **settings):
    steps = settings.get("gradient_accumulation_steps")
    rate = PlanSchedule(plan, gradient_accumulation_steps=steps)
    return OPTIMIZERS.AdamW(rate, **settings)


def test_compiled_several_steps_in_one_execution_are_one_line(tmp_path):
    model = new_model(OPTIMIZERS.SGD(0.1), steps_per_execution=2)
    beside = Beside()
    fit(model, RecordCallback(tmp_path, norms_every=1), beside, epochs=1)
    assert steps(tmp_path) == [1, 3]
    norms = [norm(one) for one in beside.before]
    np.testing.assert_allclose(column(tmp_path, "parameter_norm"), norms, rtol=1e-6)
    assert "update_ratio" not in History.open(tmp_path).names
    assert column(tmp_path, "samples") == [32, 28]


def test_validations_are_recorded_and_what_is_no_training_is_not(tmp_path):
    model = new_model(OPTIMIZERS.SGD(0.1), metrics=["mae"])
    record = RecordCallback(tmp_path / "run")
    model.evaluate(X, Y, verbose=0, callbacks=[record])
    model.predict(X, verbose=0, callbacks=[record])
    assert not (tmp_path / "run").exists()
    history = fit(model, record, validation_data=(X[:8], Y[:8]))
    model.evaluate(X, Y, verbose=0, callbacks=[record])
    found = lines(tmp_path / "run", "evaluation")
    assert [line["step"] for line in found] == [4, 8]
    for name in ("val_loss", "val_mae"):
        np.testing.assert_allclose([line[name] for line in found], history[name], rtol=1e-6)
    assert kinds(tmp_path / "run")[-1] == ("end", 8)


def test_a_rate_that_another_callback_sets_is_the_one_that_is_recorded(tmp_path):
    plan = Plan(Phase("all", 8, lr=0.5, weight_decay=0.1))
    scheduler = keras.callbacks.LearningRateScheduler(lambda epoch, _: 0.25 / (epoch + 1))
    model = new_model(OPTIMIZERS.AdamW(0.1, weight_decay=0.03))
    fit(model, RecordCallback(tmp_path, plan), scheduler)
    assert column(tmp_path, "lr") == pytest.approx([0.25] * 4 + [0.125] * 4)
    assert column(tmp_path, "weight_decay") == [0.03] * 8


def test_a_schedule_of_keras_is_read_at_every_update(tmp_path):
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    optimizer = OPTIMIZERS.SGD(rate, gradient_accumulation_steps=2)
    fit(new_model(optimizer), RecordCallback(tmp_path))
    # Keras asks a schedule with the number of batches before the one that ends the update.
    assert column(tmp_path, "lr") == pytest.approx([0.1 * 0.5**i for i in (1, 3, 5, 7)])


def test_groups_of_a_plan_are_recorded_by_its_keys(tmp_path):
    plan = Plan(
        Phase("all", 8, lr={"default": linear(0.1, 0.0), "head": 0.01}), weight_decay=0.2,
        groups=["head"],
    )  # fmt: skip
    head = OPTIMIZERS.AdamW(PlanSchedule(plan, quantity="lr.head"))
    several = OPTIMIZERS.MultiOptimizer(
        OPTIMIZERS.OptimizerMap(OPTIMIZERS.AdamW(PlanSchedule(plan)), {"dense_1/.*": head})
    )
    fit(new_model(several), RecordCallback(tmp_path), PlanCallback(plan), epochs=1)
    assert column(tmp_path, "lr") == [plan["lr"](t) for t in range(4)]
    assert column(tmp_path, "lr.head") == [0.01] * 4


@pytest.mark.parametrize("is_first", [True, False])
def test_it_goes_with_the_plan_s_callback_in_any_order(tmp_path, is_first):
    on = plateau("val_loss", patience=1)
    plan = Plan(Phase("all", 20, lr=constant(0.1).over(20).cut(0.5, on=on)))
    measured = Measured(1.0, 1.0, 1.0, 1.0, 1.0)
    both = [RecordCallback(tmp_path), PlanCallback(plan)]
    fit(new_model(adamw(plan)), measured, *(both if is_first else both[::-1]), epochs=5)
    assert [(line["step"], line["event"]) for line in lines(tmp_path, "event")] == [(12, "cuts")]
    rates = [0.1] * 12 + [0.05] * 8
    assert column(tmp_path, "lr") == pytest.approx(rates)
    assert History.open(tmp_path).plan["lr"](np.arange(20)).tolist() == pytest.approx(rates)
    assert [line["val_loss"] for line in lines(tmp_path, "evaluation")] == [1.0] * 5


class Failing(keras.callbacks.Callback):
    """Raises in an epoch."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.epoch, self.batch = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.now, batch) == (self.epoch, self.batch):
            raise RuntimeError("out of memory")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_resumed_run_has_each_step_once_with_what_the_whole_run_has(tmp_path, is_first):
    def run(name, *failing):
        model = new_model(adamw(FALLING))
        backup = keras.callbacks.BackupAndRestore(tmp_path / f"{name} saved")
        both = [RecordCallback(tmp_path / name, norms_every=1), backup]
        fit(model, *(both if is_first else both[::-1]), *failing, epochs=4)
        return tmp_path / name

    whole = run("whole")
    with pytest.raises(RuntimeError, match="out of memory"):
        run("cut", Failing(2, 1))
    cut = tmp_path / "cut"
    # What an accelerator has computed is written with the next update's line.
    assert steps(cut) in (list(range(9)), list(range(10)))
    assert kinds(cut)[-1][0] != "end", "Keras does not tell"
    run("cut")
    assert steps(cut) == list(range(16))
    for name in ("loss", "lr", "update_ratio", "parameter_norm", "num_updates"):
        assert column(cut, name) == pytest.approx(column(whole, name), rel=1e-5), name
    assert [line["step"] for line in lines(cut, "restart")] == [8]
    assert end(cut) == ("finished", None)


def test_a_run_that_is_stopped_early_says_so(tmp_path):
    stopping = keras.callbacks.EarlyStopping("loss", min_delta=100.0, patience=1)
    fit(new_model(OPTIMIZERS.SGD(0.1)), RecordCallback(tmp_path), stopping, epochs=5)
    assert end(tmp_path) == ("stopped", "after 8 of 20 updates, by its trainer")


def test_a_second_fit_goes_on_and_a_new_run_does_not_write_over_it(tmp_path):
    model, record = new_model(OPTIMIZERS.SGD(0.1)), RecordCallback(tmp_path)
    fit(model, record)
    fit(model, record)
    assert steps(tmp_path) == list(range(16))
    with pytest.raises(FileExistsError, match="choose another directory"):
        fit(new_model(OPTIMIZERS.SGD(0.1)), RecordCallback(tmp_path))


def test_batches_that_loss_scaling_leaves_out_have_no_line(tmp_path):
    class Overflowing(keras.layers.Layer):
        """Its gradient is infinite where an input is 7."""

        def call(self, x):
            return x + keras.ops.where(x == 7.0, x * np.inf, 0.0)

    inner = OPTIMIZERS.SGD(PlanSchedule(FALLING))
    model = keras.Sequential([keras.Input((1,)), Overflowing(), keras.layers.Dense(1)])
    model.compile(OPTIMIZERS.LossScaleOptimizer(inner), "mse", auto_scale_loss=False)
    x = np.ones((32, 1), "float32")
    x[8:16] = 7.0
    model.fit(x, x, batch_size=8, epochs=1, shuffle=False, verbose=0,
              callbacks=[RecordCallback(tmp_path, norms_every=1)])  # fmt: skip
    assert steps(tmp_path) == [0, 1, 2]
    assert column(tmp_path, "lr") == [FALLING["lr"](t) for t in range(3)]
    assert column(tmp_path, "num_updates") == [1, 2, 3]


def test_an_optimizer_that_does_nothing_is_seen(tmp_path):
    optimizer = OPTIMIZERS.SGD(0.1)
    vars(optimizer)["apply"] = lambda grads, trainable_variables=None: None
    fit(new_model(optimizer), RecordCallback(tmp_path, norms_every=1, look_every=7))
    assert steps(tmp_path) == list(range(8))
    assert column(tmp_path, "num_updates") == [0] * 8
    assert column(tmp_path, "update_ratio") == [0] * 8
    first, last = look(tmp_path, 0), look(tmp_path, 7)
    assert [one["checksum"] for one in first.values()] == [
        one["checksum"] for one in last.values()
    ]  # fmt: skip
