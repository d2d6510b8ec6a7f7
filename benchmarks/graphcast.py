"""How fast GraphCast trains here: one gradient step, on synthetic fields of the right shape.

    python benchmarks/graphcast.py --size 1deg --batch 32 --precision bfloat16 --rollout 1

Prints the time of an update (median of several, and their range), the time to compile it, the
peak memory, the rate of floating-point operations and its share of the device's peak where that
is known. Without options: a small model on a CPU; on a GPU the 1-degree model with a batch of 32
in bfloat16.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr

from glidepath import Horizon, presets
from glidepath.training.update import initial_state, make_update, moment
from glidepath.weather.graphs import build_graphs
from glidepath.weather.learning import ForecastProblem
from glidepath.weather.model import SIZES, GraphCast, ModelSize, count_parameters
from glidepath.weather.rollout import Forecaster
from glidepath.weather.statistics import Statistics
from glidepath.weather.variables import LEVELS_13, published_task

GRID_DEGREES = {"demo": 5.625, "1deg": 1.0, "0.25deg": 0.25}

PEAK_FLOPS = {
    ("NVIDIA H100", "bfloat16"): 989e12,
    ("NVIDIA H200", "bfloat16"): 989e12,
    ("NVIDIA A100", "bfloat16"): 312e12,
    ("NVIDIA H100", "float32"): 67e12,
    ("NVIDIA H200", "float32"): 67e12,
    ("NVIDIA A100", "float32"): 19.5e12,
}
"""Dense peaks by the vendor's datasheets; float32 without TensorFloat-32."""


def main() -> None:
    """Measure, print a line for each figure, and the same as JSON if asked."""
    arguments = parse()
    size = SIZES[arguments.size]
    problem, graphs = make_problem(size, GRID_DEGREES[arguments.size], arguments.precision)
    plan = presets.graphcast(horizon=Horizon(samples=54_000, batch=arguments.batch))
    state = initial_state(problem, plan, seed=0)
    batch = jax.device_put(synthetic_batch(problem, arguments.batch, arguments.rollout))
    figures = {
        "device": jax.devices()[0].device_kind,
        "size": arguments.size,
        "batch": arguments.batch,
        "precision": arguments.precision,
        "rollout": arguments.rollout,
        "parameters": count_parameters(state.parameters),
    }
    began = time.perf_counter()
    update = jax.jit(make_update(problem, plan, arguments.rollout), donate_argnums=0)
    numbers = moment(plan, 0)
    compiled = update.lower(state, batch, numbers).compile()
    figures["compile_seconds"] = time.perf_counter() - began
    seconds = measure(partial(_with, compiled, numbers), state, batch, arguments.repeats)
    figures |= {
        "step_seconds": statistics.median(seconds),
        "step_seconds_range": [min(seconds), max(seconds)],
        "peak_memory_bytes": peak_memory(),
    }
    figures |= rates(size, problem, graphs, arguments, figures["step_seconds"])
    for name, value in figures.items():
        print(f"{name:>24}: {value}")
    if arguments.json:
        print(json.dumps(figures))


def _with(compiled: Any, numbers: Any, state: Any, batch: Any) -> Any:
    """An update with the plan's numbers at one step."""
    return compiled(state, batch, numbers)


def parse() -> argparse.Namespace:
    """The options, with defaults that suit the device."""
    is_gpu = jax.default_backend() != "cpu"
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--size", choices=SIZES, default="1deg" if is_gpu else "demo")
    parser.add_argument("--batch", type=int, default=32 if is_gpu else 4)
    precision = "bfloat16" if is_gpu else "float32"
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default=precision)
    parser.add_argument("--rollout", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--json", action="store_true", help="also print one line of JSON")
    return parser.parse_args()


def make_problem(size: ModelSize, degrees: float, precision: str) -> tuple[ForecastProblem, Any]:
    """The model with 13 levels and all variables, on a grid with poles."""
    task = published_task(LEVELS_13)
    latitude = np.linspace(-90, 90, round(180 / degrees) + 1)
    longitude = np.arange(round(360 / degrees)) * degrees
    graphs = build_graphs(latitude, longitude, mesh_size=size.mesh_size)
    statics = np.zeros((len(graphs.grid_features), len(task.statics)), np.float32)
    zero = xr.Dataset(dict.fromkeys((*task.input_variables, *task.target_variables), 0.0))
    standard = Statistics(mean=zero, std=zero + 1, diff_std=zero + 1)
    forecaster = Forecaster(GraphCast(graphs, task, precision), standard, statics, latitude)
    return ForecastProblem(forecaster, size, trajectory=None, split=None), graphs


def synthetic_batch(problem: ForecastProblem, batch: int, rollout: int) -> dict[str, np.ndarray]:
    """Normal noise of the right shape."""
    task = problem.forecaster.network.task
    num_nodes = len(problem.forecaster.network.graphs.grid_features)
    random = np.random.default_rng(0)
    shape = (batch, rollout + 2, num_nodes)
    return {
        "state": random.standard_normal((*shape, len(task.state)), np.float32),
        "forcings": random.standard_normal((*shape, len(task.forcings)), np.float32),
    }


def measure(compiled: Any, state: Any, batch: Any, repeats: int) -> list[float]:
    """Seconds of each of several updates, after two that warm up."""
    seconds = []
    for i in range(repeats + 2):
        began = time.perf_counter()
        state, record = jax.block_until_ready(compiled(state, batch))
        if i >= 2:
            seconds.append(time.perf_counter() - began)
    if not jnp.isfinite(record["loss"]):
        raise FloatingPointError(f"the loss is {record['loss']}")
    return seconds


def peak_memory() -> int:
    """Bytes: of the device where it says so, else of this process."""
    told = jax.devices()[0].memory_stats() or {}
    unit = 1 if sys.platform == "darwin" else 1024
    of_process = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return told.get("peak_bytes_in_use", of_process)


def forward_flops(size: ModelSize, num_inputs: int, num_outputs: int, graphs: Any) -> float:
    """Floating-point operations of one forward pass of one sample, in matrix products alone.

    As the split matrices have it: node parts once a node, edge parts once an edge; what the batch
    shares is left out.
    """
    latent = size.latent_size
    square = 2.0 * latent * latent
    grid, mesh = len(graphs.grid_features), len(graphs.mesh_features)
    edges = {
        name: len(getattr(graphs, name).senders) for name in ("grid2mesh", "mesh", "mesh2grid")
    }
    embed = grid * (2.0 * num_inputs * latent + square)
    encode = edges["grid2mesh"] * square + (grid + mesh) * square + mesh * 3 * square
    encode += grid * 2 * square
    process = size.num_layers * (edges["mesh"] * 2 * square + mesh * (2 + 3) * square)
    decode = edges["mesh2grid"] * square + (grid + mesh) * square + grid * 3 * square
    return embed + encode + process + decode + grid * (square + 2.0 * latent * num_outputs)


def rates(
    size: ModelSize,
    problem: ForecastProblem,
    graphs: Any,
    arguments: argparse.Namespace,
    seconds: float,
) -> dict[str, float | None]:
    """Useful operations a second (three times the forward pass), and their share of the peak."""
    task = problem.forecaster.network.task
    flops = forward_flops(size, task.num_inputs, len(task.state), graphs)
    useful = 3 * flops * arguments.batch * arguments.rollout
    kind = jax.devices()[0].device_kind
    peaks = [
        peak
        for (name, precision), peak in PEAK_FLOPS.items()
        if kind.startswith(name) and precision == arguments.precision
    ]
    return {
        "forward_flop_per_sample": flops,
        "flop_per_second": useful / seconds,
        "share_of_peak": useful / seconds / peaks[0] if peaks else None,
    }


if __name__ == "__main__":
    main()
