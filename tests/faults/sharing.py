"""Two processes on one run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from glidepath.training.run_directory import RunDirectory
from tests.faults.changing import change
from tests.faults.child import Child, Job, finish
from tests.faults.outcome import Outcome, outcome


def by_two(seed: int, folder: Path, whole: Job, *, kills: bool = True) -> Outcome:
    """A second process comes, and one that would change the run; then the first may be killed."""
    update = int(np.random.default_rng(seed).integers(1, 12))
    job = replace(whole, path=folder / f"shared-{seed}", problem={"seconds": 0.05})
    first = Child(job)
    told = first.says(f"update {update}\n")
    configuration = RunDirectory(job.path).configuration_file.read_text()
    others = [Child(replace(job, name="second")), Child(replace(job, name="changing"), change)]
    named = f"is being written by process {first.number} on "
    told = told and all(one.end() == 1 and named in one.last_words for one in others)
    told = told and RunDirectory(job.path).configuration_file.read_text() == configuration
    if kills:
        first.kill()
        others.append(finish(job))
    told = told and (kills or first.end() == 0)
    return outcome(job, whole, [first, *others], told=told)
