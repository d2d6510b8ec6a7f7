"""Several processes of one machine at work on a sweep."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection

from glidepath.sweeps.gpus import devices_of, having, shares
from glidepath.sweeps.working import Job, say, work
from glidepath.training.signals import Signals
from glidepath.training.stopping import Asked, Stop, StoppedError

LOST = 1
"""The exit status of a process that has ended with an error."""

LOOK_SECONDS = 0.2


def work_together(job: Job, num_jobs: int, *, asked: Sequence[Asked] = ()) -> None:
    """Run the trials that are left, so many at a time.

    Args:
        job: on which sweep.
        num_jobs: processes; with one it is this process that works.
        asked: whether to stop.
    Raises:
        StoppedError: if one of those asked wanted it.
        ChildProcessError: if a process has ended with an error.
    """
    if num_jobs == 1:
        work(job, asked=asked)
        return
    context = multiprocessing.get_context("spawn")
    hears, stops = context.Pipe(duplex=False)
    made = [context.Process(target=_work_alone, args=(job, hears)) for _ in range(num_jobs)]
    for process, share in zip(made, _shares(num_jobs), strict=True):
        with having(share):
            process.start()
    stop = _wait(made, asked, stops)
    if not any(process.exitcode for process in made):
        return
    if stop is not None:
        raise StoppedError(stop, 0)
    raise ChildProcessError(
        "a process of the sweep has ended with an error, told above; what it was running goes on "
        "when the sweep is started again"
    )


def _wait(
    processes: Sequence[multiprocessing.process.BaseProcess],
    asked: Sequence[Asked],
    stops: Connection,
) -> Stop | None:
    """Until all have ended; hands on the wish to stop, and returns it.

    Not as a signal: a terminal sends its own to all processes at once, and to one that is saving
    its state because of it another would be the order to end.
    """
    stop: Stop | None = None
    for process in processes:
        while process.is_alive():
            process.join(LOOK_SECONDS)
            wish = next((wish for ask in asked if (wish := ask()) is not None), None)
            if wish is not None and stop is None:
                stop = wish
                stops.close()
    return stop


def _shares(num_jobs: int) -> list[dict[str, str]]:
    return shares(num_jobs, devices_of(os.environ), os.environ)


def _work_alone(job: Job, hears: Connection) -> None:
    """What one of the processes does."""
    with Signals() as signals:
        try:
            work(job, asked=[signals.wish, _silence(hears)])
        except StoppedError as error:
            sys.exit(error.stop.status)
        except Exception as error:
            say(f"error: {error}")
            sys.exit(LOST)


def _silence(hears: Connection) -> Asked:
    """A wish to stop once the other end, which the first process alone has, is closed.

    It closes it on purpose, or by ending in any way.
    """

    def ask() -> Stop | None:
        return (
            Stop("the sweep's own process stops, or has ended", LOST + 1) if hears.poll() else None
        )

    return ask
