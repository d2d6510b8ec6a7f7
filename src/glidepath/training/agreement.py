"""What several processes do at the same step, though one of them alone knows of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

FAILED = -2
"""Told by a first process that can't go on."""


@final
class Agreement:
    """The largest number that any process has named, known to all at the same update.

    It is added to what the devices have to do anyway, and read when the next one is asked for, so
    that nobody waits for it: with several processes the answer is that of the call before.

    Attributes:
        delay: calls by which an answer comes late.
    """

    def __init__(self) -> None:
        self._num_processes = jax.process_count()
        self.delay = int(self._num_processes > 1)
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


def from_the_first(find: Callable[[], int | None]) -> int:
    """What the first process finds, on all; the others wait for it.

    Args:
        find: called on the first alone; returns a number above -2, or None for 0.
    Raises:
        RuntimeError: on the others, if it raises there.
    """
    if jax.process_count() == 1:
        return find() or 0
    if jax.process_index() > 0:
        told = _broadcast(0)
        if told == FAILED:
            raise RuntimeError("the first process of the run has failed; it says why")
        return told
    try:
        found = find() or 0
    except BaseException:
        _broadcast(FAILED)
        raise
    return _broadcast(found)


def _broadcast(number: int) -> int:
    return int(multihost_utils.broadcast_one_to_all(np.int32(number)))
