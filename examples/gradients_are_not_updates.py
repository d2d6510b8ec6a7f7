"""Gradients are not updates: what an optimizer does after them, and how one sees that it did not.

`backward` and `jax.grad` say in which direction the loss falls, and change no parameter. It is the
optimizer that makes a step of it. Common mistakes leave the step out, while all else looks well. A
loss that does not fall may have many reasons; parameters that have not moved by a bit, though their
gradients are not zero, have this one. `moved` compares a model with a snapshot of it, and says so
on the spot; and each run is recorded, so that anybody can ask later:

    python examples/gradients_are_not_updates.py
    glidepath diagnose runs/examples/gradients_are_not_updates/torch-no-step
    glidepath diagnose runs/examples/gradients_are_not_updates/jax-thrown-away
    glidepath diagnose runs/examples/gradients_are_not_updates/keras-no-apply

name the arrays and the cause. A plan tells, too: it counts the updates of its optimizer, and where
there are none it stays at step 0.
"""

from __future__ import annotations

import argparse
import copy
import os
import re
from collections import OrderedDict
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import torch
from drawing import finish, log_axis, running_mean
from matplotlib import pyplot as plt
from sklearn.datasets import load_diabetes
from torch import nn

from glidepath import Phase, Plan, linear
from glidepath.adapters.keras import PlanSchedule
from glidepath.adapters.optax import inject, injected
from glidepath.adapters.torch import PlanScheduler, record_updates
from glidepath.diagnosis import moved, snapshot
from glidepath.record import Recorder, looks_at, summarize

BATCH = 64


def what_optimizers_do():
    """Print the first move that each makes of the same two gradients, 1 and 0.01."""
    kinds = (torch.optim.SGD, torch.optim.Adagrad, torch.optim.RMSprop, torch.optim.Adam)
    print("first moves at a rate of 0.1, of two weights with the gradients 1 and 0.01:")
    for kind in kinds:
        weights = nn.Parameter(torch.zeros(2))
        weights.grad = torch.tensor([1.0, 0.01])
        kind([weights], lr=0.1).step()
        print(f"  {kind.__name__:8} {weights[0].item():+.3f} {weights[1].item():+.3f}")


def batches(updates):
    """Patients' measurements, [batch, 10], and the course of their diabetes, standardised."""
    inputs, targets = load_diabetes(return_X_y=True)
    inputs, targets = inputs / inputs.std(axis=0), (targets - targets.mean()) / targets.std()
    draw = np.random.default_rng(0)
    for _ in range(updates):
        chosen = draw.integers(0, len(targets), BATCH)
        yield inputs[chosen].astype("float32"), targets[chosen].astype("float32")


def lengths(arrays):
    """L2 norms of arrays, in the order of their names."""
    return [float(np.linalg.norm(arrays[name])) for name in sorted(arrays)]


def distances(start, model):
    """How far each array has come since a snapshot."""
    now = snapshot(model)
    return lengths({name: now[name] - start[name] for name in start})


def run_torch(plan, out, *, steps=True, own_parameters=True):
    """Train with torch; returns a trace (losses, gradients, moves), what moved, and the step."""
    torch.manual_seed(0)
    layers = OrderedDict(hidden=nn.Linear(10, 16), tanh=nn.Tanh(), head=nn.Linear(16, 1))
    model = nn.Sequential(layers)
    held = model if own_parameters else copy.deepcopy(model)
    optimizer = torch.optim.SGD(held.parameters(), lr=0.1)
    scheduler = PlanScheduler(optimizer, plan)
    start, trace = snapshot(model), []
    with Recorder(out, plan) as recorder:
        record_updates(optimizer, recorder, model)
        for step, (inputs, targets) in enumerate(batches(plan.total_steps)):
            loss = (model(torch.tensor(inputs))[:, 0] - torch.tensor(targets)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            if steps:
                optimizer.step()
            scheduler.step()
            recorder.log(step, loss)
            gradients = {name: one.grad for name, one in model.named_parameters()}
            trace.append((loss.item(), lengths(gradients), distances(start, model)))
    return trace, moved(start, model, optimizer=optimizer), scheduler.last_epoch


def run_jax(plan, out, *, keeps=True):
    """Train with JAX and optax, which change nothing in place: what is not kept is lost."""
    hidden, head = np.split(np.random.default_rng(0).normal(size=11 * 16), [160])
    weights = {
        "hidden": {"weight": jnp.array(hidden.reshape(10, 16) * 10**-0.5), "bias": jnp.zeros(16)},
        "head": {"weight": jnp.array(head * 16**-0.5), "bias": jnp.zeros(())},
    }
    optimizer = inject(plan, optax.sgd)

    def loss_of(weights, inputs, targets):
        hidden = jnp.tanh(inputs @ weights["hidden"]["weight"] + weights["hidden"]["bias"])
        outputs = hidden @ weights["head"]["weight"] + weights["head"]["bias"]
        return jnp.mean((outputs - targets) ** 2)

    @jax.jit
    def update(weights, state, inputs, targets):
        look = looks_at(injected(state).count, every=100)
        loss, gradients = jax.value_and_grad(loss_of)(weights, inputs, targets)
        updates, state = optimizer.update(gradients, state)
        summary = summarize(weights, gradients, updates, look=look)
        return optax.apply_updates(weights, updates), state, loss, gradients, updates, summary

    state, start, trace = optimizer.init(weights), snapshot(weights), []
    with Recorder(out, plan) as recorder:
        for step, (inputs, targets) in enumerate(batches(plan.total_steps)):
            new, state, loss, gradients, updates, summary = update(weights, state, inputs, targets)
            if keeps:
                weights = new
            recorder.log(step, loss, summary=summary, **injected(state).values)
            trace.append((float(loss), lengths(snapshot(gradients)), distances(start, weights)))
    return trace, moved(start, weights, gradients, updates=updates), int(injected(state).count)


def run_keras(plan, out, *, applies=True):
    """Train in a loop of one's own with Keras on JAX; `fit` forgets nothing."""
    keras.utils.set_random_seed(0)
    hidden = keras.layers.Dense(16, "tanh", name="hidden")
    model = keras.Sequential([keras.Input((10,)), hidden, keras.layers.Dense(1, name="head")])
    optimizer = keras.optimizers.SGD(PlanSchedule(plan))
    variables = model.trainable_variables
    optimizer.build(variables)

    @jax.jit
    @jax.value_and_grad
    def differentiate(trained, inputs, targets):
        outputs, _ = model.stateless_call(trained, [], inputs)
        return jnp.mean((outputs[:, 0] - targets) ** 2)

    start, trace = snapshot(model), []
    with Recorder(out, plan) as recorder:
        for step, (inputs, targets) in enumerate(batches(plan.total_steps)):
            loss, found = differentiate([one.value for one in variables], inputs, targets)
            gradients = {one.path: g for one, g in zip(variables, found, strict=True)}
            rate = optimizer.learning_rate
            recorder.log(step, loss, params=model, grads=gradients, lr=rate)
            if applies:
                optimizer.apply(found, variables)
            trace.append((float(loss), lengths(gradients), distances(start, model)))
    return trace, moved(start, model, gradients, optimizer=optimizer), int(optimizer.iterations)


def report(name, trace, movement, plan_is_at):
    """Print how the loss went, what moved, and if nothing did, why."""
    losses = [loss for loss, _, _ in trace]
    print(f"\n{name}: loss {np.mean(losses[:20]):.2f} in the first 20 updates, "
          f"{np.mean(losses[-20:]):.2f} in the last; the plan is at step {plan_is_at}")  # fmt: skip
    print(movement)


def draw(traces, path):
    """Gradients above moves, a column for each run."""
    figure, panels = plt.subplots(2, len(traces), figsize=(14, 4.2), sharex=True, sharey="row",
                                  layout="constrained")  # fmt: skip
    for (above, below), (name, trace) in zip(panels.T, traces.items(), strict=True):
        _, gradients, moves = zip(*trace, strict=True)
        for i, array in enumerate(["head, bias", "head", "hidden, bias", "hidden"]):
            above.plot(*running_mean([one[i] for one in gradients]))
            below.plot([one[i] for one in moves], label=array)
        above.set_title(name.replace(", ", ",\n"), fontsize=9)
        log_axis(above)
    panels[0, 0].set_ylabel("gradient norm")
    panels[1, 0].set_ylabel("distance moved")
    finish(figure, panels.flat, path, "Gradients in all seven runs, updates in three")


def main(out: Path, updates: int) -> None:
    """Three runs that train, four that only look as if they did."""
    what_optimizers_do()
    plan = Plan(Phase("training", updates, lr=linear(0.1, 0.0)))
    runs = {
        "torch": (run_torch, {}),
        "torch, no step": (run_torch, {"steps": False}),
        "torch, other parameters": (run_torch, {"own_parameters": False}),
        "JAX": (run_jax, {}),
        "JAX, thrown away": (run_jax, {"keeps": False}),
        "Keras": (run_keras, {}),
        "Keras, no apply": (run_keras, {"applies": False}),
    }
    traces = {}
    for name, (run, mistake) in runs.items():
        directory = out / re.sub(r"\W+", "-", name.lower()).strip("-")
        (directory / "record.jsonl").unlink(missing_ok=True)  # of an earlier run
        traces[name], *found = run(plan, directory, **mistake)
        report(name, traces[name], *found)
    draw(traces, out / "gradients_are_not_updates.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/gradients_are_not_updates"))
    parser.add_argument("--updates", type=int, default=200)
    main(**vars(parser.parse_args()))
