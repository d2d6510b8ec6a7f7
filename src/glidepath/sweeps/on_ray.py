"""Trials on a Ray cluster, which runs them in parallel; Optuna suggests and remembers as ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from glidepath.sweeps.failures import check_hope
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
        gpus: of GPUs; None where the cluster has none.
    """

    cpus: float = 1
    gpus: float | None = None

    def check(self, cluster: Mapping[str, float]) -> None:
        """Refuse to share GPUs by chance.

        Args:
            cluster: what it has, by Ray's names.
        Raises:
            ValueError: if it has GPUs, and it is not said what a trial takes of them.
        """
        if self.gpus is None and cluster.get("GPU", 0) > 0:
            raise ValueError(
                f"`gpus` must be given, for the cluster has {cluster['GPU']:g}, and would start a "
                "trial for every core on them: 1 for one each, 0.5 for two trials on one"
            )


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
        ValueError: if it is not said how many GPUs a trial takes; if the first have all failed.
        ModuleNotFoundError: if Ray is not installed.
        ConnectionError: if there is no cluster at the address.
    """
    import ray

    study, sweep = job.study(), job.sweep()
    resources = resources or Resources()
    ray.init(address=address or LOCAL, include_dashboard=False if address is None else None,
             log_to_driver=False, configure_logging=False)  # fmt: skip
    try:
        resources.check(ray.cluster_resources())
        task = ray.remote(_run_one).options(
            num_cpus=resources.cpus, num_gpus=resources.gpus or 0, max_retries=TRIES
        )
        before = study.num_done
        left = sweep.trials - before
        told = _run_all(ray, lambda: task.remote(job), left, num_jobs or left)
        for texts in told:
            for text in texts:
                tell(text)
            check_hope(study, before)
    finally:
        ray.shutdown()


def _run_one(job: Job) -> list[str]:
    """Of a task of Ray's: take a trial and run it; returns what is to be told."""
    told: list[str] = []
    work(job, tell=told.append, most=1)
    return told


def _run_all(ray: Any, start: Callable[[], Any], left: int, at_once: int) -> Iterator[list[str]]:
    """So many tasks, no more than some of them at once; what they tell."""
    running = [start() for _ in range(min(left, at_once))]
    left -= len(running)
    while running:
        done, running = ray.wait(running)
        for one in done:
            yield ray.get(one)
        new = min(left, len(done))
        running += [start() for _ in range(new)]
        left -= new
