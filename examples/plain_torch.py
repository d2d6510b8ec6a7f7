"""A plan in a bare PyTorch loop, with parameter groups: fine-tuning on handwritten digits.

A small network learns the digits 0 to 4. Then it gets a new head, for all ten, and 400 images:
the head follows the plan's rate, and the backbone three tenths of it, once the head has warmed up.
Both runs are recorded: what every update used and did.

    python examples/plain_torch.py
    glidepath report runs/examples/plain_torch/* --out report.html
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from drawing import plan_above_losses
from sklearn.datasets import load_digits
from torch import nn

from glidepath import Horizon, Phase, Plan, cosine, linear, presets, scaled
from glidepath.adapters.torch import PlanScheduler, record_updates
from glidepath.record import Recorder

BATCH = 32
NUM_TEST = 400
NUM_FINE_TUNING = 400
JUDGE_EVERY = 50


def train(model, optimizer, plan, learn, held_out, *, out):
    """Follow a plan from its first update to its last; returns the loss of each."""
    (images, labels), losses = learn, []
    scheduler = PlanScheduler(optimizer, plan)
    (out / "record.jsonl").unlink(missing_ok=True)  # of an earlier run
    with Recorder(out, plan) as recorder:
        record_updates(optimizer, recorder, model)
        for step in range(plan.total_steps):
            batch = torch.randint(len(images), (BATCH,))
            loss = nn.functional.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()  # after every update, whatever the plan counts in
            recorder.log(step, loss, batch=batch, samples=BATCH)
            losses.append(loss.item())
            if (step + 1) % JUDGE_EVERY == 0:
                recorder.evaluate(step + 1, val_loss=loss_on(model, *held_out))
    return losses


@torch.no_grad()
def loss_on(model, images, labels):
    """Mean cross-entropy, in nats."""
    return nn.functional.cross_entropy(model(images), labels).item()


@torch.no_grad()
def accuracy(model, images, labels):
    """The share of the images that the model names rightly."""
    return (model(images).argmax(dim=1) == labels).float().mean().item()


def weights_of(module):
    """All of a module's parameters as one vector."""
    return nn.utils.parameters_to_vector(module.parameters()).detach()


def main(out: Path, updates: int) -> None:
    """Pre-train on five digits, fine-tune on ten."""
    torch.set_num_threads(1)  # for matrices as small as these, more threads take longer
    torch.manual_seed(0)
    digits = load_digits()
    shuffled = torch.randperm(len(digits.target))
    images = torch.tensor(digits.data / 16, dtype=torch.float32)[shuffled]
    labels = torch.tensor(digits.target)[shuffled]
    test, rest = slice(NUM_TEST), slice(NUM_TEST, None)

    backbone = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
    first = nn.Sequential(backbone, nn.Linear(64, 5))
    is_few = labels < 5
    five = [(images[part][is_few[part]], labels[part][is_few[part]]) for part in (rest, test)]
    plan = presets.cosine(peak=3e-3, warmup="10%", total=f"{updates} steps")
    optimizer = torch.optim.AdamW(first.parameters())
    train(first, optimizer, plan, *five, out=out / "pre-training")

    head = nn.Linear(64, 10)
    model = nn.Sequential(backbone, head)
    plan = Plan(
        Phase("warm-up", "20%", lr=linear(0.0, 1e-2), at="end"),
        Phase("decay", "80%", lr=cosine(1e-2, 0.0)),
        lr={"backbone": scaled(0.3, after="20%")},
        weight_decay=0.01,
        groups=["backbone"],
        horizon=Horizon(total_steps=updates),
    )
    optimizer = torch.optim.AdamW(
        [
            {"params": backbone.parameters(), "name": "backbone"},
            {"params": head.parameters()},
        ]
    )
    few = slice(NUM_TEST, NUM_TEST + NUM_FINE_TUNING)
    before = accuracy(model, images[test], labels[test])
    old = [weights_of(part) for part in (backbone, head)]
    ten = [(images[part], labels[part]) for part in (few, test)]
    losses = train(model, optimizer, plan, *ten, out=out / "fine-tuning")
    moved = [
        ((weights_of(part) - was).norm() / was.norm()).item()
        for part, was in zip((backbone, head), old, strict=True)
    ]

    print(f"loss: {losses[0]:.3f} at first, {sum(losses[-25:]) / 25:.3f} in the last 25 updates")
    after = accuracy(model, images[test], labels[test])
    print(f"accuracy on {NUM_TEST} images never seen: {before:.1%} before, {after:.1%} after, "
          "10% by chance")  # fmt: skip
    print(f"moved, relative to its norm: backbone {moved[0]:.1%}, head {moved[1]:.1%}")
    for step in (0, updates // 5, updates // 2, updates - 1):
        values = ", ".join(f"{name} {value:.2e}" for name, value in plan.at(step).values.items())
        print(f"update {step}: {values}")
    rates = {"head": plan["lr"], "backbone": plan["lr.backbone"]}
    plan_above_losses(out / "plain_torch.png", "Fine-tuning, the backbone slowly", rates,
                      {"training": losses}, logarithmic=True)  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/plain_torch"))
    parser.add_argument("--updates", type=int, default=400)
    main(**vars(parser.parse_args()))
