"""Runs with nothing wrong with them, as varied as they come: problems, optimizers, plans, sizes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from small_problems import Problem, causal_text, diabetes, digits, masked_text, teacher
from small_training import train

from glidepath import Horizon, Phase, Plan, Schedule, constant, cosine, decay, linear

Optimizer = Callable[..., torch.optim.Optimizer]


def momentum(params: object, lr: float) -> torch.optim.SGD:
    """The usual kind of SGD."""
    return torch.optim.SGD(params, lr=lr, momentum=0.9, weight_decay=1e-4)


OPTIMIZERS: dict[str, tuple[Optimizer, tuple[float, ...]]] = {
    "sgd": (torch.optim.SGD, (0.05, 0.1, 0.2)),
    "momentum": (momentum, (0.01, 0.02, 0.05)),
    "adam": (torch.optim.Adam, (5e-4, 1e-3, 2e-3)),
    "adamw": (torch.optim.AdamW, (5e-4, 1e-3, 3e-3)),
    "rmsprop": (torch.optim.RMSprop, (3e-4, 1e-3)),
}
"""With the rates that people use."""

CURVES: dict[str, Callable[[float, int], Schedule]] = {
    "constant": lambda peak, n: constant(peak).over(n),
    "warm-up": lambda peak, n: linear(0.0, peak).over(n // 10) >> constant(peak).over(n - n // 10),
    "cosine": lambda peak, n: (
        linear(0.0, peak).over(n // 20) >> cosine(peak, 0.0).over(n - n // 20)
    ),
    "linear": lambda peak, n: linear(peak, 0.0).over(n),
    "wsd": lambda peak, n: (
        linear(0.0, peak).over(n // 20)
        >> constant(peak).over(n - n // 20 - n // 5)
        >> linear(peak, 0.0).over(n // 5)
    ),
    "restarts": lambda peak, n: cosine(peak, peak / 50).over(n // 4).repeat(4),
    "triangular": lambda peak, n: (
        linear(peak / 5, peak).over(n // 8) >> linear(peak, peak / 5).over(n // 8)
    ).repeat(4),
    "stairs": lambda peak, n: decay(peak, 0.1, every=n // 3, stair=True).over(n),
}

PROBLEMS: dict[str, tuple[Callable[[], Problem], tuple[str, ...], tuple[int, ...], float]] = {
    "digits": (digits, tuple(OPTIMIZERS), (8, 32, 128, 1437), 20),
    "cnn": (lambda: digits(model="cnn"), ("momentum", "adam", "adamw"), (32, 64), 10),
    "wrong labels": (lambda: digits(0.2), tuple(OPTIMIZERS), (16, 64), 10),
    "diabetes": (diabetes, ("sgd", "momentum", "adam", "adamw"), (4, 16, 64), 20),
    "teacher": (teacher, tuple(OPTIMIZERS), (1, 4, 32, 256), 3),
    "causal": (causal_text, ("adam", "adamw"), (8, 16), 4),
    "masked": (masked_text, ("adam", "adamw"), (8, 16), 4),
    "many samples": (lambda: teacher(samples=400_000), tuple(OPTIMIZERS), (4, 16, 64), 4),
}
"""What is learnt, by which optimizers, in which batches, and for how many epochs at most."""

STEEP = {1: 0.02, 4: 0.1, 8: 0.3}
"""Parts of the usual rate that batches as small as these take."""


@dataclass(frozen=True)
class Healthy:
    """How a run is done."""

    problem: str
    optimizer: str
    rate: float
    curve: str
    batch: int
    num_steps: int
    seed: int

    def __str__(self) -> str:
        return (
            f"{self.seed:03d} {self.problem}, {self.optimizer} {self.rate:.2g} {self.curve}, "
            f"{self.num_steps} steps of {self.batch}"
        )

    def run(self, directory: Path) -> None:
        """Train and record."""
        problem = PROBLEMS[self.problem][0]()
        horizon = Horizon(samples=len(problem), batch=self.batch)
        curve = CURVES[self.curve](self.rate, self.num_steps)
        plan = Plan(Phase("training", self.num_steps, lr=curve), horizon=horizon)
        train(
            directory,
            problem,
            plan,
            OPTIMIZERS[self.optimizer][0],
            batch=self.batch,
            seed=self.seed,
            evaluate_every=max(1, self.num_steps // 25),
            with_params=self.seed % 3 == 0,
        )


def healthy(seed: int) -> Healthy:
    """One of them, chosen by chance from its number."""
    chance = random.Random(seed)
    name = chance.choice(list(PROBLEMS)[:-1])
    make, optimizers, batches, epochs = PROBLEMS[name]
    optimizer = chance.choice(optimizers)
    batch = chance.choice(batches)
    rate = chance.choice(OPTIMIZERS[optimizer][1]) * STEEP.get(batch, 1.0)
    most = int(epochs * len(make()) / batch)
    wanted = chance.choice([100, 200, 400, 800, 1600, 3200])
    num_steps = max(80, min(wanted, most)) if batch < len(make()) else max(100, min(wanted, 800))
    curve = chance.choice(list(CURVES))
    return Healthy(name, optimizer, rate, curve, batch, num_steps // 8 * 8, seed)


def long(seed: int) -> Healthy:
    """One of tens of thousands of updates, on so many samples that none is learnt by heart."""
    chance = random.Random(1_000_000 + seed)
    optimizer = chance.choice(list(OPTIMIZERS))
    batch = chance.choice((4, 16, 64))
    # Not the highest rate: on squares SGD at 0.2 does have a spike now and then.
    rate = chance.choice(OPTIMIZERS[optimizer][1][:-1]) * STEEP.get(batch, 1.0)
    num_steps = chance.choice((20_000, 40_000, 100_000))
    curve = chance.choice(list(CURVES))
    return Healthy("many samples", optimizer, rate, curve, batch, num_steps, seed)
