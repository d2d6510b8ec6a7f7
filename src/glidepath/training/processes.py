"""Several processes that train one model, of one machine or of many."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import jax
from jax._src.distributed import global_state  # what JAX offers in public waits for devices

from glidepath.training.stopping import StoppedError

LONGEST_WAIT_DAYS = 7
"""For one that computes statistics of decades; one that dies meanwhile is missed by JAX."""

BY_HAND = "--coordinator, --num-processes and --process-id"


class OthersError(OSError):
    """Another process of the run could not do its part."""


def join(
    coordinator: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Make this process one of several; before anything else is asked of JAX.

    Args:
        coordinator: HOST:PORT of the first process; None where Slurm or Open MPI tells it.
        num_processes: in all; likewise.
        process_id: of this one, from 0; likewise.
    Raises:
        ValueError: if only some of the three are given, or one makes no sense, or nothing is
            given and there is nothing to find.
    """
    if coordinator is None and num_processes is None and process_id is None:
        _join_by_launcher()
        return
    if coordinator is None or num_processes is None or process_id is None:
        raise ValueError(f"{BY_HAND} are given together, or all left to Slurm or Open MPI")
    if num_processes < 1:
        raise ValueError(f"`--num-processes` must be at least 1, got {num_processes}")
    if not 0 <= process_id < num_processes:
        raise ValueError(f"`--process-id` must be from 0 to {num_processes - 1}, got {process_id}")
    _, found, port = coordinator.rpartition(":")
    if not found or not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        raise ValueError(
            f"`--coordinator` must be HOST:PORT, such as node1:12345, got {coordinator!r}"
        )
    # Under Slurm it would else leave this process one GPU alone.
    jax.distributed.initialize(
        coordinator, num_processes, process_id, cluster_detection_method="deactivate"
    )


def _join_by_launcher() -> None:
    """By what Slurm or Open MPI says to its processes: one for each GPU, as JAX takes them."""
    method = None
    if "OMPI_COMM_WORLD_SIZE" in os.environ and "OMPI_MCA_orte_hnp_uri" not in os.environ:
        method = "mpi4py"  # Open MPI 5 no longer says where the first process is
        if find_spec(method) is None:
            raise ValueError(
                f"from Open MPI 5 on, --distributed needs mpi4py: install it, or give {BY_HAND}"
            )
    try:
        jax.distributed.initialize(cluster_detection_method=method)
    except ValueError as error:
        raise ValueError(
            "nothing here says what other processes there are: start them by srun or mpirun, or "
            f"give {BY_HAND} ({error})"
        ) from None


def exchange(what: str, find: Callable[[], Any]) -> list[Any]:
    """Let every process do its part, and wait for all of them, however long it takes.

    Args:
        what: is done; the same text in all processes, and another one at every call.
        find: does it, and returns a plain value, for JSON.
    Returns:
        What each of them found, in order.
    Raises:
        OthersError: if it was done here, and another process could not.
    """
    if jax.process_count() == 1:
        return [find()]
    try:
        mine = find()
    except BaseException as error:
        _tell(what, {"error": f"{error}" or type(error).__name__})
        raise
    _tell(what, {"found": mine})
    told = [_told(what, i) for i in range(jax.process_count())]
    for i, one in enumerate(told):
        if "error" in one:
            raise OthersError(f"process {i} of the run can't go on: {one['error']}")
    return [one["found"] for one in told]


def _tell(what: str, said: dict[str, Any]) -> None:
    global_state.client.key_value_set(_key(what, jax.process_index()), json.dumps(said))


def _told(what: str, process: int) -> dict[str, Any]:
    milliseconds = LONGEST_WAIT_DAYS * 86_400_000
    text = global_state.client.blocking_key_value_get(_key(what, process), milliseconds)
    return dict(json.loads(text))


def _key(what: str, process: int) -> str:
    return f"glidepath/{what}/{process}"


@contextmanager
def ending_alone() -> Iterator[None]:
    """A process that fails while the others train ends at once, and waits for none of them.

    They end as soon as JAX misses it. A run that is stopped is so in all of them, and no failure.
    """
    try:
        yield
    except StoppedError:
        raise
    except Exception as error:
        if jax.process_count() == 1:
            raise
        print(f"error: process {jax.process_index()}: {error}", file=sys.stderr, flush=True)
        os._exit(1)


def part() -> None:
    """Make the processes independent again; what comes is done by one alone."""
    if jax.process_count() > 1:
        exchange("part", lambda: None)
        jax.distributed.shutdown()
