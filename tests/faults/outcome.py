"""What became of a run that something went wrong with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from glidepath.training.run_directory import RunDirectory
from tests.faults.child import Child, Job
from tests.resume.test_resume import updates, what_was_measured

ORPHANS = ("*.saving", "*.removing*", "*.partial", "*orbax-checkpoint-tmp*")


@dataclass(frozen=True)
class Outcome:
    """What became of it.

    Attributes:
        survived: whether it came to its end, when it was gone on with.
        is_equal: whether its final state and its record are those of an uninterrupted run.
        num_orphans: files and processes that are left and belong to nobody.
        told: whether its owner was told what went wrong and from where it goes on; None where
            there is nothing to tell.
    """

    survived: bool
    is_equal: bool
    num_orphans: int = 0
    told: bool | None = True

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, left or kept back."""
        return replace(self, told=self.told is not False) == GOOD


GOOD = Outcome(survived=True, is_equal=True)


def outcome(job: Job, whole: Job, children: list[Child], *, told: bool = True) -> Outcome:
    """Of a run that has come to its end, or has not.

    Args:
        job: of the run.
        whole: of an uninterrupted one.
        children: all processes that it had.
        told: as in `Outcome`.
    """
    survived = job.final.exists()
    return Outcome(
        survived=survived,
        is_equal=survived and same(job, whole),
        num_orphans=sum(child.num_orphans() for child in children) + len(orphans(job.path)),
        told=told,
    )


def same(job: Job, whole: Job) -> bool:
    """Whether two runs have come to the same numbers, bit for bit, and said the same of them."""
    with np.load(job.final) as ours, np.load(whole.final) as theirs:
        if ours.files != theirs.files:
            return False
        if any(ours[one].tobytes() != theirs[one].tobytes() for one in ours.files):
            return False
    records = [RunDirectory(one.path).record_file for one in (job, whole)]
    return all(read(records[0]) == read(records[1]) for read in (updates, what_was_measured))


def orphans(path: Path) -> list[Path]:
    """Files below a run's directory that are half of something."""
    return sorted(found for pattern in ORPHANS for found in path.rglob(pattern))
