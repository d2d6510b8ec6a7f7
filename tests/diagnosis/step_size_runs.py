"""Runs whose adaptive optimizer is ill: a cold second moment, eps in the place of gradients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from small_problems import LETTERS, Problem, digits, masked_text
from small_training import shuffled
from torch import nn

from glidepath import Phase, Plan, constant, cosine, linear
from glidepath.adapters.optax import inject
from glidepath.record import Recorder, looks_at, summarize
from glidepath.record.step_sizes import step_sizes

LOOK_EVERY = 50


def train_torch(
    directory: Path,
    *,
    make_problem: Callable[[], Problem],
    make_optimizer: Callable[..., torch.optim.Optimizer],
    plan: Plan,
    batch: int = 64,
) -> None:
    """A torch loop that records after each update, with the step sizes that it had."""
    torch.manual_seed(0)
    problem = make_problem()
    model = problem.make_model()
    optimizer = make_optimizer(model.parameters())
    inputs, targets = problem.training
    with Recorder(directory, plan, look_every=LOOK_EVERY) as recorder:
        batches = shuffled(len(problem), batch, 0)
        for step, chosen in zip(range(plan.total_steps), batches, strict=False):
            for group in optimizer.param_groups:
                group["lr"] = plan["lr"](step)
            loss = problem.loss(model(inputs[chosen]), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            sizes = step_sizes(optimizer, params=model) if recorder.looks_at(step) else None
            rate = optimizer.param_groups[0]["lr"]
            recorder.log(step, loss.item(), params=model, lr=rate, step_sizes=sizes, batch=chosen)


def network(parameters, images):
    """Two layers."""
    hidden = jnp.tanh(images @ parameters["first"]["w"] + parameters["first"]["b"])
    return hidden @ parameters["second"]["w"] + parameters["second"]["b"]


def fresh() -> dict[str, dict[str, jax.Array]]:
    """Their parameters."""
    chance = np.random.default_rng(0)
    shapes = {"first": (64, 32), "second": (32, 10)}
    return {
        name: {
            "w": jnp.asarray(chance.normal(size=shape) / shape[0] ** 0.5, jnp.float32),
            "b": jnp.zeros(shape[1]),
        }
        for name, shape in shapes.items()
    }


def train_jax(
    directory: Path,
    *,
    make_optimizer: Callable[[Plan], optax.GradientTransformation],
    plan: Plan,
    numbers: dict[str, float],
    scale: float = 1.0,
) -> None:
    """A JAX loop whose compiled step makes the summary, step sizes included."""
    optimizer = make_optimizer(plan)
    images, labels = (one.numpy() for one in digits().training)

    def loss_of(parameters, x, y):
        loss = optax.softmax_cross_entropy_with_integer_labels(network(parameters, x), y)
        return scale * loss.mean()

    @jax.jit
    def update(parameters, state, x, y, step):
        loss, grads = jax.value_and_grad(loss_of)(parameters, x, y)
        updates, state = optimizer.update(grads, state, parameters)
        summary = summarize(
            parameters,
            grads,
            updates,
            step_sizes=partial(step_sizes, state, **numbers),
            look=looks_at(step, LOOK_EVERY),
        )
        return optax.apply_updates(parameters, updates), state, loss, summary

    parameters = fresh()
    state = optimizer.init(parameters)
    with Recorder(directory, plan) as recorder:
        recorder.describe(0, parameters)
        batches = shuffled(len(images), 64, 0)
        for step, chosen in zip(range(plan.total_steps), batches, strict=False):
            x, y = images[chosen.numpy()], labels[chosen.numpy()]
            parameters, state, loss, summary = update(parameters, state, x, y, step)
            recorder.log(step, loss, summary=summary, lr=state.values["lr"], batch=chosen)


class Attention(nn.Module):
    """Queries, keys and values of layers of their own: the keys' bias has a gradient of 0."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.norm(x)
        attend = nn.functional.scaled_dot_product_attention
        return x + self.out(attend(self.query(y), self.key(y), self.value(y)))


def reader() -> nn.Module:
    """As BERT: most rows of the embedding are never used, and a bias stands before a norm."""
    width = 32
    return nn.Sequential(
        nn.Embedding(2_000, width),
        Attention(width),
        nn.Linear(width, width),
        nn.GELU(),
        Attention(width),
        nn.LayerNorm(width),
        nn.Linear(width, LETTERS),
    )


def held(rate: float, num_steps: int) -> Plan:
    """One rate from the first update on."""
    return Plan(Phase("training", num_steps, lr=constant(rate).over(num_steps)))


def warmed(rate: float, num_steps: int) -> Plan:
    """A tenth of the run to the peak, and down to 0."""
    rise = num_steps // 10
    curve = linear(0.0, rate).over(rise) >> cosine(rate, 0.0).over(num_steps - rise)
    return Plan(Phase("training", num_steps, lr=curve))


COLD, EPS = frozenset({"cold-second-moment"}), frozenset({"eps-dominates"})

RUNS: dict[str, tuple[Callable[[Path], None], frozenset[str]]] = {
    "RMSprop at its full rate at once": (
        partial(
            train_torch,
            make_problem=digits,
            make_optimizer=partial(torch.optim.RMSprop, alpha=0.999),
            plan=held(0.01, 300),
        ),
        COLD,
    ),
    "RMSprop at its full rate at once, optax": (
        partial(
            train_jax,
            make_optimizer=lambda plan: inject(plan, optax.rmsprop, decay=0.999, eps=1e-16),
            plan=held(0.01, 300),
            numbers={"beta2": 0.999, "eps": 1e-16},
        ),
        COLD,
    ),
    "Adam with an eps of 0.1": (
        partial(
            train_torch,
            make_problem=digits,
            make_optimizer=partial(torch.optim.Adam, eps=0.1),
            plan=warmed(0.05, 300),
        ),
        EPS,
    ),
    "RMSprop with eps in the root, optax": (
        partial(
            train_jax,
            make_optimizer=lambda plan: inject(plan, optax.rmsprop),
            plan=warmed(0.05, 300),
            numbers={"beta2": 0.9, "eps": 1e-8},
            scale=1e-3,
        ),
        EPS,
    ),
    "Adam": (
        partial(
            train_torch,
            make_problem=digits,
            make_optimizer=torch.optim.Adam,
            plan=warmed(2e-3, 300),
        ),
        frozenset(),
    ),
    "AdamW, optax": (
        partial(
            train_jax,
            make_optimizer=lambda plan: inject(plan, optax.adamw),
            plan=warmed(2e-3, 300),
            numbers={"beta2": 0.999, "eps": 1e-8},
        ),
        frozenset(),
    ),
    "AdamW on a network that reads": (
        partial(
            train_torch,
            make_problem=lambda: replace(masked_text(), make_model=reader),
            make_optimizer=torch.optim.AdamW,
            plan=warmed(3e-3, 300),
            batch=16,
        ),
        frozenset(),
    ),
}
"""What trains each and records it in a directory, and the codes of what is wrong with it."""
