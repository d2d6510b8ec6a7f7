"""States of a run on disk, to go on from: written whole or not at all, and checked when read."""

from glidepath.training.checkpoints.about import About, Heard, Redraw
from glidepath.training.checkpoints.copying import copy_checkpoint
from glidepath.training.checkpoints.keep import Keep
from glidepath.training.checkpoints.manifest import DamagedError, problems, read_manifest
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
    "Redraw",
    "SaveError",
    "check_path",
    "complete_steps",
    "copy_checkpoint",
    "discard_after",
    "problems",
    "read_manifest",
]
