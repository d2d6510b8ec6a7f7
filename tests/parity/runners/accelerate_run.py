"""The plan in a loop that accelerate has prepared."""

import torch
from accelerate import Accelerator, skip_first_batches

from glidepath.adapters.torch import PlanScheduler
from tests.parity.runners.observed import (
    UPDATES_PER_EPOCH,
    Observed,
    TwoWeights,
    main,
    parts,
    samples,
)


def record(plan, run):
    observed = Observed()
    for first, last in parts(run):
        accelerator = Accelerator(cpu=True, gradient_accumulation_steps=run.accumulate)
        model = TwoWeights()
        optimizer = torch.optim.AdamW(model.parameters())
        observed.watch(optimizer)
        scheduler = PlanScheduler(optimizer, plan)
        loader = torch.utils.data.DataLoader(samples(run), batch_size=1)
        prepared = accelerator.prepare(model, optimizer, loader, scheduler)
        if first:
            accelerator.load_state(run.folder)
        _train(accelerator, *prepared, first, last, run.accumulate)
        if last != run.num_updates:
            accelerator.save_state(run.folder)
        accelerator.wait_for_everyone()
    accelerator.end_training()
    return observed.values


def _train(accelerator, model, optimizer, loader, scheduler, first, last, accumulate):
    updates = first
    while updates < last:
        done = updates % UPDATES_PER_EPOCH * accumulate
        for batch in skip_first_batches(loader, done) if done else loader:
            with accelerator.accumulate(model):
                accelerator.backward(model(**batch)["loss"])
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
            updates += accelerator.sync_gradients
            if updates == last:
                break


if __name__ == "__main__":
    main(record)
