"""A run of 20 updates that has everything: rollouts, evaluations, a plan that listens, NaN."""

from __future__ import annotations

import threading
import time

import jax
import jax.numpy as jnp
import numpy as np

from glidepath import Phase, Plan, constant, cosine, linear, plateau, staircase
from glidepath.training.every import Every
from glidepath.training.settings import Settings
from tests.unit.training.test_training import Line

# Nothing falls by 100: the rate of the second phase is cut after its third evaluation.
HARD_TO_PLEASE = plateau("val_loss", patience=1, min_delta=100.0)

PLAN = Plan(
    Phase("warm-up", 4, lr=linear(0.0, 0.1)),
    Phase("decay", 8, lr=cosine(0.1, 0.01).over(8).cut(0.5, on=HARD_TO_PLEASE)),
    Phase("autoregressive", 8, lr=constant(0.01), rollout=staircase(2, 3, every=4)),
    rollout=1,
    weight_decay=0.1,
)
SETTINGS = Settings(
    batch=8, seed=3, num_steps=PLAN.total_steps, checkpoint_every=Every(3), evaluate_every=2
)
NUM_SAVES = 8
"""Of an uninterrupted run: the first state, one every three updates, and the last."""

HARD_TO_COMPILE = 60
"""Copies of a loop's body: 20 take XLA two seconds, 40 ten, and 200 minutes."""

BREAKS_AT = 10
"""The step of the update that meets NaN, where a sample is."""

NUM_IDLE = 40_000
"""Numbers that are only there to be saved: a checkpoint is larger than the record."""


class SlowLine(Line):
    """The line, whose batches come one at a time and take a moment each.

    Args:
        seconds: that a batch takes.
        has_nan: whether a sample is NaN, which comes in the update at step `BREAKS_AT`.
        num_copies: of a loop's body, which change nothing and are there to be compiled.
    """

    def __init__(self, seconds: float = 0.0, *, has_nan: bool = False, num_copies: int = 0) -> None:
        self._seconds, self._num_copies = seconds, num_copies
        self._one_at_a_time = threading.Lock()
        broken = int(self.samples(SETTINGS.seed, BREAKS_AT, SETTINGS.batch, 1)[0])
        self._broken = broken if has_nan else None

    def init(self, seed):
        noise = np.random.default_rng(seed).normal(size=NUM_IDLE).astype(np.float32)
        return super().init(seed) | {"idle": noise}

    def decays(self, parameters):
        return super().decays(parameters) | {"idle": False}

    def idle(self, parameters):
        return ("idle",)

    def loss(self, parameters, batch, rollout):
        value, parts = super().loss(parameters, batch, rollout)
        if self._num_copies:
            turned, _ = jax.lax.scan(
                lambda x, _: (jnp.sin(x @ x) * jnp.exp(-x * x) + jnp.tanh(x), None),
                jnp.eye(8) * parameters["w"],
                length=self._num_copies,
                unroll=self._num_copies,
            )
            value = value + 0.0 * jnp.sum(turned)
        return value, parts

    def batch(self, samples, rollout):
        if samples.min() >= 100:
            print("evaluating", flush=True)
        with self._one_at_a_time:
            time.sleep(self._seconds)
        batch = super().batch(samples, rollout)
        return batch | {"x": np.where(samples == self._broken, np.float32("nan"), batch["x"])}
