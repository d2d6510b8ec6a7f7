"""Checkpoints that are not as they were written: every file of one, in every way."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from glidepath.training.checkpoints import complete_steps
from glidepath.training.run_directory import RunDirectory
from tests.faults.child import Job, finish
from tests.faults.outcome import Outcome, outcome

CUT_AT = 11
"""Updates of the run whose checkpoints are broken; the one before its last is at step 9."""

OLDER = 9


def flipped(file: Path, random: np.random.Generator) -> None:
    """One bit of it is another."""
    data = bytearray(file.read_bytes())
    if data:
        data[random.integers(len(data))] ^= 1 << int(random.integers(8))
        file.write_bytes(data)
    else:
        file.write_bytes(b"\1")  # there is no bit to flip


def truncated(file: Path, random: np.random.Generator) -> None:
    """Its end is missing."""
    data = file.read_bytes()
    file.write_bytes(data[: random.integers(len(data))] if data else b"\1")


def emptied(file: Path, random: np.random.Generator) -> None:
    """All of it is missing."""
    file.write_bytes(b"" if file.stat().st_size else b"\1")


def removed(file: Path, random: np.random.Generator) -> None:
    """It is not there."""
    file.unlink()


DAMAGES: dict[str, Callable[[Path, np.random.Generator], None]] = {
    one.__name__: one for one in (flipped, truncated, emptied, removed)
}


def files(job: Job, step: int = CUT_AT) -> list[Path]:
    """The files of a checkpoint, in order of their names; orbax draws some of these by lot."""
    folder = RunDirectory(job.path).checkpoints / str(step)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def copied(cut: Job, path: Path) -> Job:
    """A copy of a run that was cut short."""
    shutil.copytree(cut.path, path)
    return replace(cut, path=path)


def a_file(
    seed: int, folder: Path, whole: Job, cut: Job, which: int | None = None, how: str | None = None
) -> Outcome:
    """A file of the newest checkpoint, drawn by lot where none is named."""
    random = np.random.default_rng(seed)
    job = replace(copied(cut, folder / f"broken-{seed}-{which}-{how}"), settings=whole.settings)
    file = files(job)[int(random.integers(len(files(job)))) if which is None else which]
    DAMAGES[how or str(random.choice(list(DAMAGES)))](file, random)
    after = finish(job)
    told = f"step {CUT_AT} is damaged and is not used" in after.log and file.name in after.log
    return outcome(job, whole, [after], told=told and f"resumed {OLDER}\n" in after.log)


def all_of_them(seed: int, folder: Path, whole: Job, cut: Job) -> Outcome:
    """Every checkpoint, so that none is left; then one is put back."""
    random = np.random.default_rng(seed)
    job = replace(copied(cut, folder / f"all-{seed}"), settings=whole.settings)
    checkpoints = RunDirectory(job.path).checkpoints
    kept = shutil.copytree(checkpoints / str(OLDER), folder / f"kept-{seed}")
    for step in complete_steps(checkpoints):
        there = files(job, step)
        flipped(there[random.integers(len(there))], random)
    before = contents(job.path)
    refused = finish(job)
    again = finish(job)
    told = all("is whole: the run is not started again" in one.log for one in (refused, again))
    told = told and refused.end() == again.end() == 1 and contents(job.path) == before
    kept.rename(checkpoints / str(OLDER))
    after = finish(job)
    return outcome(job, whole, [refused, again, after], told=told)


def contents(path: Path) -> list[str]:
    """What a run's files hold, whatever a checkpoint is called; locks say who was there last."""
    found = [one for one in path.rglob("*") if one.is_file() and one.suffix != ".lock"]
    return sorted(hashlib.sha256(one.read_bytes()).hexdigest() for one in found)
