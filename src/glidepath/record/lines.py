"""The file of a record: appended line by line, and read while it grows."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, final

from filelock import FileLock

from glidepath.record.claim import claim
from glidepath.record.schema import as_text, is_before

PIECE = 4_000_000
"""Bytes of a record that are parsed at once: they take a hundred milliseconds or so."""


@final
class Writer:
    """Appends to a record; what a process that is killed loses is at most its last line.

    Args:
        path: the file; its directory is made.
        start: the step of the run's first update from now on; lines about later ones are dropped,
            for they will be written again.
    Attributes:
        is_taken_over: whether another writer of this process has the file now.

    Raises:
        ClaimedError: if another process writes it.
        OSError: if it can't be written.
    """

    def __init__(self, path: Path, start: int) -> None:
        self._path, self.is_taken_over = path, False
        path.parent.mkdir(parents=True, exist_ok=True)
        if before := _WRITERS.get(path.resolve()):
            before.is_taken_over = True  # a notebook's cell that is run again
            before.close()
        lock = claim(path)
        try:
            if path.exists():
                _drop_from(path, start)
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except BaseException:
            lock.release()
            raise
        _WRITERS[path.resolve()] = self
        # A writer that is dropped without an end, as by a notebook, leaves nothing open.
        self._end = weakref.finalize(self, _release, self._file, lock, os.getpid())

    def write(self, line: dict[str, Any]) -> None:
        """Append one line.

        Raises:
            ValueError: if it is closed, or another writer of this process has taken it over.
            OSError: if it can't be written, with its path.
        """
        if self.is_taken_over:
            raise ValueError(
                f"another Recorder of this process has taken {self._path} over: log to that one, "
                "or give each a directory of its own"
            )
        if not self._end.alive:
            raise ValueError(f"{self._path} is closed")
        with _naming(self._path):
            self._file.write(as_text(line))

    def sync(self) -> None:
        """Wait until the disk has all that was written.

        Raises:
            OSError: if it can't be written, with its path.
        """
        with _naming(self._path):
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file, and let others write it."""
        with _naming(self._path):
            self._end()


_WRITERS: weakref.WeakValueDictionary[Path, Writer] = weakref.WeakValueDictionary()
"""Those of this process, of which the newest has the file."""


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Say which file it was: a full disk does not."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _release(file: TextIO, lock: FileLock, process: int) -> None:
    try:
        file.close()
    finally:
        if os.getpid() == process:  # a forked one would unlock what its parent goes on writing
            lock.release()


def _drop_from(path: Path, start: int) -> None:
    """Rewrite a record without half a last line, an end, and what will happen again."""
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        for line in read(path):
            if is_before(line, start) and line["kind"] != "end":
                file.write(as_text(line))
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """All whole lines of a record, in order.

    Raises:
        OSError: if there is none.
        ValueError: if a line in the midst of it is none of a record's.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, text in enumerate(file, start=1):
            if not text.endswith("\n"):
                return
            yield parsed(text, path, number)


def num_kept(path: Path, start: int | None) -> int:
    """How many updates a record has that is gone on with; 0 where there is none.

    Args:
        path: the file.
        start: the step that the run goes on at; None for a new one.
    Raises:
        FileExistsError: if there are some, and the run is a new one.
    """
    number = sum(line["kind"] == "update" for line in read(path)) if path.exists() else 0
    if number and start is None:
        raise FileExistsError(
            f"{path} has {number:,} updates: go on with the run by start=STEP, the step of its "
            "coming update, or choose another directory"
        )
    return number


@final
class Tail:
    """Reads a record that another process is writing, here or on another machine.

    Args:
        path: the file, which need not be there yet.

    Attributes:
        is_behind: whether there is more to read than the last call has, or none has come yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_behind = True
        self._start_again()

    def _start_again(self) -> None:
        self._position, self._number, self._identity = 0, 0, None

    def new_lines(self) -> tuple[bool, list[dict[str, Any]]]:
        """What was written since the last call, or a piece of it.

        Returns:
            Whether all that came before is void, for the run went on from an earlier step; and
            the lines.
        Raises:
            OSError, ValueError: as `read`.
        """
        if not self._path.exists():
            self.is_behind = False
            return False, []
        is_new = False
        with self._path.open("rb") as file:
            status = os.fstat(file.fileno())
            identity = (status.st_dev, status.st_ino)
            if self._identity not in (None, identity) or status.st_size < self._position:
                self._start_again()
                is_new = True
            self._identity = identity
            file.seek(self._position)
            data = _piece(file)
            self.is_behind = file.tell() < status.st_size
        whole = data[: data.rfind(b"\n") + 1]
        self._position += len(whole)
        texts = whole.decode("utf-8", errors="replace").split("\n")[:-1]
        first, self._number = self._number + 1, self._number + len(texts)
        return is_new, [parsed(text, self._path, i) for i, text in enumerate(texts, start=first)]


def _piece(file: BinaryIO) -> bytes:
    """The next piece, or as many as the next line has."""
    data = piece = file.read(PIECE)
    while piece and b"\n" not in piece:
        piece = file.read(PIECE)
        data += piece
    return data


def parsed(text: str, path: Path, number: int) -> dict[str, Any]:
    """One line of a record, from its text.

    Raises:
        ValueError: if it is none.
    """
    try:
        line = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        line = None
    is_line = isinstance(line, dict) and isinstance(line.get("kind"), str)
    if not is_line or type(line.get("step", 0)) is not int:
        raise ValueError(
            f"{path}, line {number}, is no line of a record, but {text.strip()[:60]!r}: the file "
            "was damaged or is another's"
        )
    return line
