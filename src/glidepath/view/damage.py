"""A record whose lines are not as they should be."""

from __future__ import annotations

from pathlib import Path

from glidepath.view.plain import plain


def as_damage(file: Path, error: Exception) -> Exception:
    """What to raise for an error that came up while a record was read.

    Args:
        file: of the record.
        error: of the file system and of its reader, which say what is wrong, as they are; others,
            such as KeyError, come from a line that lacks what its kind has.
    """
    if isinstance(error, OSError | ValueError):
        return error
    what = f"{type(error).__name__}: {error}"
    return ValueError(f"{plain(file)} is no record of a run, or damaged: {what}")
