"""Iterations or epochs? The same model both ways, on a small and on a large data set.

In iterations, 32 samples are drawn at random for every update, and the plan changes the rate at
every update. In epochs, the samples are shuffled and each comes once an epoch, and the plan changes
the rate between epochs. A third way, shuffles with the plan in iterations, tells which of the two
differences matters. How often a sample is seen, `plan.coverage()` says before the run. All runs are
recorded, each in a directory of its own.

    python examples/iterations_or_epochs.py
    glidepath runs runs/examples/iterations_or_epochs
"""

from __future__ import annotations

import argparse
from pathlib import Path
from pydoc_data.topics import topics

import torch
from drawing import finish, running_mean
from matplotlib import pyplot as plt
from sklearn.datasets import load_digits
from torch import nn

from glidepath import Horizon, Phase, Plan, cosine
from glidepath.adapters.torch import PlanScheduler, record_updates
from glidepath.record import Recorder

BATCH = 32
SEEDS = (0, 1)
CONTEXT = 8
"""Characters that the next one is told from."""


def small_data():
    """Handwritten digits: images, [sample, 64], and what they show."""
    digits = load_digits()
    order = torch.randperm(len(digits.target), generator=torch.Generator().manual_seed(0))
    images = torch.tensor(digits.data / 16, dtype=torch.float32)
    return images[order], torch.tensor(digits.target)[order]


def large_data():
    """Python's documentation: windows, [sample, character], and the character after each."""
    text = "\n".join(topics[name] for name in sorted(topics))
    number_of = {character: i for i, character in enumerate(sorted(set(text)))}
    windows = torch.tensor([number_of[one] for one in text]).unfold(0, CONTEXT + 1, 2)
    return windows[:, :CONTEXT], windows[:, CONTEXT]


def new_network(inputs, targets):
    """A network with one hidden layer, for images or for characters."""
    num_classes = int(targets.max()) + 1
    first = [] if inputs.is_floating_point() else [nn.Embedding(num_classes, 8), nn.Flatten()]
    return nn.Sequential(*first, nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, num_classes))


def at_random(num_samples):
    """Batches without end, every sample drawn anew from all."""
    while True:
        yield torch.randint(num_samples, (BATCH,))


def in_epochs(num_samples):
    """Batches without end, each sample once an epoch; a batch may lie across two of them."""
    order = torch.randperm(num_samples)
    while True:
        if len(order) < BATCH:
            order = torch.cat([order, torch.randperm(num_samples)])
        yield order[:BATCH]
        order = order[BATCH:]


def train(network, plan, batches, inputs, targets, *, out):
    """Follow a plan; returns the loss of each update, and which samples were drawn."""
    optimizer = torch.optim.Adam(network.parameters())
    scheduler = PlanScheduler(optimizer, plan)
    losses, is_drawn = [], torch.zeros(len(targets), dtype=torch.bool)
    (out / "record.jsonl").unlink(missing_ok=True)  # of an earlier run
    with Recorder(out, plan) as recorder:
        record_updates(optimizer, recorder, network)
        for step in range(plan.total_steps):
            batch = next(batches)
            is_drawn[batch] = True
            loss = nn.functional.cross_entropy(network(inputs[batch]), targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
            recorder.log(step, loss, batch=batch, samples=BATCH)
            losses.append(loss.item())
    return losses, is_drawn


def compare(name, data, length, panels, out):
    """Train in three ways; say what came of it, and draw it."""
    inputs, targets = data
    num_samples = len(targets) * 4 // 5
    learn, test = slice(num_samples), slice(num_samples, None)
    horizon = Horizon(samples=num_samples, batch=BATCH)
    rate = cosine(1e-2, 0.0)
    by_iteration = Plan(Phase("decay", length, lr=rate), horizon=horizon)
    by_epoch = Plan(Phase("decay", length, lr=rate, per="epoch"), horizon=horizon)
    coverage = by_iteration.coverage()
    draws = coverage.whole
    print(f"\n{name}: {num_samples:,} samples, {length}, {by_iteration.total_steps:,} updates")
    print(f"  a sample is drawn {draws.mean:.1f} times; at random, with a spread of "
          f"{draws.spread:.1f}, and {draws.share_never_seen:.1%} are never seen: "
          f"draw in {coverage.use}")  # fmt: skip
    ways = {
        "random draws, plan in iterations": (at_random, by_iteration),
        "shuffles, plan in iterations": (in_epochs, by_iteration),
        "shuffles, plan in epochs": (in_epochs, by_epoch),
    }
    for way, (batches, plan) in ways.items():
        judged = []
        for seed in SEEDS:
            torch.manual_seed(seed)
            network, drawn = new_network(inputs, targets), batches(num_samples)
            place = out / name / way.replace(", plan in ", "-").replace(" ", "-") / f"seed-{seed}"
            losses, is_drawn = train(network, plan, drawn, inputs[learn], targets[learn], out=place)
            with torch.no_grad():
                logits = network(inputs[test])
            judged.append(nn.functional.cross_entropy(logits, targets[test]))
        loss, spread = torch.stack(judged).mean(), torch.stack(judged).std()
        print(f"  {way:33} held-out loss {loss:.3f} +- {spread:.3f}, "
              f"never seen {1 - is_drawn.float().mean():.1%}")  # fmt: skip
        panels[0].plot(plan["lr"](torch.arange(plan.total_steps)))
        panels[1].plot(*running_mean(losses, len(losses) // 20), label=way)
    panels[0].set_title(f"{name}: {num_samples:,} samples, {length}", fontsize=9)


def main(out: Path, updates: int) -> None:
    """Compare on both, and draw them side by side."""
    torch.set_num_threads(1)  # for matrices as small as these, more threads take longer
    figure, panels = plt.subplots(2, 2, figsize=(11, 5), sharex="col", layout="constrained")
    inputs, targets = large_data()
    num_windows = updates * BATCH * 5 // 4
    large = inputs[:num_windows], targets[:num_windows]
    compare("small", small_data(), "30 epochs", panels[:, 0], out)
    compare("large", large, "1 epoch", panels[:, 1], out)
    panels[0, 0].set_ylabel("learning rate")
    panels[1, 0].set_ylabel("training loss [nats]")
    finish(figure, panels.flat, out / "iterations_or_epochs.png", "Iterations or epochs?")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/iterations_or_epochs"))
    parser.add_argument("--updates", type=int, default=5000, help="on the large data set")
    main(**vars(parser.parse_args()))
