"""The plan in Lightning's Trainer."""

import logging
import warnings

import lightning.pytorch as pl
import torch

from glidepath.adapters.lightning import PlanCallback, configure
from tests.parity.runners.observed import (
    Observed,
    TwoWeights,
    main,
    num_processes,
    parts,
    samples,
)

LIGHTNINGS_OWN = (
    ".*does not have many workers.*",
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
    ".*ended before the epoch ended and your dataloader is not resumable.*",
)


class Module(pl.LightningModule):
    def __init__(self, plan, observed):
        super().__init__()
        self.inner, self.plan, self.observed = TwoWeights(), plan, observed

    def training_step(self, batch):
        return self.inner(**batch)["loss"]

    def configure_optimizers(self):
        optimizer = torch.optim.AdamW(self.parameters())
        self.observed.watch(optimizer)
        return configure(optimizer, self.plan)


def record(plan, run):
    observed = Observed()
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        for message in LIGHTNINGS_OWN:
            warnings.filterwarnings("ignore", message)
        for first, last in parts(run):
            trainer = _trainer(plan, run, last)
            loader = torch.utils.data.DataLoader(samples(run), batch_size=1)
            checkpoint = f"{run.folder}/lightning.ckpt"
            trainer.fit(Module(plan, observed), loader, ckpt_path=checkpoint if first else None)
            if last != run.num_updates:
                trainer.save_checkpoint(checkpoint)
    return observed.values


def _trainer(plan, run, last):
    return pl.Trainer(
        accelerator="cpu",
        devices=num_processes(),
        strategy="ddp" if num_processes() > 1 else "auto",
        max_steps=last,
        max_epochs=-1,
        accumulate_grad_batches=run.accumulate,
        callbacks=[PlanCallback(plan, any_length=True)],
        default_root_dir=run.folder,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


if __name__ == "__main__":
    main(record)
