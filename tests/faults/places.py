"""Where a child waits to be killed, or ends itself, or finds the disk full.

All of it is done to the child from outside: nothing in `src` knows of it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import orbax.checkpoint as ocp

from glidepath.training.checkpoints import manifest, store

HELD = "held at"
"""Said in the log of a child that waits."""


def hold(place: str) -> None:
    """Say where, and wait to be killed."""
    print(f"{HELD} {place}", flush=True)
    time.sleep(600)


class _Counted:
    """Calls a function, and holds at one of the calls.

    Args:
        function: called.
        number: of the call, from 0.
        held: what is done at that call in the function's place.
    """

    def __init__(self, function: Callable[..., Any], number: int, held: Callable[..., Any]) -> None:
        self._function, self._number, self._held = function, number, held

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        self._number -= 1
        chosen = self._held if self._number == -1 else self._function
        return chosen(*arguments, **named)

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        return lambda *arguments, **named: self(instance, *arguments, **named)


def before_the_arrays(number: int) -> None:
    """Nothing is written yet."""
    _hold(ocp.AsyncCheckpointer, "save", number, lambda *_, **__: hold("before the arrays"))


def amid_the_arrays(number: int) -> None:
    """Orbax is writing, or has just written."""
    held = lambda *_: hold("amid the arrays")
    # Orbax calls it, too, at the beginning of every save.
    _hold(ocp.AsyncCheckpointer, "wait_until_finished", 2 * number + 1, held)


def amid_the_manifest(number: int) -> None:
    """Half of it is written."""

    def half(directory: Path, about: Any) -> None:
        manifest.write_manifest(directory, about)
        file = directory / manifest.FILE_NAME
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
        hold("amid the manifest")

    _hold(store, "write_manifest", number, half)


def before_the_rename(number: int) -> None:
    """All is written, and it is no checkpoint yet."""

    def whole(directory: Path, about: Any) -> None:
        manifest.write_manifest(directory, about)
        hold("before the rename")

    _hold(store, "write_manifest", number, whole)


def after_the_rename(number: int) -> None:
    """It is one, and the ones that are not kept are there still."""
    held = lambda *_: hold("after the rename")
    _hold(store.Checkpoints, "_remove_the_others", number, held)


def amid_a_removal(number: int) -> None:
    """One that is not kept is half removed; the first two saves remove none."""

    def half(directory: Path, **_: Any) -> None:
        next(path for path in directory.rglob("*") if path.is_file()).unlink()
        hold("amid a removal")

    removed = max(0, number - 2)
    store.shutil = _Instead(shutil, rmtree=_Counted(shutil.rmtree, removed, half))


def slow(number: int) -> None:
    """Every save takes its time, and then is done."""

    def slowly(directory: Path, about: Any) -> None:
        print("saving", about.step, flush=True)
        time.sleep(0.2)
        manifest.write_manifest(directory, about)

    store.write_manifest = slowly


def within_xla(number: int) -> None:
    """Says when JAX has made its part of a compilation, and XLA begins with its own."""
    compile_ = jax.stages.Lowered.compile

    def told(lowered: Any) -> Any:
        print("within XLA", flush=True)
        return compile_(lowered)

    jax.stages.Lowered.compile = told


class _Instead:
    """A module with other functions, for one that imports it."""

    def __init__(self, module: Any, **functions: Any) -> None:
        self._module = module
        self.__dict__.update(functions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _hold(owner: Any, name: str, number: int, held: Callable[..., Any]) -> None:
    setattr(owner, name, _Counted(getattr(owner, name), number, held))


IN_A_SAVE = {
    one.__name__: one
    for one in (
        before_the_arrays,
        amid_the_arrays,
        amid_the_manifest,
        before_the_rename,
        after_the_rename,
        amid_a_removal,
    )
}
IS_THERE = {"after_the_rename", "amid_a_removal"}
"""Places at which the state that is being saved is a checkpoint already."""

PLACES = {**IN_A_SAVE, "slow": slow, "within_xla": within_xla}

CHANGES = {"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.truncate"}
"""What Python does to a disk, beside opening a file to write, as its audit hooks call it."""


def die_at_change(number: int, where: Path) -> None:
    """kill -9, right before Python changes something below a directory.

    Args:
        number: of the change, from 0.
        where: the directory.
    """
    left = number

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal left
        if not (event in CHANGES or (event == "open" and _writes(arguments))):
            return
        if str(where) in os.fsdecode(str(arguments[0])):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(look)


def _writes(arguments: tuple[Any, ...]) -> bool:
    _, _, flags = arguments
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
