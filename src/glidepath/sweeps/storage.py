"""Where the engine keeps what it knows of the trials: a journal in a file, or a database."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, final

from filelock import FileLock

from glidepath.sweeps.directory import HIDDEN, SweepDirectory

LOCK = ".lock"


@final
class _JournalLock:
    """Optuna's lock on the journal, as one of the system's, which ends with its process.

    Optuna's own are files: one that a killed process leaves behind is waited for, for 30 s.
    """

    def __init__(self, journal: Path) -> None:
        self._lock = FileLock(journal.with_name(journal.name + LOCK))

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def open_storage(directory: SweepDirectory, storage: str | None = None) -> Any:
    """The storage of a sweep.

    Args:
        directory: of the sweep.
        storage: a database's URL or a journal's file; None for what the sweep was started with.
    Raises:
        ModuleNotFoundError: if Optuna, or the database's driver, is not installed.
        ValueError: if the sweep was started with a URL whose password is not known.
    """
    import optuna

    optuna.logging.set_verbosity(logging.WARNING)
    storage = storage or directory.table()["storage"] or str(directory.journal)
    if "://" not in storage:
        return open_journal(Path(storage))
    if f":{HIDDEN}@" in storage:
        raise ValueError(
            f"the sweep's trials are in {storage}: give it by --storage, with password"
        )
    return optuna.storages.RDBStorage(storage)


def open_journal(path: Path) -> Any:
    """A journal in a file, without half a line that a killed process has left at its end."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _JournalLock(path)
    _mend(path, lock)
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def _mend(path: Path, lock: _JournalLock) -> None:
    """Cut off half a line; nobody writes one while the lock is held."""
    lock.acquire()
    try:
        if not path.exists():
            return
        text = path.read_bytes()
        whole = text.rfind(b"\n") + 1
        if whole < len(text):
            with path.open("r+b") as file:
                file.truncate(whole)
    finally:
        lock.release()
