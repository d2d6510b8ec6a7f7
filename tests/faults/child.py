"""Real processes that train, to be killed, signalled and starved of disk.

They are forked by one server that has imported everything and started nothing, so that a process
takes a tenth of a second to begin and not three.
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.forkserver
import os
import resource
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

import jax
import numpy as np

from glidepath.training.loop import train
from glidepath.training.run_directory import RunDirectory
from glidepath.training.settings import Settings
from glidepath.training.signals import Signals
from glidepath.training.stopping import StoppedError
from tests.faults import places
from tests.faults.problem import PLAN, SETTINGS, SlowLine

PATIENCE_SECONDS = 240.0
"""After which a child that does nothing is taken for hung; many times what it needs."""


@dataclass(frozen=True)
class Job:
    """What a child trains, and what happens to it.

    Attributes:
        path: of the run; the child's log and the run's final state lie beside it.
        settings: of the run.
        problem: arguments of `SlowLine`.
        name: of the child, beside other ones of the run.
        place: one of `places.PLACES`, such as one where it waits to be killed.
        number: of the save, or of the change of the disk, that it is about.
        dies_at_change: whether it kills itself at a change of the disk below its run.
        largest_bytes: no file may grow beyond, once it is at `starved_from`; None for no limit.
        starved_from: updates.
        cache: of compiled code, so that not every child compiles; None to compile.
        log_folder: where its log lies, if not beside the run.
    """

    path: Path
    settings: Settings = SETTINGS
    problem: dict[str, Any] = field(default_factory=dict)
    name: str = "child"
    place: str | None = None
    number: int = 0
    dies_at_change: bool = False
    largest_bytes: int | None = None
    starved_from: int = 0
    cache: Path | None = None
    log_folder: Path | None = None

    @property
    def log(self) -> Path:
        """What the child says."""
        return (self.log_folder or self.path.parent) / f"{self.path.name}.{self.name}.log"

    @property
    def final(self) -> Path:
        """The state after the last update."""
        return self.path.with_suffix(".npz")


class Teller:
    """An observer that says everything, and lets the disk run full when that is asked for."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def resumed(self, step: int) -> None:
        self.notice(f"resumed {step}")

    def compiling(self, rollout: int) -> None:
        self.notice(f"compiling {rollout}")

    def compiled(self, rollout: int, seconds: float) -> None:
        self.notice(f"compiled {rollout}")

    def wrote(self, line: dict[str, Any]) -> None:
        self.notice(f"{line['kind']} {line.get('step', 0)}")
        most = self._job.largest_bytes
        if most is not None and line["kind"] == "update" and line["step"] >= self._job.starved_from:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def notice(self, text: str) -> None:
        print(text, flush=True)

    def wants_to_stop(self) -> None:
        return None


def arrays(state: Any) -> dict[str, np.ndarray]:
    """A state's arrays by name."""
    leaves = jax.tree_util.tree_leaves_with_path(jax.device_get(state))
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in leaves}


def run(job: Job) -> int:
    """Begin a run, or go on with it; returns the exit status that the command would have."""
    directory = RunDirectory(job.path)
    if not directory.exists():
        directory.create(PLAN, {})
    with Signals() as signals:
        try:
            state = train(SlowLine(**job.problem), PLAN, directory, job.settings, Teller(job),
                          asked=[signals.wish])  # fmt: skip
        except StoppedError as error:
            return error.stop.status
        except (OSError, ValueError) as error:
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
            print(f"error: {type(error).__name__}: {error}", flush=True)
            return 1
        np.savez(job.final, **arrays(state))
        stop = signals.wish()
    return stop.status if stop else 0


def _main(job: Job) -> None:
    """In the child."""
    os.setsid()
    log = os.open(job.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if job.cache is not None:
        jax.config.update("jax_compilation_cache_dir", str(job.cache))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    if job.place is not None:
        places.PLACES[job.place](job.number)
    if job.dies_at_change:
        places.die_at_change(job.number, job.path)
    sys.exit(run(job))


def _server() -> Any:
    """The server, which is started once, with one thread, so that it can be forked."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.child"])
    alone = {"OPENBLAS_NUM_THREADS": "1", "JAX_PLATFORMS": "cpu", "PYTHONUNBUFFERED": "1"}
    with mock.patch.dict(os.environ, alone):
        multiprocessing.forkserver.ensure_running()
    return context


class Child:
    """A process, from its start on."""

    def __init__(self, job: Job, main: Any = _main) -> None:
        self.job = job
        job.log.unlink(missing_ok=True)
        self._process: BaseProcess = _server().Process(target=main, args=(job,), daemon=True)
        self._process.start()

    @property
    def number(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def log(self) -> str:
        """What it has said so far."""
        with suppress(FileNotFoundError):
            return self.job.log.read_text(errors="replace")
        return ""

    @property
    def last_words(self) -> str:
        """The last line of what it has said."""
        return self.log.rstrip().rpartition("\n")[2]

    def says(self, text: str) -> bool:
        """Wait until it says something; returns False if it ends without."""
        until = time.monotonic() + PATIENCE_SECONDS
        while text not in self.log:
            if not self._process.is_alive():
                return text in self.log
            assert time.monotonic() < until, f"{self.job.path} hangs: {self.log}"
            time.sleep(0.002)
        return True

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there still."""
        with suppress(ProcessLookupError):
            os.kill(self.number, number)

    def kill(self) -> None:
        """kill -9."""
        self.send(signal.SIGKILL)
        self.end()

    def end(self) -> int:
        """Wait for its end; returns its exit status, below 0 where a signal was its end."""
        self._process.join(PATIENCE_SECONDS)
        status = self._process.exitcode
        assert status is not None, f"{self.job.path} hangs: {self.log}"
        return status

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return not self._process.is_alive()

    def num_orphans(self) -> int:
        """Processes that it has left behind."""
        with suppress(ProcessLookupError):
            os.killpg(self.number, 0)
            return 1
        return 0


def finish(job: Job) -> Child:
    """Go on with a run, undisturbed, to its end."""
    calm = replace(job, name="after", place=None, dies_at_change=False, largest_bytes=None,
                   problem=job.problem | {"seconds": 0.0, "num_copies": 0})  # fmt: skip
    child = Child(calm)
    child.end()
    return child
