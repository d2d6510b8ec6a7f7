"""Where the engine keeps what it knows of the trials: a journal in a file, or a database."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, final

from filelock import FileLock

from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.storage_names import to_open

LOCK = ".lock"


@final
class _JournalLock:
    """Optuna's lock on the journal, as one of the system's, which ends with its process.

    Optuna's own are files: one that a killed process leaves behind is waited for, for 30 s. Half
    a line, which a kill or a full disk has left at the journal's end, is cut off by the next who
    has the lock: what is written after it would make one broken line of two.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._lock = FileLock(journal.with_name(journal.name + LOCK))

    def acquire(self) -> bool:
        self._lock.acquire()
        try:
            _mend(self._journal)
        except BaseException:
            self._lock.release()
            raise
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
        ConnectionError: if the database does not answer.
    """
    import optuna
    from sqlalchemy.exc import SQLAlchemyError

    optuna.logging.set_verbosity(logging.WARNING)
    storage = storage_of(directory, storage)
    if "://" not in storage:
        return open_journal(Path(storage))
    try:
        return optuna.storages.RDBStorage(storage)
    except SQLAlchemyError as error:
        raise ConnectionError(f"the storage of the sweep's trials: {error}") from error


def storage_of(directory: SweepDirectory, storage: str | None) -> str:
    """The URL or the file that is meant, absolute."""
    return to_open(storage or directory.table()["storage"] or str(directory.journal))


@contextmanager
def reached() -> Iterator[None]:
    """Say of a storage that fails meanwhile what it is, and that nothing is lost.

    Raises:
        ConnectionError: in the place of Optuna's error.
    """
    from optuna.exceptions import StorageInternalError

    try:
        yield
    except StorageInternalError as error:
        said = str(error.__cause__ or error).splitlines()[0]
        raise ConnectionError(
            f"the storage of the sweep's trials has failed: {said}; mend it, and go on by the same "
            "command"
        ) from error


def open_journal(path: Path) -> Any:
    """A journal in a file, without half a line that a killed process has left at its end."""
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = _JournalLock(path)
    lock.acquire()
    lock.release()
    return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))


def _mend(path: Path) -> None:
    """Cut off half a line at the end; nobody else writes one while the lock is held."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        end = whole = file.seek(0, os.SEEK_END)
        while whole and not _ends_line(file, whole):
            whole -= 1
        if whole < end:
            file.truncate(whole)


def _ends_line(file: BinaryIO, place: int) -> bool:
    file.seek(place - 1)
    return file.read(1) == b"\n"
