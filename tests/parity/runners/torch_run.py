"""The plan in a plain PyTorch loop; in DistributedDataParallel where there are processes."""

from contextlib import nullcontext
from pathlib import Path

import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel

from glidepath.adapters.torch import PlanScheduler
from tests.parity.runners.observed import Observed, TwoWeights, main, num_processes, parts


def record(plan, run):
    observed = Observed()
    checkpoint = Path(run.folder) / "torch.pt"
    if num_processes() > 1:
        distributed.init_process_group("gloo")
    for first, last in parts(run):
        model = TwoWeights()
        optimizer = torch.optim.AdamW(model.parameters())
        scheduler = PlanScheduler(optimizer, plan)
        observed.watch(optimizer)
        resumed = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
        if first:
            for name, state in torch.load(checkpoint, weights_only=True).items():
                resumed[name].load_state_dict(state)
        _train(model, optimizer, scheduler, last - first, run.accumulate)
        if last != run.num_updates:
            _save(resumed, checkpoint)
    if num_processes() > 1:
        distributed.destroy_process_group()
    return observed.values


def _train(model, optimizer, scheduler, num_updates, accumulate):
    if num_processes() > 1:
        model = DistributedDataParallel(model)
    x = torch.tensor([[1.0, -2.0]])
    for _ in range(num_updates):
        for i in range(accumulate):
            waits = num_processes() > 1 and i < accumulate - 1
            with model.no_sync() if waits else nullcontext():
                (model(x)["loss"] / accumulate).backward()
        optimizer.step()
        scheduler.step()
        optimizer.zero_grad()


def _save(resumed, checkpoint):
    if num_processes() == 1 or distributed.get_rank() == 0:
        torch.save({name: one.state_dict() for name, one in resumed.items()}, checkpoint)
    if num_processes() > 1:
        distributed.barrier()


if __name__ == "__main__":
    main(record)
