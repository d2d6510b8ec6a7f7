"""What every update of a torch optimizer really used."""

import os

import torch

from tests.parity.runners import plan
from tests.parity.runners.plan import QUANTITIES

UPDATES_PER_EPOCH = 130
"""So that 2,000 updates, and most places to resume at, end in the middle of an epoch."""


class Observed:
    """Lists of the values that updates used, read from the optimizer at the end of its step."""

    def __init__(self):
        self.values = {name: [] for name in QUANTITIES}

    def watch(self, optimizer):
        optimizer.register_step_post_hook(lambda optimizer, *_: self._note(optimizer))

    def _note(self, optimizer):
        (group,) = optimizer.param_groups
        used = {"beta1": group["betas"][0]} | group
        for name, values in self.values.items():
            values.append(float(used[name]))


def parts(run):
    """The pieces of a run, each in fresh objects: pairs of its first update and its end."""
    seams = [] if run.resume_at is None else [run.resume_at]
    return list(zip([0, *seams], [*seams, run.num_updates], strict=True))


def num_processes():
    return int(os.environ.get("WORLD_SIZE", "1"))


def num_samples(run):
    """Of one epoch, at one sample a micro-batch and process."""
    return UPDATES_PER_EPOCH * run.accumulate * num_processes()


class TwoWeights(torch.nn.Module):
    """A model of two weights, and the loss of a batch."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 1, bias=False)

    def forward(self, x):
        return {"loss": (self.layer(x) - 1.0).square().mean()}


def samples(run):
    inputs = torch.randn(num_samples(run), 2, generator=torch.Generator().manual_seed(0))
    return [{"x": one} for one in inputs]


def main(record):
    """Do the given runs, on one thread each, for the models are small."""
    torch.set_num_threads(1)
    plan.main(record)
