"""What a plan costs inside torch and optax, beside their own schedulers, in one run.

    python benchmarks/adapters.py [--json FILE]

It prints the time of

- `scheduler.step()` with 1 and with 100 parameter groups: ours (with the count of the update that
  it waits for), torch's CosineAnnealingLR, and torch's SequentialLR of a warm-up and a cosine;
- an update and `scheduler.step()` together, which counts our hooks on the optimizer, too;
- a compiled update of optax's AdamW: with `inject`, with optax's `inject_hyperparams` and
  schedules for the same three quantities, and with constants.

Each is the median of several runs in turns; the ratios are what to quote.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import optax
import torch
from torch.optim import lr_scheduler

from glidepath import Phase, Plan, cosine, linear
from glidepath.adapters.optax import inject
from glidepath.adapters.torch import PlanScheduler

PEAK, WARM_UP, STEPS = 1e-3, 1_000, 300_000
GROUPS = (1, 100)
REPEATS = 31
WIDTH = 64


def main() -> None:
    """Measure, print, and write as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    path = parser.parse_args().json
    figures: dict[str, float] = {}
    for num in GROUPS:
        figures |= torch_step(num) | torch_update(num)
    figures |= optax_update()
    for name, value in figures.items():
        print(f"{name:>72}: {value:,.3g}")
    if path:
        path.write_text(json.dumps(figures, indent=2) + "\n")


def lr_plan() -> Any:
    """Warm-up and half a cosine."""
    return linear(0.0, PEAK).over(WARM_UP) >> cosine(PEAK, 0.0).over(STEPS - WARM_UP)


def an_optimizer(num_groups: int) -> torch.optim.Optimizer:
    """SGD with so many parameter groups of one number each."""
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(num_groups)]
    optimizer = torch.optim.SGD(groups, lr=PEAK)
    for group in optimizer.param_groups:
        group["params"][0].grad = torch.zeros(1)
    return optimizer


def torch_cosine(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
    """torch's own half cosine, without a warm-up."""
    return lr_scheduler.CosineAnnealingLR(optimizer, STEPS)


def torch_sequence(optimizer: torch.optim.Optimizer) -> lr_scheduler.LRScheduler:
    """torch's own warm-up and half cosine."""
    both = [
        lr_scheduler.LinearLR(optimizer, 1e-8, 1.0, WARM_UP),
        lr_scheduler.CosineAnnealingLR(optimizer, STEPS - WARM_UP),
    ]
    return lr_scheduler.SequentialLR(optimizer, both, [WARM_UP])


def torch_step(num_groups: int) -> dict[str, float]:
    """Microseconds for `step()`, and ratios."""
    optimizers = [an_optimizer(num_groups) for _ in range(3)]
    ours = PlanScheduler(optimizers[0], lr_plan())
    others = [torch_cosine(optimizers[1]), torch_sequence(optimizers[2])]
    for optimizer in optimizers:
        optimizer.step()

    def step() -> None:
        ours.after_update()
        ours.step()

    ours.step()
    ours_s, cosine_s, sequence_s = medians_s(step, *(one.step for one in others), calls=2_000)
    of = f"step() with {num_groups} group{'s' * (num_groups > 1)}"
    return {
        f"{of}, ours, us": 1e6 * ours_s,
        f"{of}, ours over CosineAnnealingLR": ours_s / cosine_s,
        f"{of}, ours over SequentialLR": ours_s / sequence_s,
    }


def torch_update(num_groups: int) -> dict[str, float]:
    """Ratios of an update of SGD and `step()` together."""
    makes = (lambda one: PlanScheduler(one, lr_plan()), torch_cosine, torch_sequence)

    def both(make: Callable[[Any], Any]) -> Callable[[], None]:
        optimizer = an_optimizer(num_groups)
        scheduler = make(optimizer)

        def update() -> None:
            optimizer.step()
            scheduler.step()

        return update

    ours_s, cosine_s, sequence_s = medians_s(*map(both, makes), calls=200)
    of = f"update and step() with {num_groups} group{'s' * (num_groups > 1)}"
    return {
        f"{of}, ours over CosineAnnealingLR": ours_s / cosine_s,
        f"{of}, ours over SequentialLR": ours_s / sequence_s,
    }


def optax_update() -> dict[str, float]:
    """Microseconds for a compiled update of 64 x 64 parameters, and ratios."""
    plan = Plan(
        Phase("warm-up", WARM_UP, lr=linear(0.0, PEAK)),
        Phase("decay", STEPS - WARM_UP, lr=cosine(PEAK, 0.0)),
        weight_decay=linear(0.1, 0.0),
        beta1=linear(0.85, 0.95),
    )
    theirs = optax.inject_hyperparams(optax.adamw)(
        learning_rate=optax.warmup_cosine_decay_schedule(0.0, PEAK, WARM_UP, STEPS),
        weight_decay=optax.linear_schedule(0.1, 0.0, STEPS),
        b1=optax.linear_schedule(0.85, 0.95, STEPS),
    )
    constant = optax.adamw(PEAK, weight_decay=0.1)
    updates = [compiled_update(one) for one in (inject(plan, optax.adamw), theirs, constant)]
    ours_s, theirs_s, constant_s = medians_s(*updates, calls=200)
    return {
        "compiled AdamW, ours, us": 1e6 * ours_s,
        "compiled AdamW, ours over optax's inject_hyperparams": ours_s / theirs_s,
        "compiled AdamW, ours over constants": ours_s / constant_s,
    }


def compiled_update(optimizer: optax.GradientTransformation) -> Callable[[], None]:
    """One update after another, in place."""

    @jax.jit
    def update(weights: Any, state: Any) -> tuple[Any, Any]:
        updates, state = optimizer.update(weights, state, weights)
        return optax.apply_updates(weights, updates), state

    weights = jnp.ones((WIDTH, WIDTH))
    now = [(weights, optimizer.init(weights))]

    def once() -> None:
        now[0] = update(*now[0])
        now[0][0].block_until_ready()

    return once


def medians_s(*measured: Callable[[], Any], calls: int) -> list[float]:
    """Median seconds of one call of each, which take turns so that noise falls on all alike."""
    seconds: list[list[float]] = [[] for _ in measured]
    for call in measured:
        call()
    for _ in range(REPEATS):
        for call, taken in zip(measured, seconds, strict=True):
            began = time.perf_counter()
            for _ in range(calls):
                call()
            taken.append((time.perf_counter() - began) / calls)
    return [statistics.median(taken) for taken in seconds]


if __name__ == "__main__":
    main()
