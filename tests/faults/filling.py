"""A disk that is full: files that may not grow any more, and a small disk with a large file."""

from __future__ import annotations

import ctypes
import functools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.faults.child import Child, Job, finish
from tests.faults.outcome import Outcome, outcome

DISK_BYTES = 8 * 1024**2

LESS_THAN_ARRAYS = 100_000
"""Bytes that the record never has, and that the arrays of a checkpoint always have."""

LESS_THAN_RECORD = 6_000
"""Bytes that the record has after ten updates, and that the child's log seldom has."""

DETACHED = 2
"""MNT_DETACH, of sys/mount.h."""


def for_the_checkpoint(seed: int, folder: Path, whole: Job) -> Outcome:
    """The record can grow, and the arrays of a checkpoint can't be written."""
    return _starved(seed, folder / f"no-checkpoint-{seed}", whole, LESS_THAN_ARRAYS)


def for_the_record(seed: int, folder: Path, whole: Job) -> Outcome:
    """Not even the record can grow."""
    return _starved(seed, folder / f"no-record-{seed}", whole, LESS_THAN_RECORD)


def _starved(seed: int, path: Path, whole: Job, largest_bytes: int) -> Outcome:
    starved_from = int(np.random.default_rng(seed).integers(10, 17))
    job = replace(whole, path=path, largest_bytes=largest_bytes, starved_from=starved_from)
    child = Child(job)
    told = child.end() == 1 and "File too large" in child.last_words
    after = finish(job)
    # A save may have begun before there was no more room, and not have ended.
    last = starved_from // 3 * 3
    told = told and any(f"resumed {step}\n" in after.log for step in (last, last - 3))
    return outcome(job, whole, [child, after], told=told)


def of_a_small_disk(seed: int, folder: Path, whole: Job) -> Outcome:
    """Another file takes all that is left; later it is removed again."""
    update = int(np.random.default_rng(seed).integers(4, 14))
    with small_disk(folder / f"disk-{seed}") as disk:
        job = replace(whole, path=disk / "run", problem={"seconds": 0.05})
        child = Child(replace(job, log_folder=folder))
        child.says(f"update {update}\n")
        large = disk / "somebody's"
        _fill(large)
        told = child.end() == 1 and "No space left" in child.last_words
        large.unlink()
        after = finish(job)
        return outcome(job, whole, [child, after], told=told and "resumed" in after.log)


@functools.cache
def can_mount() -> bool:
    """Whether this process may mount a disk of its own."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with small_disk(Path(folder) / "disk"):
                return True
        except (OSError, AttributeError):
            return False


def _fill(file: Path) -> None:
    """Until there is no byte left, large pieces first."""
    with file.open("wb", buffering=0) as large:
        for size in (64 * 1024, 4096, 1):
            with suppress(OSError):
                while large.write(b"x" * size):
                    pass


@contextmanager
def small_disk(path: Path) -> Iterator[Path]:
    """A disk of 8 MiB, in memory, for as long as it is entered.

    Raises:
        OSError: if this process may not mount one.
    """
    path.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"size={DISK_BYTES}".encode()
    if libc.mount(b"tmpfs", os.fsencode(path), b"tmpfs", 0, options) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    try:
        yield path
    finally:
        libc.umount2(os.fsencode(path), DETACHED)
