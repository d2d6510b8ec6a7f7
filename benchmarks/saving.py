"""What a checkpoint costs the training loop: stretches of updates with and without one, in turns.

Each stretch is longer than the writing of a checkpoint, which goes on beside the updates:

    python benchmarks/saving.py
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import jax
from graphcast import GRID_DEGREES, make_problem, synthetic_batch

from glidepath import presets
from glidepath.training.checkpoints import About, Checkpoints
from glidepath.training.update import initial_state, make_update, moment
from glidepath.weather.model import SIZES

BATCH = 4
SECONDS_BETWEEN = 60.0
"""Of the loop, between checkpoints: one a minute is asked for."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--updates", type=int, default=5, help="in a stretch")
    arguments = parser.parse_args()
    problem, _ = make_problem(SIZES["demo"], GRID_DEGREES["demo"], "float32")
    plan = presets.graphcast_demo()
    batch = jax.device_put(synthetic_batch(problem, BATCH, 1))
    state = initial_state(problem, plan, 0)
    update = jax.jit(make_update(problem, plan, 1), donate_argnums=0)
    compiled = update.lower(state, batch, moment(plan, 0)).compile()
    pairs = []
    with tempfile.TemporaryDirectory() as directory:
        checkpoints = Checkpoints(Path(directory) / "checkpoints", tell=print)
        step = 0
        for turn in range(arguments.turns + 1):
            seconds = {}
            for saves in (turn % 2 == 0, turn % 2 == 1):
                began = time.perf_counter()
                if saves:
                    checkpoints.save(_arrays(state), About(step=step, identity={"plan": "demo"}))
                for _ in range(arguments.updates):
                    state, figures = compiled(state, batch, moment(plan, step))
                    float(figures["loss"])
                    step += 1
                seconds[saves] = time.perf_counter() - began
                checkpoints.wait()
            if turn:  # the first save starts threads
                pairs.append([seconds[False], seconds[True]])
        checkpoints.close()
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(_arrays(state)))
        longest = checkpoints.seconds
    report(pairs, arguments.updates, size, longest)


def _arrays(state: Any) -> dict[str, Any]:
    return {"parameters": state.parameters, "optimizer": state.optimizer, "step": state.step}


def report(pairs: list[list[float]], num_updates: int, size: int, longest: float) -> None:
    """Print what one checkpoint adds, and what one a minute does."""
    without, with_one = (statistics.median(times) for times in zip(*pairs, strict=True))
    if longest > min(taken for _, taken in pairs):
        raise SystemExit(
            f"writing took {longest:.2f} s, longer than a stretch: give more --updates"
        )
    cost = with_one - without
    print(f"{size / 1e6:.1f} MB of state; the longest writing took {longest:.2f} s")
    print(f"{num_updates} updates: {without:.3f} s without a checkpoint, {with_one:.3f} s with one")
    print(
        f"a checkpoint adds {cost:.3f} s, {cost / without * num_updates:.2f} of an update; "
        f"one a minute {cost / SECONDS_BETWEEN:.2%}"
    )


if __name__ == "__main__":
    main()
