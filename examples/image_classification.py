"""Images with Lightning: a small convolutional network names digits, by two plans.

`configure_optimizers` returns `configure(optimizer, plan)`, and `PlanCallback` logs what every
update used; `RecordCallback` records what it did. Cosine falls from its peak in one bow; step decay
holds its rate, and divides it by ten three times.

    python examples/image_classification.py
    glidepath report runs/examples/image_classification/* --out report.html
"""

from __future__ import annotations

import argparse
from pathlib import Path

import lightning
import numpy as np
import torch
from drawing import plan_above_losses
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from glidepath import Horizon, presets
from glidepath.adapters.lightning import PlanCallback, RecordCallback, configure

BATCH = 32
NUM_TEST = 400


class Classifier(lightning.LightningModule):
    """Names images, [batch, 1, 8, 8], of ten kinds."""

    def __init__(self, plan):
        super().__init__()
        self.plan, self.losses = plan, []
        self.layers = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
            nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10),
        )  # fmt: skip

    def training_step(self, batch, _):
        """The loss of a batch."""
        images, labels = batch
        loss = nn.functional.cross_entropy(self.layers(images), labels)
        self.losses.append(loss.item())
        return loss

    def validation_step(self, batch, _):
        """The loss of a batch that is not learnt from."""
        images, labels = batch
        self.log("val_loss", nn.functional.cross_entropy(self.layers(images), labels))

    def test_step(self, batch, _):
        """The share of a batch that is named rightly."""
        images, labels = batch
        self.log("accuracy", (self.layers(images).argmax(dim=1) == labels).float().mean())

    def configure_optimizers(self):
        """An optimizer, and the plan that it follows."""
        return configure(torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9), self.plan)


def train(plan, learn, test, out):
    """Follow a plan; returns the losses, the last update's rate, and the accuracy on the rest."""
    lightning.seed_everything(0, verbose=False)
    model = Classifier(plan)
    (out / "record.jsonl").unlink(missing_ok=True)  # of an earlier run
    trainer = lightning.Trainer(
        max_steps=plan.total_steps,
        max_epochs=-1,
        callbacks=[PlanCallback(plan), RecordCallback(out)],
        accelerator="cpu",
        default_root_dir=out,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    held_out = DataLoader(test, NUM_TEST)
    trainer.fit(model, DataLoader(learn, BATCH, shuffle=True), held_out)
    rate = trainer.callback_metrics["lr"].item()
    (judged,) = trainer.test(model, held_out, verbose=False)
    return model.losses, rate, judged["accuracy"]


def main(out: Path, updates: int) -> None:
    """Train twice, compare."""
    torch.set_num_threads(1)  # for matrices as small as these, more threads take longer
    digits = load_digits()
    images = torch.tensor(digits.images / 16, dtype=torch.float32)[:, None]
    whole = TensorDataset(images, torch.tensor(digits.target))
    parts = [len(whole) - NUM_TEST, NUM_TEST]
    learn, test = random_split(whole, parts, torch.Generator().manual_seed(0))

    run = {"total": f"{updates} steps", "horizon": Horizon(samples=len(learn), batch=BATCH)}
    plans = {
        "cosine": presets.cosine(peak=0.1, warmup="5%", **run),
        "step decay": presets.step_decay(peak=0.1, every="30%", **run),
    }
    losses = {}
    for name, plan in plans.items():
        losses[name], rate, accuracy = train(
            plan, learn, test, out / name.replace(" ", "-")
        )  # fmt: skip
        print(f"{name}: accuracy on {NUM_TEST} images never seen: {accuracy:.1%}, 10% by chance")
        print(f"  loss: {losses[name][0]:.3f} at first, {np.mean(losses[name][-25:]):.3f} in the "
              "last 25 updates")  # fmt: skip
        planned = [f"{plan['lr'](updates * i // 4):.2g}" for i in range(4)]
        print(f"  rate: {', '.join(planned)} at each quarter; the last update used {rate:.1e}")
    plan_above_losses(out / "image_classification.png", "Digits, by cosine and by step decay",
                      {name: plan["lr"] for name, plan in plans.items()}, losses,
                      logarithmic=True)  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/examples/image_classification"))
    parser.add_argument("--updates", type=int, default=440)
    main(**vars(parser.parse_args()))
