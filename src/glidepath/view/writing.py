"""A text where a user asked for it, which may be a link or a pipe."""

from __future__ import annotations

import os
from pathlib import Path

from glidepath.record import writing


def write_whole(path: Path, text: str) -> None:
    """Write a text where a user asked for it.

    A file is replaced at once, behind its links and with the rights that it had; what is no file,
    such as a pipe or `/dev/stdout`, is written to.

    Args:
        path: of the file.
        text: with its ends of lines as they shall be.
    Raises:
        OSError: if it can't be written.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8", newline="")
        return
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} may not be written")
    writing.write_whole(target, text)
