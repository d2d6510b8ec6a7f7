"""States of a run on disk, to go on from: written whole or not at all, and checked when read."""

from glidepath.training.checkpoints.about import About, Heard, Redraw
from glidepath.training.checkpoints.copying import copy_checkpoint, whole_step
from glidepath.training.checkpoints.keep import Keep
from glidepath.training.checkpoints.manifest import (
    DamagedError,
    NewerError,
    Seal,
    changed_files,
    problems,
    read_manifest,
    seal,
)
from glidepath.training.checkpoints.store import (
    Checkpoints,
    SaveError,
    check_path,
    complete_steps,
    discard_after,
)

__all__ = [
    "About",
    "Checkpoints",
    "DamagedError",
    "Heard",
    "Keep",
    "NewerError",
    "Redraw",
    "SaveError",
    "Seal",
    "changed_files",
    "check_path",
    "complete_steps",
    "copy_checkpoint",
    "discard_after",
    "problems",
    "read_manifest",
    "seal",
    "whole_step",
]
