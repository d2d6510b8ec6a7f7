"""Small runs in Keras, which the checks of its adapter look at."""

import os
import sys

# Keras chooses its backend once, when it is first imported.
os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np

from glidepath import Phase, Plan, linear
from glidepath.adapters.keras import PlanSchedule

BACKEND = keras.backend.backend()
OPTIMIZERS = keras.optimizers
ONES = np.ones((64, 1), np.float32)
FALLING = Plan(Phase("training", 40, lr=linear(0.1, 0.05), weight_decay=linear(0.5, 0.1)))


@keras.saving.register_keras_serializable(package="glidepath.tests")
def without_gradient(_, prediction):
    return 0.0 * keras.ops.mean(prediction)


@keras.saving.register_keras_serializable(package="glidepath.tests")
def with_gradient_one(_, prediction):
    return keras.ops.mean(prediction)


def layer(name):
    return keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name=name)


def model_with(optimizer, loss=with_gradient_one, **settings):
    """One weight, 1.0 at first."""
    model = keras.Sequential([keras.Input((1,)), layer("only")])
    model.compile(optimizer, loss=loss, **settings)
    return model


def weight_of(model):
    if BACKEND == "jax":
        model.jax_state_sync()
    return float(np.asarray(model.get_weights()[0]).item())


class Watch(keras.callbacks.Callback):
    """The weight before the first batch and after each."""

    def on_train_begin(self, logs=None):
        self.weights = [weight_of(self.model)]

    def on_train_batch_end(self, batch, logs=None):
        self.weights.append(weight_of(self.model))


class Measured(keras.callbacks.Callback):
    """Puts a validation loss into the logs of each epoch."""

    def __init__(self, *losses):
        super().__init__()
        self.losses = iter(losses)

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = next(self.losses)


def fit(model, *callbacks, batches=16, epochs=1, x=ONES):
    """So many batches an epoch, and the weight along the way."""
    watch = Watch()
    run = model.fit(
        x,
        x,
        batch_size=len(x) // batches,
        epochs=epochs,
        shuffle=False,
        verbose=0,
        callbacks=[*callbacks, watch],
    )
    return run.history, watch.weights


def shrunk(plan, updates, group=""):
    """1.0 after so many updates of nothing but weight decay."""
    weights = [1.0]
    for t in range(updates):
        weights.append(weights[-1] * (1 - plan["lr" + group](t) * plan["weight_decay" + group](t)))
    return weights


def adamw(plan, **settings):
    return OPTIMIZERS.AdamW(PlanSchedule(plan), **settings)


def compiled(function):
    """A function of a tensor, as this backend compiles it."""
    if BACKEND == "jax":
        return sys.modules["jax"].jit(function)
    return sys.modules["tensorflow"].function(function) if BACKEND == "tensorflow" else function


def trajectory(optimizer, gradients, before=lambda step: None):
    """A variable of 3 by 4 after each update, done by hand, one after another."""
    variable = keras.Variable(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4))
    optimizer.build([variable])
    seen = []
    for step, gradient in enumerate(gradients):
        before(step)
        optimizer.apply([keras.ops.convert_to_tensor(gradient)], [variable])
        seen.append(keras.ops.convert_to_numpy(variable))
    return np.array(seen)


def compiled_trajectory(optimizer, gradients):
    """The same by a compiled update."""
    if BACKEND == "torch":
        return trajectory(optimizer, gradients)
    variable = keras.Variable(np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4))
    optimizer.build([variable])
    if BACKEND == "tensorflow":
        update = compiled(lambda gradient: optimizer.apply([gradient], [variable]))
        seen = []
        for gradient in gradients:
            update(keras.ops.convert_to_tensor(gradient))
            seen.append(keras.ops.convert_to_numpy(variable))
        return np.array(seen)
    update = compiled(optimizer.stateless_apply)
    state, seen = [v.value for v in optimizer.variables], []
    trained = [variable.value]
    for gradient in gradients:
        trained, state = update(state, [keras.ops.convert_to_tensor(gradient)], trained)
        seen.append(np.array(trained[0]))
    return np.array(seen)


GRADIENTS = np.random.default_rng(0).normal(size=(8, 3, 4)).astype(np.float32)
