"""What several processes do at the same step, though one of them alone knows of it."""

from __future__ import annotations

from typing import Any, final

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec


@final
class Agreement:
    """The largest number that any process has named, known to all at the same update.

    It is added to what the devices have to do anyway, and read when the next one is asked for, so
    that nobody waits for it: with several processes the answer is that of the call before.
    """

    def __init__(self) -> None:
        self._num_processes = jax.process_count()
        self._last: Any = None
        if self._num_processes > 1:
            of_each = [
                next(one for one in jax.devices() if one.process_index == i)
                for i in range(self._num_processes)
            ]
            mesh = Mesh(np.array(of_each), ("process",))
            self._sharding = NamedSharding(mesh, PartitionSpec("process"))
            whole = NamedSharding(mesh, PartitionSpec())
            self._largest = jax.jit(lambda numbers: numbers.max(), out_shardings=whole)

    def __call__(self, mine: int) -> int:
        """Name a number, at least 0, once an update; returns the largest of all."""
        if self._num_processes == 1:
            return mine
        last, self._last = (
            self._last,
            self._largest(
                jax.make_array_from_process_local_data(
                    self._sharding, np.array([mine], np.int32), (self._num_processes,)
                )
            ),
        )
        return 0 if last is None else int(last)


def told_by_the_first(number: int) -> int:
    """What the first process says, on all."""
    if jax.process_count() == 1:
        return number
    return int(multihost_utils.broadcast_one_to_all(np.int32(number)))
