"""What the record costs: the demo's model, trained with and without it, in turns.

    python benchmarks/recording.py

One update of GraphCast's demo size on synthetic data, compiled without any figures, not recorded,
and compiled with all norms, looks at single arrays every 100 updates, effective step sizes and a
line in the record, which is diagnosed while it grows. Both do the same updates, in turns of
one, so that what else the machine does hits both. Prints the ratio of the medians, and what a look
at the single arrays adds to an update, of which there is one in 100.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
from graphcast import GRID_DEGREES, make_problem, synthetic_batch

from glidepath import Horizon, presets
from glidepath.diagnosis.live import LiveDiagnosis
from glidepath.record import Recorder, looks_at
from glidepath.record.sinks import sink_named
from glidepath.training.sampling import draw
from glidepath.training.update import LOOK_EVERY, initial_state, make_update, moment
from glidepath.weather.model import SIZES

BATCH = 4


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--turns", type=int, default=400, help="pairs of updates")
    parser.add_argument("--track", action="append", default=[], help="a tracker that writes, too")
    arguments = parser.parse_args()
    problem, _ = make_problem(SIZES["demo"], GRID_DEGREES["demo"], "float32")
    plan = presets.graphcast(horizon=Horizon(samples=54_000, batch=BATCH))
    batch = jax.device_put(synthetic_batch(problem, BATCH, 1))
    with tempfile.TemporaryDirectory() as directory:
        live = LiveDiagnosis(Path(directory) / "record.jsonl", print)
        sinks = [sink_named(name, directory, "benchmark") for name in arguments.track]
        with Recorder(directory, plan, sinks=sinks, on_line=live.take) as recorder:
            printed, drawn = Printed(), draw(0, 0, BATCH, 54_000)
            bare = Run(problem, plan, batch, is_recorded=False)
            recorded = Run(problem, plan, batch, is_recorded=True)
            pairs = [
                (
                    bare.go_on(printed),
                    recorded.go_on(partial(recorder.log, samples=BATCH, batch=drawn)),
                )
                for _ in range(arguments.turns)
            ]
    report(pairs)


class Run:
    """A training run that can be taken an update further."""

    def __init__(self, problem: Any, plan: Any, batch: Any, *, is_recorded: bool) -> None:
        self.state, self.batch, self.step = initial_state(problem, plan, 0), batch, 0
        self.plan = plan
        update = make_update(problem, plan, 1, keeps_finite=False, summarizes=is_recorded)
        lowered = jax.jit(update, donate_argnums=0).lower(self.state, batch, moment(plan, 0))
        self.update = lowered.compile()

    def go_on(self, log: Callable[..., Any]) -> float:
        """Do an update; the seconds that it took."""
        began = time.perf_counter()
        self.state, figures = self.update(self.state, self.batch, moment(self.plan, self.step))
        log(self.step, **figures)
        self.step += 1
        jax.block_until_ready(self.state)
        return time.perf_counter() - began


class Printed:
    """Reads the loss of the update before, as a loop without a record would to print it."""

    def __init__(self) -> None:
        self.loss: Any = 0.0

    def __call__(self, _: int, loss: Any, **__: Any) -> None:
        """Take in an update's loss."""
        float(self.loss)
        self.loss = loss


def report(pairs: list[tuple[float, float]]) -> None:
    """Print how much longer recorded updates took; a look's line is written with the next one's."""
    looks = {step for step in range(len(pairs)) if looks_at(step, LOOK_EVERY) and step}
    usual = [pair for step, pair in enumerate(pairs) if not {step, step - 1} & looks and step > 1]
    bare, recorded = (statistics.median(times) for times in zip(*usual, strict=True))
    look = (
        statistics.median(sum(pairs[step + i][1] for i in (0, 1)) for step in looks) - 2 * recorded
    )
    print(f"an update: {bare:.4f} s without a record, {recorded:.4f} s with one")
    print(f"with / without: {recorded / bare:.4f}, of the medians of {len(usual)} updates each")
    print(
        f"a look adds {look / bare:.2f} of an update, and so {look / bare / LOOK_EVERY:.4f} to each"
    )


if __name__ == "__main__":
    main()
