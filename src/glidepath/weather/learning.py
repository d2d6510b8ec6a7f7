"""Learning to forecast, as a problem for the training loop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from glidepath.record.arrays import named_arrays
from glidepath.training.sampling import draw
from glidepath.weather import checkpoint_format
from glidepath.weather.graphs import build_graphs
from glidepath.weather.model import GraphCast, ModelSize, init_parameters
from glidepath.weather.networks import Parameters
from glidepath.weather.rollout import Forecaster
from glidepath.weather.split import Split
from glidepath.weather.statistics import Statistics
from glidepath.weather.trajectory import Trajectory
from glidepath.weather.variables import NUM_INPUT_TIMES, Task


def make_forecaster(
    size: ModelSize,
    task: Task,
    trajectory: Trajectory,
    statistics: Statistics,
    precision: str = "float32",
) -> Forecaster:
    """The network of a size and a task on the grid of some data."""
    graphs = build_graphs(
        trajectory.latitude,
        trajectory.longitude,
        mesh_size=size.mesh_size,
        radius_fraction=size.radius_fraction,
        mesh2grid_scale=size.mesh2grid_scale,
    )
    network = GraphCast(graphs, task, precision)
    return Forecaster(network, statistics, trajectory.statics, trajectory.latitude)


@dataclass(frozen=True)
class ForecastProblem:
    """GraphCast on a trajectory: implements `training.problem.Problem`.

    Attributes:
        forecaster: the network.
        size: of the network.
        trajectory: the data.
        split: which times are for training.
        allows_nan: whether batches may have NaN, for a loop that knows what to do about it.
    """

    forecaster: Forecaster
    size: ModelSize
    trajectory: Trajectory
    split: Split
    allows_nan: bool = False

    def init(self, seed: int) -> Parameters:
        """Fresh parameters."""
        return init_parameters(self.size, self.forecaster.network.task, seed)

    def loss(
        self, parameters: Parameters, batch: dict[str, jax.Array], rollout: int
    ) -> tuple[jax.Array, dict[str, Any]]:
        """The loss of a rollout; it has no parts that are recorded."""
        value, _ = self.forecaster.loss(parameters, batch, rollout)
        return value, {}

    def samples(self, seed: int, step: int, size: int, rollout: int, attempt: int) -> np.ndarray:
        """First times of windows, drawn uniformly, with replacement, from the training times."""
        return draw(seed, step, size, self.split.num_training_windows(rollout), attempt)

    def held_out(self, rollout: int) -> np.ndarray:
        """First times of the windows that share none with the training times."""
        last = self.split.num_times - rollout - NUM_INPUT_TIMES
        return np.arange(self.split.num_training_times, last + 1)

    def batch(self, samples: np.ndarray, rollout: int) -> dict[str, np.ndarray]:
        """The windows that begin at these times."""
        num_times = rollout + NUM_INPUT_TIMES
        windows = [
            self.trajectory.window(int(start), num_times, allows_nan=self.allows_nan)
            for start in samples
        ]
        return {name: np.stack([window[name] for window in windows]) for name in windows[0]}

    def name(self, sample: int) -> str:
        """The first time of a window."""
        return f"the window from {self.trajectory.times[sample].astype('datetime64[m]')} on"

    def decays(self, parameters: Parameters) -> Parameters:
        """Weight matrices decay; biases, scales and offsets do not."""
        return jax.tree_util.tree_map_with_path(
            lambda path, _: path[-1].key in ("w0", "w1"), parameters
        )

    def by_layer(self, tree: Parameters) -> Parameters:
        """The processor's blocks, which are stacked, taken apart."""
        stacked = tree["mesh"]
        count = self.size.num_layers
        apart = {
            name: {f"{i:02d}": jax.tree.map(lambda leaf, i=i: leaf[i], stacked[name])
                   for i in range(count)}
            for name in ("edges", "mesh")
        }  # fmt: skip
        return tree | {"mesh": stacked | apart}

    def idle(self, parameters: Parameters) -> list[str]:
        """The decoder's block for mesh nodes: the published network has it, nothing reads it."""
        return [f"mesh2grid/mesh/{name}" for name in named_arrays(parameters["mesh2grid"]["mesh"])]

    def export(self, parameters: Parameters, path: Path) -> None:
        """Write the published checkpoint format."""
        spacing = float(np.diff(self.trajectory.latitude).mean())
        checkpoint = checkpoint_format.Checkpoint(
            parameters=jax.tree.map(lambda x: np.asarray(x, jnp.float32), parameters),
            size=self.size,
            task=self.forecaster.network.task,
            resolution=spacing,
            description=f"trained by glidepath on {self.trajectory.source}",
        )
        checkpoint_format.write(path, checkpoint)
