"""How fast plans are, beside torch's and optax's schedules, in one run.

    python benchmarks/plans.py [--json FILE]

For GraphCast's 311,000 steps in three phases it prints the time of

- the whole curve: one call of ours with NumPy, one of ours compiled by JAX, one of optax's
  `join_schedules` compiled by JAX on the same array, and torch's SequentialLR stepped to the end;
- one value at a step: ours, optax's called as it is, and torch's `step()`;
- construction: of the plan, of optax's schedule, and of torch's optimizer with its schedulers.

Each is the median of several runs, the curves in turns; the ratios are what to quote. torch's loop
is timed over a tenth of the steps, ten of which make the curve.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import optax
import torch
from torch.optim import lr_scheduler

from glidepath import presets

PEAK, WARM_UP, DECAY, REST = 1e-3, 1_000, 299_000, 11_000
STEPS = WARM_UP + DECAY + REST
TORCH_SHARE = 10
REPEATS = 9


def main() -> None:
    """Measure, print, and write as JSON if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    path = parser.parse_args().json
    figures = whole_curve() | one_value() | construction()
    for name, value in figures.items():
        print(f"{name:>58}: {value:,.3g}")
    if path:
        path.write_text(json.dumps(figures, indent=2) + "\n")


def whole_curve() -> dict[str, float]:
    """Seconds for 311,000 steps, and ratios."""
    steps = np.arange(STEPS)
    ours, theirs = presets.graphcast()["lr"], optax_schedule()
    compiled_ours, compiled_theirs = jax.jit(ours), jax.jit(theirs)
    on_device = jax.numpy.asarray(steps)
    numpy_s, jax_s, optax_s = medians_s(
        lambda: ours(steps),
        lambda: compiled_ours(on_device).block_until_ready(),
        lambda: compiled_theirs(on_device).block_until_ready(),
    )
    torch_s = median_s(torch_loop, repeats=3) * TORCH_SHARE
    return {
        "curve, ours with NumPy, ms": 1e3 * numpy_s,
        "curve, ours compiled by JAX, ms": 1e3 * jax_s,
        "curve, optax compiled by JAX, ms": 1e3 * optax_s,
        "curve, torch's SequentialLR, ms": 1e3 * torch_s,
        "curve, torch over ours with NumPy": torch_s / numpy_s,
        "curve, optax over ours, both compiled": optax_s / jax_s,
        "curve, optax compiled over ours with NumPy": optax_s / numpy_s,
    }


def one_value() -> dict[str, float]:
    """Microseconds for one step, and ratios."""
    ours, theirs = presets.graphcast()["lr"], optax_schedule()
    ours_s = median_s(lambda: ours(150_500), calls=20_000)
    optax_s = median_s(lambda: float(theirs(150_500)), calls=100)
    _, scheduler = torch_scheduler()
    torch_s = median_s(scheduler.step, calls=2_000)
    return {
        "value at a step, ours, us": 1e6 * ours_s,
        "value at a step, optax over ours": optax_s / ours_s,
        "value at a step, torch's step() over ours": torch_s / ours_s,
    }


def construction() -> dict[str, float]:
    """Microseconds to make each, and ratios."""
    ours_s = median_s(presets.graphcast, calls=200)
    optax_s = median_s(optax_schedule, calls=200)
    torch_s = median_s(torch_scheduler, calls=50)
    return {
        "construction, ours, us": 1e6 * ours_s,
        "construction, optax over ours": optax_s / ours_s,
        "construction, torch over ours": torch_s / ours_s,
    }


def optax_schedule() -> optax.Schedule:
    """The same three phases."""
    return optax.join_schedules(
        [
            optax.linear_schedule(0.0, PEAK, WARM_UP),
            optax.cosine_decay_schedule(PEAK, DECAY),
            optax.constant_schedule(3e-7),
        ],
        [WARM_UP, WARM_UP + DECAY],
    )


def torch_scheduler() -> tuple[torch.optim.Optimizer, lr_scheduler.LRScheduler]:
    """The same three phases; a warm-up from 0 is none of LinearLR's, so it starts just above."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=PEAK)
    children = [
        lr_scheduler.LinearLR(optimizer, 1e-8, 1.0, WARM_UP),
        lr_scheduler.CosineAnnealingLR(optimizer, DECAY),
        lr_scheduler.ConstantLR(optimizer, 3e-4, REST),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        milestones = [WARM_UP, WARM_UP + DECAY]
        scheduler = lr_scheduler.SequentialLR(optimizer, children, milestones)
    optimizer.step()
    return optimizer, scheduler


def torch_loop() -> list[float]:
    """The rates of a tenth of the steps, which only stepping gives."""
    optimizer, scheduler = torch_scheduler()
    rates = []
    for _ in range(STEPS // TORCH_SHARE):
        rates.append(optimizer.param_groups[0]["lr"])
        scheduler.step()
    return rates


def medians_s(*calls: Callable[[], Any], repeats: int = 101) -> list[float]:
    """The medians of several runs of each, which take turns so that noise falls on all alike."""
    seconds: list[list[float]] = [[] for _ in calls]
    for _ in range(repeats):
        for call, taken in zip(calls, seconds, strict=True):
            began = time.perf_counter()
            call()
            taken.append(time.perf_counter() - began)
    return [statistics.median(taken[1:]) for taken in seconds]


def median_s(call: Callable[[], Any], calls: int = 1, repeats: int = REPEATS) -> float:
    """The median of several runs of so many calls, in seconds a call, after one run unmeasured."""
    call()
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        for _ in range(calls):
            call()
        seconds.append((time.perf_counter() - began) / calls)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
