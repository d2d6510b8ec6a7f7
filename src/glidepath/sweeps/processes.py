"""Several processes of one machine at work on a sweep."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Sequence

from glidepath.sweeps.working import Job, say, work
from glidepath.training.signals import Signals
from glidepath.training.stopping import Asked, Stop, StoppedError

LOST = 1
"""The exit status of a process whose parent has ended."""

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
    made = [context.Process(target=_work_alone, args=(job, os.getpid())) for _ in range(num_jobs)]
    for process in made:
        process.start()
    stop = _wait(made, asked)
    if stop is not None:
        raise StoppedError(stop, 0)
    if any(process.exitcode for process in made):
        raise ChildProcessError(
            "a process of the sweep has ended with an error, told above; what it was running goes "
            "on when the sweep is started again"
        )


def _wait(
    processes: Sequence[multiprocessing.process.BaseProcess], asked: Sequence[Asked]
) -> Stop | None:
    """Until all have ended; hands on the wish to stop."""
    stop: Stop | None = None
    for process in processes:
        while process.is_alive():
            process.join(LOOK_SECONDS)
            wish = next((wish for ask in asked if (wish := ask()) is not None), None)
            if wish is not None and stop is None:
                stop = wish
                for one in processes:
                    one.terminate()
    return stop


def _work_alone(job: Job, parent: int) -> None:
    """What one of the processes does."""
    with Signals() as signals:
        try:
            work(job, asked=[signals.wish, _gone(parent)])
        except StoppedError as error:
            sys.exit(error.stop.status)
        except Exception as error:
            say(f"error: {error}")
            sys.exit(LOST)


def _gone(parent: int) -> Callable[[], Stop | None]:
    def ask() -> Stop | None:
        return (
            None if os.getppid() == parent else Stop("the sweep's own process has ended", LOST + 1)
        )

    return ask
