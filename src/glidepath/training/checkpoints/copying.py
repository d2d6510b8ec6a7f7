"""Taking a checkpoint over from another run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from glidepath.record.writing import sync
from glidepath.training.checkpoints.about import About
from glidepath.training.checkpoints.manifest import (
    FILE_NAME,
    DamagedError,
    copy_manifest,
    problems,
    read_manifest,
)
from glidepath.training.checkpoints.store import SAVING, complete_steps


def whole_step(path: Path, step: int | None) -> int:
    """The step of a checkpoint that is as it was written; every byte of it is read.

    Args:
        path: of the checkpoints.
        step: which; None for the newest.
    Raises:
        FileNotFoundError: if there is no such checkpoint.
        DamagedError: if it is not as it was written.
    """
    steps = complete_steps(path)
    there = f"there are {', '.join(f'{one:,}' for one in steps) or 'none'}"
    if not steps or (step is not None and step not in steps):
        wanted = "no checkpoint" if step is None else f"no checkpoint at step {step:,}"
        raise FileNotFoundError(f"{wanted} in {path}; {there}")
    step = steps[-1] if step is None else step
    if found := problems(path / str(step)):
        raise DamagedError(
            f"the checkpoint {path / str(step)} is damaged: {'; '.join(found[:3])}; {there}"
        )
    return step


def copy_checkpoint(
    source: Path, step: int | None, target: Path, identity: dict[str, str]
) -> About:
    """Make a checkpoint of one run the first of another.

    Args:
        source: the checkpoints of the one.
        step: which; None for the newest.
        target: the checkpoints of the other.
        identity: of the other.
    Returns:
        what it is now.
    Raises:
        FileNotFoundError: if there is no such checkpoint.
        DamagedError: if it is not as it was written.
    """
    chosen = source / str(whole_step(source, step))
    about = replace(read_manifest(chosen), identity=identity, is_due=True)
    partial = target / f"{about.step}{SAVING}"
    try:
        shutil.copytree(chosen, partial, ignore=lambda *_: [FILE_NAME])
        copy_manifest(chosen, partial, about)
    except (DamagedError, shutil.Error):
        raise FileNotFoundError(
            f"the checkpoint {chosen} was removed meanwhile, for the run goes on; take one that it "
            "keeps"
        ) from None
    if found := problems(partial):
        raise DamagedError(f"the copy {partial} is damaged: {'; '.join(found[:3])}")
    partial.rename(target / str(about.step))
    sync(target)
    return about
