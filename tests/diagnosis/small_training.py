"""A plain training loop that is recorded, for the runs that rules are tried on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from small_problems import Problem

from glidepath import Plan
from glidepath.record import Recorder


def nothing(step: int) -> None:
    """What is done where nothing else is."""


def shuffled(size: int, batch: int, seed: int) -> Iterator[torch.Tensor]:
    """Indices of batches, epoch after epoch, each in another order; all batches whole."""
    chance = torch.Generator().manual_seed(seed)
    rest = torch.empty(0, dtype=torch.int64)
    while True:
        while len(rest) < batch:
            rest = torch.cat([rest, torch.randperm(size, generator=chance)])
        yield rest[:batch]
        rest = rest[batch:]


def train(
    directory: Path,
    problem: Problem,
    plan: Plan,
    make_optimizer: Callable[..., torch.optim.Optimizer],
    *,
    batch: int,
    seed: int = 0,
    evaluate_every: int = 0,
    order: Callable[[], Iterator[torch.Tensor]] | None = None,
    rate_at: Callable[[int], float] | None = None,
    with_params: bool = False,
    num_steps: int | None = None,
    restart_at: int | None = None,
    load: Callable[[int], None] = nothing,
    work: Callable[[int], None] = nothing,
) -> None:
    """Train and record.

    Args:
        directory: of the record.
        problem: what is learnt.
        plan: of the rate.
        make_optimizer: gets the parameters and `lr`.
        batch: samples in an update.
        seed: of the model and of the order.
        evaluate_every: updates between evaluations, 0 for none.
        order: begins the indices of the batches' samples; shuffled anew each epoch where None.
        rate_at: the rate that is really used; the plan's where None.
        with_params: whether norms and arrays are recorded, too.
        num_steps: updates; the plan's where None.
        restart_at: the step at which the record and the order are begun again.
        load: is called before every batch, with the step.
        work: is called in every update, with the step.
    """
    torch.manual_seed(seed)
    model = problem.make_model()
    optimizer = make_optimizer(model.parameters(), lr=plan["lr"](0) or 1e-12)
    order = order or (lambda: shuffled(len(problem), batch, seed))
    end = num_steps or plan.total_steps
    parts = [(0, restart_at), (restart_at, end)] if restart_at else [(0, end)]
    for first, last in parts:
        with Recorder(directory, plan, start=first or None, total_steps=num_steps) as recorder:
            batches = order()
            for step in range(first, last):
                begun = time.perf_counter()
                load(step)
                chosen = next(batches)
                x, y = problem.training[0][chosen], problem.training[1][chosen]
                waited = time.perf_counter() - begun
                work(step)
                rate = (rate_at or plan["lr"])(step)
                for group in optimizer.param_groups:
                    group["lr"] = rate
                loss = problem.loss(model(x), y)
                optimizer.zero_grad()
                loss.backward()
                recorder.log(
                    step,
                    loss.item(),
                    params=model if with_params else None,
                    lr=rate,
                    batch=chosen,
                    data_seconds=waited,
                )
                optimizer.step()
                if evaluate_every and (step + 1) % evaluate_every == 0:
                    recorder.evaluate(step + 1, val_loss=validation_loss(model, problem))


@torch.no_grad()
def validation_loss(model: torch.nn.Module, problem: Problem) -> float:
    """The loss on all samples that are not trained on."""
    model.eval()
    x, y = problem.validation
    loss = problem.loss(model(x), y).item()
    model.train()
    return loss
