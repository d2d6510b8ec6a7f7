"""Several processes that train one model, of one machine or of many."""

from __future__ import annotations

import jax
from jax.experimental import multihost_utils


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
    given = [one is not None for one in (coordinator, num_processes, process_id)]
    if any(given) and not all(given):
        raise ValueError(
            "--coordinator, --num-processes and --process-id are given together, or all left to "
            "Slurm or Open MPI"
        )
    if num_processes is not None and process_id is not None and not process_id < num_processes:
        raise ValueError(f"`--process-id` must be from 0 to {num_processes - 1}, got {process_id}")
    jax.distributed.initialize(coordinator, num_processes, process_id)


def wait_for_all(what: str) -> None:
    """Wait until every process is here.

    Args:
        what: they wait for; the same text in all.
    """
    if jax.process_count() > 1:
        multihost_utils.sync_global_devices(what)


def part() -> None:
    """Make the processes independent again; what comes is done by one alone."""
    if jax.process_count() > 1:
        wait_for_all("part")
        jax.distributed.shutdown()
