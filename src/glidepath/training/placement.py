"""Where a run's arrays lie: on one device or many, of one process or many."""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import Any, final

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from glidepath.training.problem import Tree
from glidepath.training.settings import Settings

AXIS = "batch"
"""Of the mesh of devices: the samples of a batch are spread along it."""


@final
class Placement:
    """Data parallel over devices: each learns from its own samples, and all do the same update.

    The samples of an update, and their order, do not depend on it. They are split into
    `accumulate` micro-batches, which come one after the other, and each of these over the devices.

    Args:
        batch: samples in an update.
        accumulate: micro-batches in an update.
        num_devices: of the first ones; None for all that there are, in all processes.
        shards_state: whether parameters and moments are spread over the devices, too, each array
            along its widest axis that can be divided so; they are gathered for an update.
    Raises:
        ValueError: if the batch can't be divided so, naming what would work.
    """

    def __init__(
        self,
        batch: int,
        *,
        accumulate: int = 1,
        num_devices: int | None = None,
        shards_state: bool = False,
    ) -> None:
        devices = _devices(num_devices)
        _check_divides(batch, accumulate, len(devices))
        self._mesh = Mesh(np.array(devices), (AXIS,))
        self._batch, self._accumulate, self._shards_state = batch, accumulate, shards_state

    def of_size(self, batch: int) -> Placement | None:
        """The same devices for batches of another size, not split; None where that can't be."""
        if batch % self.num_devices:
            return None
        return Placement(batch, num_devices=self.num_devices)

    @property
    def num_devices(self) -> int:
        """Devices in all processes."""
        return self._mesh.size

    @cached_property
    def replicated(self) -> NamedSharding:
        """The whole of an array on every device."""
        return NamedSharding(self._mesh, PartitionSpec())

    @property
    def of_batch(self) -> NamedSharding:
        """Of the batch of an update."""
        axes = (None, AXIS) if self._accumulate > 1 else (AXIS,)
        return NamedSharding(self._mesh, PartitionSpec(*axes))

    def of_state(self, state: Tree) -> Tree:
        """A sharding for every array of a state."""
        return jax.tree.map(self._of_array, state)

    def _of_array(self, array: Any) -> NamedSharding:
        axes = [axis for axis, size in enumerate(array.shape) if size % self.num_devices == 0]
        if not self._shards_state or not axes:
            return self.replicated
        widest = max(axes, key=lambda axis: array.shape[axis])
        return NamedSharding(self._mesh, PartitionSpec(*[None] * widest, AXIS))

    def place(self, state: Tree) -> Tree:
        """Put a state, which every process has the whole of, where it belongs."""
        return jax.tree.map(_put, state, self.of_state(state))

    def gathered(self, tree: Tree) -> Tree:
        """The whole of every array on every device, inside compiled code."""
        return jax.lax.with_sharding_constraint(tree, self.replicated)

    def gather(self, tree: Tree) -> Tree:
        """The whole of every array on every device."""
        return jax.jit(lambda same: same, out_shardings=self.replicated)(tree)

    def own(self, samples: np.ndarray) -> np.ndarray:
        """Which of an update's samples this process reads, `[its share]`, in the order of `place`.

        Args:
            samples: all of them, `[batch]`.
        """
        num_processes = jax.process_count()
        by_process = samples.reshape(self._accumulate, num_processes, -1)
        return by_process[:, jax.process_index()].reshape(-1)

    def spread(self, own: Tree) -> Tree:
        """The batch of an update on its devices.

        Args:
            own: the batch of the samples of `own`, NumPy, their first axis the sample's.
        Returns:
            `[sample, ...]`, or `[micro-batch, sample, ...]` where there are several of these.
        """
        return jax.tree.map(self._spread, own)

    def _spread(self, own: Any) -> jax.Array:
        local = np.asarray(own)
        whole: tuple[int, ...] = (self._batch, *local.shape[1:])
        if self._accumulate > 1:
            local = local.reshape(self._accumulate, -1, *local.shape[1:])
            whole = (self._accumulate, self._batch // self._accumulate, *local.shape[2:])
        return jax.make_array_from_process_local_data(self.of_batch, local, whole)


def placement_of(settings: Settings) -> Placement:
    """Of a run's arrays.

    Raises:
        ValueError: as `Placement`.
    """
    return Placement(
        settings.batch,
        accumulate=settings.accumulate,
        num_devices=settings.num_devices,
        shards_state=settings.shards_state,
    )


def _devices(number: int | None) -> list[jax.Device]:
    there = jax.devices()
    of_processes = Counter(device.process_index for device in there)
    if len(set(of_processes.values())) > 1:
        counts = ", ".join(str(of_processes[i]) for i in sorted(of_processes))
        raise ValueError(
            f"every process must have as many devices as the others, got {counts}: start one for "
            "each device, or one for each machine where these are alike"
        )
    if number is None:
        return there
    if not 1 <= number <= len(there):
        raise ValueError(f"`num_devices` must be from 1 to {len(there)}, got {number}")
    if jax.process_count() > 1 and number < len(there):
        raise ValueError(
            f"`num_devices` must be all {len(there)} where there are several processes, "
            f"got {number}"
        )
    return there[:number]


def _check_divides(batch: int, accumulate: int, num_devices: int) -> None:
    if batch % (accumulate * num_devices):
        works = [n for n in range(1, num_devices + 1) if batch % (accumulate * n) == 0]
        splits = [n for n in range(1, batch + 1) if batch % (n * num_devices) == 0]
        ways_out = ["another batch"]
        if splits:
            ways_out.insert(0, f"`accumulate` of {' or '.join(map(str, splits))}")
        if works:
            ways_out.insert(0, f"`num_devices` of {works[-1]}")
        raise ValueError(
            f"a batch of {batch} can't be split into {accumulate} x {num_devices} equal parts "
            f"(micro-batches x devices): give {', or '.join(ways_out)}"
        )


def _put(array: Any, sharding: NamedSharding) -> jax.Array:
    array = np.asarray(array)
    return jax.make_array_from_callback(array.shape, sharding, lambda index: array[index])
