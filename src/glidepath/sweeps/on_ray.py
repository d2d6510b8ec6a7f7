"""Trials on a Ray cluster, which runs them in parallel; Optuna suggests and remembers as ever."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from glidepath.sweeps.working import Job, Tell, say, work

TRIES = 3
"""How often Ray begins anew with a trial whose process or node has died; it goes on then."""

LOCAL = "local"
"""Starts Ray on this machine; without any address it would look for a cluster, also for one that
has died."""


@dataclass(frozen=True)
class Resources:
    """What a trial takes of a cluster.

    Attributes:
        cpus: cores.
        gpus: of GPUs.
    """

    cpus: float = 1
    gpus: float = 0


def work_on_ray(
    job: Job,
    *,
    address: str | None = None,
    num_jobs: int | None = None,
    resources: Resources | None = None,
    tell: Tell = say,
) -> None:
    """Run the trials that are left on Ray.

    Args:
        job: on which sweep; all nodes must have its directory at the same path.
        address: of a cluster, "auto" for the one that this machine is part of; None for a new one
            on this machine.
        num_jobs: trials at a time; None for as many as there is room for.
        resources: that each takes.
        tell: what happens.
    Raises:
        ModuleNotFoundError: if Ray is not installed.
        ConnectionError: if there is no cluster at the address.
    """
    import ray

    study, sweep = job.study(), job.sweep()
    resources = resources or Resources()
    ray.init(address=address or LOCAL, include_dashboard=False if address is None else None,
             log_to_driver=False, configure_logging=False)  # fmt: skip
    try:
        task = ray.remote(_run_one).options(
            num_cpus=resources.cpus, num_gpus=resources.gpus, max_retries=TRIES
        )
        left = sweep.trials - study.num_done
        _run_all(ray, lambda: task.remote(job), left, num_jobs or left, tell)
    finally:
        ray.shutdown()


def _run_one(job: Job) -> list[str]:
    """Of a task of Ray's: take a trial and run it; returns what is to be told."""
    told: list[str] = []
    work(job, tell=told.append, most=1)
    return told


def _run_all(ray: Any, start: Callable[[], Any], left: int, at_once: int, tell: Tell) -> None:
    """So many tasks, no more than some of them at once."""
    running = [start() for _ in range(min(left, at_once))]
    left -= len(running)
    while running:
        done, running = ray.wait(running)
        for one in done:
            for text in ray.get(one):
                tell(text)
        new = min(left, len(done))
        running += [start() for _ in range(new)]
        left -= new
