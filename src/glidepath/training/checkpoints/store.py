"""The checkpoints of one run: saved beside the training, each whole or not there at all."""

from __future__ import annotations

import logging
import re
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, final

import jax
import orbax.checkpoint as ocp
from filelock import FileLock

from glidepath.record.claim import claim
from glidepath.record.writing import sync
from glidepath.training.checkpoints.about import About
from glidepath.training.checkpoints.keep import Keep
from glidepath.training.checkpoints.manifest import (
    DamagedError,
    NewerError,
    problems,
    read_manifest,
    write_manifest,
)

ARRAYS = "state"
"""The folder of a checkpoint that orbax writes."""

WRITTEN_LAST = "manifest.ocdbt"
"""The file of it without which there are no arrays."""

SAVING, REMOVING, DAMAGED = ".saving", ".removing", ".damaged"
"""What a checkpoint's folder ends on while it is none, or is none any more."""

LOST_BY_ORBAX = "[]*?"
"""In a path with one of these orbax 0.12 writes checkpoints without their arrays, and says so in
the log only."""

# Orbax tells every file that it writes, and every error, which is told here, too.
logging.getLogger("absl").setLevel(logging.CRITICAL)


class SaveError(OSError):
    """A state could not be saved."""


@final
class Checkpoints:
    """The checkpoints of one run, and the only one who writes them.

    A state is copied from its devices, and written on a thread. It lies in `STEP.saving` until
    all is on the disk, its manifest last, and is renamed to `STEP` then: what a process that is
    killed leaves behind is never taken for a checkpoint.

    Args:
        path: a directory, which is made.
        keep: which of them stay.
        tell: gets sentences for the run's owner.
    Raises:
        ValueError: if what is saved at such a path would be lost.
        ClaimedError: if another process has them.
        OSError: if they can't be written.
    """

    def __init__(
        self, path: Path, keep: Keep | None = None, tell: Callable[[str], None] = print
    ) -> None:
        check_path(path)
        self._path, self._keep, self._tell = path.absolute(), keep or Keep(), tell
        self._is_writer = jax.process_index() == 0
        self._lock: FileLock | None = claim(self._path) if self._is_writer else None
        if self._is_writer:
            self._path.mkdir(parents=True, exist_ok=True)
            _clear(self._path)
        self._orbax = ocp.AsyncCheckpointer(ocp.StandardCheckpointHandler())
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self._saving: int | None = None
        self._saved: list[int] = []
        self._troubles: list[str] = []
        self.seconds = 0.0

    @property
    def steps(self) -> list[int]:
        """The numbers of updates of those that are complete, ascending."""
        return complete_steps(self._path)

    def newest(self, wanted: Callable[[About], bool] = lambda _: True) -> About | None:
        """The newest checkpoint that is as it was written, every byte of it.

        One that is damaged is set aside, and told.

        Args:
            wanted: whether one will do.
        Returns:
            what it is; None where there is none at all.
        Raises:
            FileNotFoundError: if there are some, and none of them is whole and wanted.
        """
        steps = self.steps
        for step in reversed(steps):
            found = problems(self._path / str(step))
            if found:
                self._set_aside(step, found)
            elif wanted(about := self.about(step)):
                return about
        if steps or _damaged(self._path):
            raise FileNotFoundError(
                f"no checkpoint in {self._path} is whole: the run is not started again by itself; "
                "put one back, or start a new run elsewhere"
            )
        return None

    def at(self, step: int) -> About:
        """The checkpoint at a step; one that is damaged is set aside.

        Raises:
            FileNotFoundError: if there is none that is as it was written.
        """
        found = problems(self._path / str(step)) if step in self.steps else []
        if found:
            self._set_aside(step, found)
        if step not in self.steps:
            there = ", ".join(f"{one:,}" for one in self.steps) or "none"
            how = "is damaged" if found else "is not there"
            raise FileNotFoundError(
                f"the checkpoint at step {step:,} in {self._path} {how}; there are {there}"
            )
        return self.about(step)

    def about(self, step: int) -> About:
        """What a complete checkpoint is.

        Raises:
            DamagedError: if its manifest is not as it was written.
        """
        return read_manifest(self._path / str(step))

    def _set_aside(self, step: int, found: list[str]) -> None:
        self._tell(
            f"the checkpoint at step {step:,} is damaged and is not used: {'; '.join(found[:3])}; "
            f"it is set aside as {step}{DAMAGED}"
        )
        _move(self._path / str(step), DAMAGED)

    def restore(self, step: int, like: Any) -> Any:
        """The arrays of a checkpoint.

        Args:
            step: of a complete one.
            like: a tree with the same shapes, and where they shall lie.
        Raises:
            ValueError: if the shapes are others.
        """
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, like)
        return self._orbax.restore(
            self._path / str(step) / ARRAYS, args=ocp.args.StandardRestore(abstract)
        )

    def save(self, arrays: Any, about: About) -> None:
        """Begin to write a state; one that is still being written is awaited.

        Args:
            arrays: a tree of them; they may be changed as soon as this returns.
            about: what it is.
        Raises:
            SaveError: if this one or the one before could not be written.
        """
        self.wait()
        began = time.perf_counter()
        directory = self._path / f"{about.step}{SAVING}"
        self._saving = about.step
        try:
            self._orbax.save(directory / ARRAYS, args=ocp.args.StandardSave(arrays))
        except Exception as error:
            raise self._failed(error) from error
        about = replace(about, time=round(time.time(), 3))
        self._thread = threading.Thread(
            target=self._finish, args=(directory, about, began), name="glidepath checkpoint"
        )
        self._thread.start()

    def _finish(self, directory: Path, about: About, began: float) -> None:
        """On the thread: when orbax has done, seal what it wrote, and remove what is not kept."""
        try:
            self._orbax.wait_until_finished()
            if self._is_writer:
                _check_arrays(directory)
                write_manifest(directory, about)
                directory.rename(self._path / str(about.step))
                sync(self._path)
            self._saved.append(about.step)
            if self._is_writer:
                self._remove_the_others()
        except BaseException as error:
            self._error = error
        finally:
            self.seconds = max(self.seconds, time.perf_counter() - began)

    def _remove_the_others(self) -> None:
        there = []
        for step in self.steps:
            with suppress(DamagedError, NewerError):  # told when somebody wants to go on from it
                there.append(self.about(step))
        kept = self._keep.kept(there)
        for one in there:
            if one.step not in kept:
                try:
                    _remove(self._path / str(one.step))
                except OSError as error:
                    self._troubles.append(f"the checkpoint at step {one.step:,} stays: {error}")

    def saved(self) -> list[int]:
        """Steps of the checkpoints that were completed since the last call.

        Raises:
            SaveError: if one could not be written.
        """
        if self._is_saving:
            return []
        self._check()
        troubles, self._troubles = self._troubles, []
        for trouble in troubles:
            self._tell(trouble)
        done, self._saved = self._saved, []
        return done

    def _check(self) -> None:
        if self._error is not None and not self._is_saving:
            error, self._error = self._error, None
            raise self._failed(error) from error

    @property
    def _is_saving(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _failed(self, error: BaseException) -> SaveError:
        """What to say; the half of it is removed, which a full disk needs most."""
        if self._is_writer:
            shutil.rmtree(self._path / f"{self._saving}{SAVING}", ignore_errors=True)
        last = f"the last good one is at step {self.steps[-1]:,}" if self.steps else "there is none"
        return SaveError(
            f"the checkpoint at step {self._saving:,} could not be written, and {last}: "
            f"{_first_line(error)}"
        )

    def wait(self) -> None:
        """Wait until what is being written is on the disk.

        Raises:
            SaveError: if it could not be written.
        """
        if self._thread is not None:
            self._thread.join()
        self._check()

    def close(self) -> None:
        """Finish what is being written, and let others write.

        Raises:
            SaveError: if it could not be written.
        """
        try:
            self.wait()
        finally:
            try:
                self._orbax.close()
            finally:
                if self._lock is not None:
                    self._lock.release()


def check_path(path: Path) -> None:
    """Refuse a path at which checkpoints would be lost.

    Raises:
        ValueError: naming what in it does that.
    """
    if found := set(str(path.absolute())) & set(LOST_BY_ORBAX):
        raise ValueError(
            f"checkpoints below {path.absolute()} would be lost: orbax takes "
            f"{' '.join(sorted(found))} in a path for a pattern; choose another directory"
        )


def _check_arrays(directory: Path) -> None:
    """Refuse to seal what orbax has not finished."""
    if not (directory / ARRAYS / WRITTEN_LAST).exists():
        raise OSError(f"orbax has written no {WRITTEN_LAST} into {directory / ARRAYS}")


def complete_steps(path: Path) -> list[int]:
    """The steps of the complete checkpoints in a directory, ascending; damaged ones among them."""
    if not path.is_dir():
        return []
    return sorted(
        int(one.name)
        for one in path.iterdir()
        if re.fullmatch(r"0|[1-9][0-9]*", one.name) and one.is_dir() and not one.is_symlink()
    )


def discard_after(path: Path, step: int) -> None:
    """Remove the checkpoints after a step from a directory; the newest first."""
    for one in reversed(complete_steps(path)):
        if one > step:
            _remove(path / str(one))


def _damaged(path: Path) -> list[Path]:
    return list(path.glob(f"*{DAMAGED}*"))


def _clear(path: Path) -> None:
    """Remove what a process that was killed has left half written or half removed."""
    for ending in (SAVING, REMOVING):
        for orphan in path.glob(f"*{ending}*"):
            if orphan.is_dir():
                shutil.rmtree(orphan)
            else:
                orphan.unlink()


def _remove(directory: Path) -> None:
    """Remove a checkpoint, which is none from the first moment on."""
    shutil.rmtree(_move(directory, REMOVING), ignore_errors=True)


def _move(directory: Path, ending: str) -> Path:
    """Rename a checkpoint, to a name that is free."""
    moved, number = directory.with_name(directory.name + ending), 2
    while moved.exists():
        moved = directory.with_name(f"{directory.name}{ending}.{number}")
        number += 1
    return directory.rename(moved)


def _first_line(error: BaseException) -> str:
    """What went wrong; the cause stands at the end, behind long names of files."""
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return first if len(first) <= 300 else f"{first[:100]} ... {first[-195:]}"
