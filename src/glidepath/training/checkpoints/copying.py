"""Taking a checkpoint over from another run."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from glidepath.training.checkpoints.about import About
from glidepath.training.checkpoints.manifest import (
    FILE_NAME,
    DamagedError,
    copy_manifest,
    problems,
    read_manifest,
    sync,
)
from glidepath.training.checkpoints.store import SAVING, complete_steps


def copy_checkpoint(source: Path, step: int | None, target: Path, plan: str) -> About:
    """Make a checkpoint of one run the first of another.

    Args:
        source: the checkpoints of the one.
        step: which; None for the newest.
        target: the checkpoints of the other.
        plan: the fingerprint of the other's plan.
    Returns:
        what it is now.
    Raises:
        FileNotFoundError: if there is no such checkpoint.
        DamagedError: if it is not as it was written.
    """
    steps = complete_steps(source)
    if not steps or (step is not None and step not in steps):
        there = ", ".join(f"{one:,}" for one in steps) or "none"
        wanted = "no checkpoint" if step is None else f"no checkpoint at step {step:,}"
        raise FileNotFoundError(f"{wanted} in {source}; there are {there}")
    chosen = source / str(steps[-1] if step is None else step)
    if found := problems(chosen):
        raise DamagedError(f"the checkpoint {chosen} is damaged: {'; '.join(found[:3])}")
    about = read_manifest(chosen)
    about = replace(about, identity=about.identity | {"plan": plan}, is_due=True)
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
