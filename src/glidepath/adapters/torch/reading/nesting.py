"""What the torch that is installed does with a scheduler that stands in a SequentialLR.

A SequentialLR takes back the steps that building its children has made, and then steps the first.
How it does so has changed: torch 2.4 and 2.5 leave the children of an inner SequentialLR a step
ahead; from 2.6 on the inner one itself is a step ahead, so that its milestones come early
(github.com/pytorch/pytorch/issues/196243); since 2.8 a child that is not stepped directly takes its
step 0 for any other; and since 2.13 the first is the one whose turn it is at step 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch.optim import lr_scheduler as torchs

RATE, GAMMA = 1.0, 0.5


@dataclass(frozen=True)
class Habits:
    """Of SequentialLR.

    Attributes:
        ahead: how many steps an inner one is ahead.
        child_ahead: how many steps the child of an inner one is.
        moves_at_0: whether that child's step 0 multiplies the rate.
        heeds_0: whether a milestone at step 0 counts from the start.
    """

    ahead: int
    child_ahead: int
    moves_at_0: bool
    heeds_0: bool


@cache
def habits() -> Habits:
    """As seen by trying."""
    inner, rate = _nested()
    child_ahead = inner._schedulers[0].last_epoch
    return Habits(
        ahead=inner.last_epoch,
        child_ahead=child_ahead,
        moves_at_0=rate != RATE and not child_ahead,
        heeds_0=_at_once() != RATE,
    )


def _optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1, device="cpu"))], lr=RATE)


def _decays(optimizer: torch.optim.Optimizer, number: int) -> list[torchs.LRScheduler]:
    """Schedulers to put in turn, and an update before they are, lest torch warns of its own."""
    decays = [torchs.ExponentialLR(optimizer, GAMMA) for _ in range(number)]
    optimizer.step()
    return decays


def _nested() -> tuple[torchs.SequentialLR, float]:
    """An inner SequentialLR as it is built, and the rate that it begins with."""
    optimizer = _optimizer()
    first, second, third = _decays(optimizer, 3)
    inner = torchs.SequentialLR(optimizer, [first, second], milestones=[9])
    torchs.SequentialLR(optimizer, [inner, third], milestones=[9])
    return inner, float(optimizer.param_groups[0]["lr"])


def _at_once() -> float:
    """The first rate where the first milestone is at step 0, and what begins there has half."""
    optimizer = _optimizer()
    half = torchs.LambdaLR(optimizer, lambda step: GAMMA)  # noqa: ARG005
    torchs.SequentialLR(optimizer, [*_decays(optimizer, 1), half], milestones=[0])
    return float(optimizer.param_groups[0]["lr"])
