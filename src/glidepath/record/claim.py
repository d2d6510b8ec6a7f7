"""One writer at a time: a lock that ends with the process that holds it."""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout


class ClaimedError(OSError):
    """Another process writes there."""


def claim(path: Path) -> FileLock:
    """Take what is at a path for this process alone, until `release` or the process's end.

    Args:
        path: of a file or a directory; the lock is a hidden file beside it.
    Returns:
        the lock, held.
    Raises:
        ClaimedError: if another process has it, naming that process.
        OSError: if the lock can't be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    file = lock_file(path)
    lock = FileLock(file, timeout=0, thread_local=False)  # a thread may end what another began
    try:
        lock.acquire()
    except Timeout:
        raise ClaimedError(
            f"{path} is being written by {_holder(file)}: wait for it, stop it, or choose another "
            "directory"
        ) from None
    file.write_text(f"process {os.getpid()} on {platform.node()}\n", encoding="utf-8")
    return lock


def lock_file(path: Path) -> Path:
    """The file by which what is at a path is claimed."""
    return path.with_name(f".{path.name}.lock")


def _holder(file: Path) -> str:
    with suppress(OSError):
        if text := file.read_text(encoding="utf-8", errors="replace").strip():
            return text.splitlines()[0][:80]
    return "another process"
