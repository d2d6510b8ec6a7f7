"""A text file that is there as a whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PARTIAL = ".partial"
"""What a file's name ends on until it is whole."""


def write_whole(path: Path, text: str) -> None:
    """Write a file, or replace one that keeps its rights, so that a power cut leaves one of them.

    Args:
        path: of the file, in a directory that there is.
        text: with its ends of lines as they shall be.
    Raises:
        OSError: if it can't be written; what was there stays.
    """
    partial = path.with_name(path.name + PARTIAL)
    with partial.open("w", encoding="utf-8", newline="") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        shutil.copymode(path, partial)
    partial.replace(path)
    sync(path.parent)


def sync(*paths: Path) -> None:
    """Wait until the disk has files, or the names in directories; Windows needs none of it."""
    for path in paths if os.name == "posix" else ():
        opened = os.open(path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)
