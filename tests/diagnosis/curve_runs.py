"""Small real runs whose curves show an illness, one or more for every rule; and healthy ones."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from healthy_runs import healthy, momentum
from small_problems import Problem, diabetes, digits, mlp
from small_training import shuffled, train
from torch import nn
from torch.optim import SGD, Adam, RMSprop

from glidepath import Horizon, Phase, Plan, Schedule, constant, cosine, linear

Run = Callable[[Path], None]


def run(
    problem: Callable[[], Problem],
    optimizer: Callable[..., torch.optim.Optimizer],
    curve: Schedule,
    batch: int,
    rate_at: Callable[[Schedule, int], float] = lambda rate, step: rate(step),
    **settings: object,
) -> Run:
    """A training run by a plan of one phase, to be called with its directory."""

    def train_in(directory: Path) -> None:
        torch.set_num_threads(1)
        told = problem()
        horizon = Horizon(samples=len(told), batch=batch)
        plan = Plan(Phase("training", curve.total_steps, lr=curve), horizon=horizon)
        rates = partial(rate_at, plan["lr"])
        train(directory, told, plan, optimizer, batch=batch, rate_at=rates, **settings)

    return train_in


def unshuffled(problem: Problem, batch: int) -> Iterator[torch.Tensor]:
    """The same order in every epoch."""
    return itertools.cycle(torch.arange(len(problem)).split(batch))


def signs_to_learn_by_heart() -> Problem:
    """320 random signs of inputs with 8,000 dimensions: nothing to learn but each by itself."""
    chance = torch.Generator().manual_seed(0)
    inputs = torch.randn(320, 8_000, generator=chance) / 8_000**0.5
    arrays = inputs, torch.randint(2, (320, 1), generator=chance) * 2.0 - 1
    return Problem("signs", arrays, arrays, lambda: nn.Linear(8_000, 1), nn.functional.mse_loss)


def digits_by_squares() -> Problem:
    """500 digits, by the squares of what is wrong: a loss that grows sharper as it is learnt."""
    images, labels = digits().training
    arrays = images[:500], nn.functional.one_hot(labels[:500], 10).float()
    return Problem(
        "digits by squares",
        arrays,
        arrays,
        lambda: mlp(64, 32, 32, 10, activation=nn.Tanh),
        lambda said, right: (said - right).square().sum(1).mean(),
    )


def digits_with_a_bad_shard() -> Problem:
    """Digits, and at the end 256 of them with the labels of their neighbours."""
    good = digits()
    images, labels = good.training
    arrays = torch.cat([images, images[:256]]), torch.cat([labels, labels[:256].roll(1)])
    return replace(good, training=arrays)


def bad_shard_at(steps: tuple[int, ...], batch: int = 32) -> Iterator[torch.Tensor]:
    """Shuffled digits, and the bad shard from each of some steps on."""
    good, bad = shuffled(1437, batch, 0), list(torch.arange(1437, 1437 + 256).split(batch))
    for step in itertools.count():
        within = [step - first for first in steps if 0 <= step - first < len(bad)]
        yield bad[within[0]] if within else next(good)


def sleep(first: int, seconds: float) -> Callable[[int], None]:
    """Something that takes its time from a step on."""
    return lambda step: time.sleep(seconds) if step >= first else None


def deep_sigmoids() -> Problem:
    """Digits and twelve layers through which no gradient comes."""
    return replace(digits(), make_model=lambda: mlp(64, *[32] * 12, 10, activation=nn.Sigmoid))


FALLING = cosine(0.1, 0.0).over(240)

RUNS: dict[str, tuple[Run, frozenset[str]]] = {
    "a rate that rises until the loss runs away": (
        run(digits, momentum, linear(0.0, 3.0).over(300), 32),
        frozenset({"divergence"}),
    ),
    "gradient descent at the edge of stability": (
        run(digits_by_squares, SGD, linear(0.0, 0.25).over(50) >> constant(0.25).over(350), 500),
        frozenset({"sawtooth"}),
    ),
    "a rate several hundred times too high": (
        run(digits, momentum, constant(20.0).over(300), 128),
        frozenset({"loss-above-start"}),
    ),
    "Adam without a warm-up": (
        run(digits, Adam, linear(0.5, 0.0).over(300), 128),
        frozenset({"short-warm-up"}),
    ),
    "a warm-up of five updates": (
        run(digits, RMSprop, linear(0.0, 0.3).over(5) >> linear(0.3, 0.0).over(295), 128),
        frozenset({"short-warm-up"}),
    ),
    "twelve layers of sigmoids": (
        run(deep_sigmoids, Adam, constant(1e-3).over(400), 128),
        frozenset({"plateau"}),
    ),
    "a shard of the data whose labels belong to other images": (
        run(
            digits_with_a_bad_shard,
            momentum,
            linear(0.05, 0.0).over(1200),
            32,
            order=partial(bad_shard_at, (450, 650, 850)),
            with_params=True,
        ),
        frozenset({"loss-spikes"}),
    ),
    "a large network on few patients": (
        run(lambda: diabetes(64), Adam, constant(1e-2).over(600), 32, evaluate_every=30),
        frozenset({"overfitting"}),
    ),
    "a run that ends long before its plan": (
        run(digits, SGD, cosine(0.1, 0.0).over(600), 32, num_steps=200),
        frozenset({"ends-on-high-rate"}),
    ),
    "a schedule that is stepped twice an update": (
        run(digits, SGD, FALLING, 32, lambda rate, step: rate(2 * step)),
        frozenset({"off-the-plan"}),
    ),
    "a schedule that is a step behind": (
        run(digits, SGD, FALLING, 32, lambda rate, step: rate(max(0, step - 1))),
        frozenset({"off-the-plan"}),
    ),
    "a schedule that is stepped once an epoch": (
        run(digits, SGD, FALLING, 32, lambda rate, step: rate(step // 44)),
        frozenset({"off-the-plan"}),
    ),
    "a schedule that never moves": (
        run(digits, SGD, FALLING, 32, lambda rate, step: rate(0)),
        frozenset({"off-the-plan"}),
    ),
    "a rate times the number of processes": (
        run(digits, SGD, FALLING, 32, lambda rate, step: 4 * rate(step)),
        frozenset({"off-the-plan"}),
    ),
    "nobody shuffles": (
        run(digits, SGD, FALLING, 32, order=lambda: unshuffled(digits(), 32)),
        frozenset({"data-order-repeats"}),
    ),
    "a loader that begins again at a restart": (
        run(digits, SGD, FALLING, 32, restart_at=100),
        frozenset({"data-order-repeats"}),
    ),
    "something else takes the machine": (
        run(digits, SGD, cosine(0.1, 0.0).over(160), 32, work=sleep(80, 0.025)),
        frozenset({"throughput-drops"}),
    ),
    "a loader that is too slow": (
        run(digits, SGD, cosine(0.1, 0.0).over(100), 32, load=sleep(0, 0.005)),
        frozenset({"input-bound"}),
    ),
    "samples that are learnt by heart": (
        run(signs_to_learn_by_heart, SGD, constant(0.4).over(480), 4),
        frozenset({"epoch-sawtooth"}),
    ),
    "gradient descent on all patients at once": (
        run(diabetes, SGD, linear(0.1, 0.0).over(300), 354),
        frozenset(),
    ),
    **{str(healthy(seed)): (healthy(seed).run, frozenset()) for seed in (2, 5, 7, 9, 11, 13)},
}
"""By name: what trains and records into a directory, and the codes of what it has."""
