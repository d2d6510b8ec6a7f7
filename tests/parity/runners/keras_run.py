"""The plan in Keras, on the backend that KERAS_BACKEND names when this is run as a program."""

import os
from pathlib import Path

# Keras chooses its backend once, when it is first imported.
os.environ.setdefault("KERAS_BACKEND", "jax")

import keras

from glidepath.adapters.keras import PlanCallback, PlanSchedule
from tests.parity.runners.plan import QUANTITIES, main

ITSELF = type(keras.optimizers.AdamW())
"""Keras' AdamW as it is on this backend."""


@keras.saving.register_keras_serializable(package="glidepath.tests")
class WatchedAdamW(ITSELF):
    """AdamW that notes, inside of its compiled update, what it updates with."""

    def __init__(self, *args, num_updates, **settings):
        super().__init__(*args, **settings)
        self.num_updates = num_updates

    def get_config(self):
        return super().get_config() | {"num_updates": self.num_updates}

    def build(self, variables):
        super().build(variables)
        self.seen = self.add_variable((self.num_updates, len(QUANTITIES)), name="seen")

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        used = (learning_rate, self.weight_decay, self.beta_1)
        row = keras.ops.stack([keras.ops.cast(value, "float32") for value in used])
        is_now = keras.ops.arange(self.num_updates) == keras.ops.cast(self.iterations, "int32")
        self.assign(self.seen, keras.ops.where(is_now[:, None], row, self.seen.value))
        super()._backend_update_step(grads, trainable_variables, learning_rate)


def made(plan, run):
    """A model of one weight, and its optimizer."""
    accumulate = run.accumulate if run.accumulate > 1 else None
    rate = PlanSchedule(plan, gradient_accumulation_steps=accumulate)
    optimizer = WatchedAdamW(
        rate, num_updates=run.num_updates, gradient_accumulation_steps=accumulate
    )
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(optimizer, "mse")
    return model


def train(model, plan, num_batches):
    """So many batches of one sample."""
    x = keras.ops.convert_to_numpy(keras.ops.ones((num_batches, 1)))
    model.fit(x, x, batch_size=1, shuffle=False, verbose=0, callbacks=[PlanCallback(plan)])


def record(plan, run):
    """What every update really used.

    Args:
        plan: to follow.
        run: how.
    Returns:
        The value of each update by quantity: "lr", "weight_decay", "beta1".
    """
    model, done = made(plan, run), 0
    if run.resume_at is not None:
        train(model, plan, run.resume_at * run.accumulate)
        path, done = Path(run.folder) / f"{keras.backend.backend()}.keras", run.resume_at
        model.save(path)
        del model
        keras.utils.clear_session()
        model = keras.saving.load_model(path)
    train(model, plan, (run.num_updates - done) * run.accumulate)
    seen = keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(model.optimizer.seen))
    return dict(zip(QUANTITIES, seen.T.tolist(), strict=True))


if __name__ == "__main__":
    main(record)
