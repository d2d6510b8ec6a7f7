"""A plan in a bare JAX loop, inside the compiled update: a classifier of handwritten digits.

`inject` gives every number of the plan to an optax optimizer, the weight decay as well as the
rate. The plan is read inside the compiled step, at the optimizer's own count of updates: nothing
is compiled twice, and a saved state goes on where it was. `summarize` looks at the arrays there,
too, and a `Recorder` writes what comes out: its norms cost next to nothing.

    python examples/plain_jax.py
    glidepath report runs/examples/plain_jax --out report.html
"""

from __future__ import annotations

import argparse
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
from drawing import plan_above_losses
from sklearn.datasets import load_digits

from glidepath import Horizon, Phase, Plan, cosine, linear
from glidepath.adapters.optax import inject, injected
from glidepath.record import Recorder, looks_at, summarize
from glidepath.record.step_sizes import step_sizes

BATCH = 32
NUM_TEST = 400
JUDGE_EVERY, LOOK_EVERY = 50, 100


def new_network(key):
    """Weights and biases of a network with one hidden layer."""
    first, last = jax.random.split(key)
    return [
        {"weights": jax.random.normal(first, (64, 128)) * 64**-0.5, "biases": jnp.zeros(128)},
        {"weights": jax.random.normal(last, (128, 10)) * 128**-0.5, "biases": jnp.zeros(10)},
    ]


def logits_of(network, images):
    """What the network says of images, [batch, 64], about each digit, [batch, 10]."""
    first, last = network
    hidden = jax.nn.relu(images @ first["weights"] + first["biases"])
    return hidden @ last["weights"] + last["biases"]


def loss_of(network, images, labels):
    """Mean cross-entropy, in nats."""
    logits = logits_of(network, images)
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()


def accuracy(network, images, labels):
    """The share of the images that the network names rightly."""
    return float((logits_of(network, images).argmax(axis=1) == labels).mean())


def main(out: Path, updates: int) -> None:
    """Train on digits, judge on digits held out."""
    digits = load_digits()
    draw = np.random.default_rng(0)
    shuffled = draw.permutation(len(digits.target))
    images, labels = jnp.array(digits.data / 16)[shuffled], jnp.array(digits.target)[shuffled]

    plan = Plan(
        Phase("warm-up", "10%", lr=linear(0.0, 5e-3), at="end"),
        Phase("decay", "90%", lr=cosine(5e-3, 0.0)),
        weight_decay=linear(0.0, 0.1),  # as long as all phases
        horizon=Horizon(samples=len(labels) - NUM_TEST, batch=BATCH, total_steps=updates),
    )
    optimizer = inject(plan, optax.adamw, decays="matrices")

    @jax.jit
    def update(network, state, images, labels):
        print("compiling the update")  # printed while JAX traces it: once
        look = looks_at(injected(state).count, LOOK_EVERY)
        loss, gradients = jax.value_and_grad(loss_of)(network, images, labels)
        changes, state = optimizer.update(gradients, state, network)
        sizes = step_sizes(state, beta2=0.999, eps=1e-8)  # optax's own for AdamW
        summary = summarize(network, gradients, changes, step_sizes=sizes, look=look)
        return optax.apply_updates(network, changes), state, loss, summary

    network = new_network(jax.random.key(0))
    before = accuracy(network, images[:NUM_TEST], labels[:NUM_TEST])
    state = optimizer.init(network)
    losses, rates = [], []
    (out / "record.jsonl").unlink(missing_ok=True)  # of an earlier run
    with Recorder(out, plan, look_every=LOOK_EVERY) as recorder:
        for step in range(plan.total_steps):
            batch = draw.integers(NUM_TEST, len(labels), BATCH)
            network, state, loss, summary = update(network, state, images[batch], labels[batch])
            used = injected(state).values  # by this update
            recorder.log(step, loss, summary=summary, batch=batch, samples=BATCH, **used)
            losses.append(float(loss))
            rates.append(float(used["lr"]))
            if (step + 1) % JUDGE_EVERY == 0:
                judged = loss_of(network, images[:NUM_TEST], labels[:NUM_TEST])
                recorder.evaluate(step + 1, val_loss=judged)

    after = accuracy(network, images[:NUM_TEST], labels[:NUM_TEST])
    planned = plan["lr"](np.arange(updates))
    print(f"loss: {losses[0]:.3f} at first, {np.mean(losses[-25:]):.3f} in the last 25 updates")
    print(f"accuracy on {NUM_TEST} images never seen: {before:.1%} before, {after:.1%} after, "
          "10% by chance")  # fmt: skip
    apart = np.abs(planned - rates).max() / planned.max()
    print(f"the rates used are the plan's up to {apart:.0e} of its peak: float32, not float64")
    print(f"half-way: {plan.at(updates // 2)}")
    plan_above_losses(out / "plain_jax.png", "A plan inside of a compiled update",
                      {"training": plan["lr"]}, {"training": losses}, logarithmic=True)  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/plain_jax"))
    parser.add_argument("--updates", type=int, default=600)
    main(**vars(parser.parse_args()))
