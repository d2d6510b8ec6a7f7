"""What is done to a run's plan and configuration, in children: whole, killed, or torn."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np

from glidepath import Phase, Plan, linear
from glidepath.training.run_directory import RunDirectory
from tests.faults.child import Child, Job
from tests.faults.outcome import Outcome, orphans
from tests.faults.places import CHANGES, die_at_change

BEFORE = Plan(Phase("training", 8, lr=linear(0.1, 0.0)))
NUM_FILES = 3
"""That a change writes: the plan, the configuration, the plan again for people."""

AFTER = Plan(Phase("training", 8, lr=linear(0.2, 0.0)))


def change(job: Job) -> None:
    """What `resume --accept-changes` does; exits as the command does."""
    try:
        RunDirectory(job.path).change(AFTER, {"batch": 2}, ["plan"], 0)
    except OSError as error:
        job.log.write_text(f"error: {error}")
        sys.exit(1)


def change_and_die(job: Job) -> None:
    """Killed right before a change of the disk."""
    die_at_change(job.number, job.path)
    change(job)


def start(job: Job) -> None:
    """What `train` does before the first update, with a small file for the statistics."""
    directory = RunDirectory(job.path)
    with directory.starting():
        directory.statistics.mkdir()
        (directory.statistics / "mean.nc").write_text("1")
        directory.create(BEFORE, {"batch": 1})


def start_and_die(job: Job) -> None:
    """Killed right before a change of the disk."""
    die_at_change(job.number, job.path)
    start(job)


def killed_in_a_change(seed: int, folder: Path, whole: Job) -> Outcome:
    """At a change of the disk that is drawn by lot; the run is the old one or the new one."""
    random = np.random.default_rng(seed)
    job = Job(folder / f"change-{seed}", number=int(random.integers(4 * NUM_FILES)))
    directory = RunDirectory(job.path)
    directory.create(BEFORE, {"batch": 1})
    child = Child(job, change_and_die if random.random() < 0.5 else change_and_tear)
    child.end()
    plan, configuration = directory.open()
    is_one = (plan, configuration["batch"]) in [(BEFORE, 1), (AFTER, 2)]
    directory.change(AFTER, configuration | {"batch": 2}, ["again"], 0)
    is_changed = directory.open()[0] == AFTER
    num_orphans = child.num_orphans() + len(orphans(job.path))
    return Outcome(is_changed, is_one, num_orphans, told=None)


def change_and_tear(job: Job) -> None:
    """Killed when a file has been half written, whose rest never came to the disk."""
    left, torn = job.number, ""

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left, torn
        is_written = event == "open" and arguments[2] & os.O_WRONLY
        if not (is_written or event in CHANGES) or str(job.path) not in str(arguments[0]):
            return
        if torn:
            file, torn = torn, ""
            os.truncate(file, Path(file).stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        left -= is_written and not str(arguments[0]).endswith(".lock")
        torn = str(arguments[0]) if is_written and left < 0 else ""

    sys.addaudithook(look)
    change(job)
