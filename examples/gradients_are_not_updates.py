"""Gradients are not updates: what an optimizer does after them, and how one sees that it did not.

`backward` and `jax.grad` say in which direction the loss falls, and change no parameter. It is the
optimizer that makes a step of it. Three common mistakes leave the step out, while all else looks
well. A loss that does not fall may have many reasons; parameters that have not moved at all by
gradients that are not zero have this one. A plan tells, too: `PlanScheduler` counts the updates of
its optimizer, and where there are none it stays at step 0.

    python examples/gradients_are_not_updates.py
"""

from __future__ import annotations

import argparse
import copy
from collections import OrderedDict
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from drawing import finish, log_axis, running_mean
from matplotlib import pyplot as plt
from sklearn.datasets import load_diabetes
from torch import nn

from glidepath import Phase, Plan, linear
from glidepath.adapters.optax import inject, injected
from glidepath.adapters.torch import PlanScheduler

BATCH = 64
WEIGHTS = ("hidden.weight", "hidden.bias", "head.weight", "head.bias")


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


def norms(arrays):
    """The length of each array, by its name."""
    return {name: float(np.linalg.norm(array)) for name, array in arrays.items()}


def run_torch(plan, *, steps=True, own_parameters=True):
    """Train with torch; returns a trace (losses, gradients, moves), and where the plan is."""
    torch.manual_seed(0)
    layers = OrderedDict(hidden=nn.Linear(10, 16), tanh=nn.Tanh(), head=nn.Linear(16, 1))
    model = nn.Sequential(layers)
    held = model if own_parameters else copy.deepcopy(model)
    optimizer = torch.optim.SGD(held.parameters(), lr=0.1)
    scheduler = PlanScheduler(optimizer, plan)
    named, trace = dict(model.named_parameters()), []
    start = {name: one.detach().clone() for name, one in named.items()}
    for inputs, targets in batches(plan.total_steps):
        loss = (model(torch.tensor(inputs))[:, 0] - torch.tensor(targets)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        if steps:
            optimizer.step()
        scheduler.step()
        gradients = norms({name: one.grad for name, one in named.items()})
        moved = norms({name: one.detach() - start[name] for name, one in named.items()})
        trace.append((loss.item(), gradients, moved))
    return trace, scheduler.last_epoch


def run_jax(plan, *, keeps=True):
    """Train with JAX and optax, which change nothing in place: what is not kept is lost."""
    draw = np.random.default_rng(0)
    start = {
        "hidden.weight": jnp.array(draw.normal(size=(10, 16)) * 10**-0.5),
        "hidden.bias": jnp.zeros(16),
        "head.weight": jnp.array(draw.normal(size=16) * 16**-0.5),
        "head.bias": jnp.zeros(()),
    }

    def loss_of(weights, inputs, targets):
        hidden = jnp.tanh(inputs @ weights["hidden.weight"] + weights["hidden.bias"])
        return jnp.mean((hidden @ weights["head.weight"] + weights["head.bias"] - targets) ** 2)

    optimizer = inject(plan, optax.sgd)
    gradients_of, update = jax.jit(jax.value_and_grad(loss_of)), jax.jit(optimizer.update)
    weights, state, trace = start, optimizer.init(start), []
    for inputs, targets in batches(plan.total_steps):
        loss, gradients = gradients_of(weights, inputs, targets)
        updates, state = update(gradients, state)
        new = optax.apply_updates(weights, updates)
        if keeps:
            weights = new
        moved = norms({name: weights[name] - start[name] for name in start})
        trace.append((float(loss), norms(gradients), moved))
    return trace, int(injected(state).count)


def report(name, trace, plan_is_at):
    """Print what moved, by which gradients; the verdict needs nothing else."""
    losses = [loss for loss, _, _ in trace]
    print(f"\n{name}: loss {np.mean(losses[:20]):.2f} in the first 20 updates, "
          f"{np.mean(losses[-20:]):.2f} in the last; the plan is at step {plan_is_at}")  # fmt: skip
    _, gradients, moved = trace[-1]
    for weight in WEIGHTS:
        verdict = "NEVER MOVED" if gradients[weight] > 0 and moved[weight] == 0 else "moves"
        print(f"  {weight:14} gradient norm {gradients[weight]:9.4f}   "
              f"moved by {moved[weight]:6.4f}   {verdict}")  # fmt: skip


def draw(traces, path):
    """Gradients above moves, a column for each run."""
    figure, panels = plt.subplots(2, len(traces), figsize=(11, 4.2), sharex=True, sharey="row",
                                  layout="constrained")  # fmt: skip
    for (above, below), (name, trace) in zip(panels.T, traces.items(), strict=True):
        for weight in WEIGHTS:
            above.plot(*running_mean([gradients[weight] for _, gradients, _ in trace]))
            below.plot([moved[weight] for _, _, moved in trace], label=weight)
        above.set_title(name, fontsize=9)
        log_axis(above)
    panels[0, 0].set_ylabel("gradient norm")
    panels[1, 0].set_ylabel("distance moved")
    finish(figure, panels.flat, path, "Gradients in all five runs, updates in two")


def main(out: Path, updates: int) -> None:
    """Two runs that train, three that only look as if they did."""
    what_optimizers_do()
    plan = Plan(Phase("training", updates, lr=linear(0.1, 0.0)))
    runs = {
        "torch": run_torch(plan),
        "torch, no optimizer.step()": run_torch(plan, steps=False),
        "torch, optimizer of a copy": run_torch(plan, own_parameters=False),
        "JAX": run_jax(plan),
        "JAX, updates thrown away": run_jax(plan, keeps=False),
    }
    for name, (trace, plan_is_at) in runs.items():
        report(name, trace, plan_is_at)
    draw({name: trace for name, (trace, _) in runs.items()}, out / "gradients_are_not_updates.png")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/gradients_are_not_updates"))
    parser.add_argument("--updates", type=int, default=200)
    main(**vars(parser.parse_args()))
