"""The manifest of a checkpoint: what it is, and a checksum of every file, written last."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glidepath.record.writing import sync
from glidepath.training.checkpoints.about import About

FILE_NAME = "manifest.json"

VERSION = 1


Seal = dict[str, Any]
"""How many bytes a file has, and their SHA-256."""


class NewerError(ValueError):
    """A checkpoint was written by a later version, and is not read by this one."""


class DamagedError(ValueError):
    """A checkpoint is not as it was written."""


def write_manifest(directory: Path, about: About) -> None:
    """Write what a checkpoint is, and what its files are, and wait until the disk has it.

    Args:
        directory: with the checkpoint's files, complete.
        about: it.
    """
    paths = list(_files(directory))
    _write(directory, about, {str(one.relative_to(directory)): seal(one) for one in paths})
    sync(*paths, *{one.parent for one in paths}, directory)


def copy_manifest(source: Path, target: Path, about: About) -> None:
    """Write what a copy of a checkpoint is; its files have to be those of the one copied.

    Args:
        source: the directory of the one.
        target: of the copy.
        about: the copy.
    Raises:
        DamagedError: if the one has no manifest any more.
    """
    _write(target, about, _table(source)["files"])
    sync(*_files(target), target)


def _write(directory: Path, about: About, files: dict[str, Any]) -> None:
    table = {"version": VERSION, "about": about.as_table(), "files": files}
    text = json.dumps(table | {"checksum": _checksum(table)}, indent=1) + "\n"
    with (directory / FILE_NAME).open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(directory: Path) -> About:
    """What a checkpoint is; its files are not looked at.

    Raises:
        DamagedError: if the manifest is missing, or not as it was written.
    """
    return About.of_table(_table(directory)["about"])


def problems(directory: Path) -> list[str]:
    """What is wrong with a checkpoint's files; nothing, if it is whole.

    Every byte is read.

    Raises:
        NewerError: if it was written by a later version.
    """
    try:
        told = _table(directory)["files"]
    except DamagedError as error:
        return [str(error)]
    links = [str(one.relative_to(directory)) for one in _links(directory)]
    found = [f"{name} is a link, and no checkpoint has one" for name in links]
    there = {str(path.relative_to(directory)) for path in _files(directory)}
    found += changed_files(directory, told)
    return found + [f"{name} is no file of it" for name in sorted(there - told.keys())]


def changed_files(directory: Path, seals: dict[str, Seal]) -> list[str]:
    """How files are others than they were; nothing, if they are the same. Every byte is read.

    Args:
        directory: that they are in.
        seals: of `seal`, by their names below it.
    """
    found = []
    for name, told in seals.items():
        try:
            found += [f"{name} {how}" for how in _difference(directory / name, told)]
        except OSError as error:
            found.append(f"{name} can't be read: {error.strerror}")
    return found


def _difference(path: Path, told: Seal) -> Iterator[str]:
    """How a file is another than it was, if it is."""
    if not path.is_file():
        yield "is missing"
    elif (size := path.stat().st_size) != told["bytes"]:
        yield f"has {size:,} bytes and not {told['bytes']:,}"
    elif seal(path) != told:
        yield "was changed: its SHA-256 is another"


def _table(directory: Path) -> dict[str, Any]:
    file = directory / FILE_NAME
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        checksum = table.pop("checksum")
    except FileNotFoundError:
        raise DamagedError(f"{FILE_NAME} is missing") from None
    except OSError as error:
        raise DamagedError(f"{FILE_NAME} can't be read: {error.strerror}") from None
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise DamagedError(f"{FILE_NAME} is damaged: it can't be read") from None
    if _checksum(table) != checksum:
        raise DamagedError(f"{FILE_NAME} was changed: its SHA-256 is another")
    if table["version"] > VERSION:
        raise NewerError(
            f"the checkpoint {directory} is of version {table['version']}, and this glidepath "
            f"knows {VERSION}: install a newer one"
        )
    return table


def _checksum(table: dict[str, Any]) -> str:
    """Of a table, whatever the order of its keys."""
    text = json.dumps(table, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def seal(path: Path) -> Seal:
    """By which a file is known again."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": digest}


def _links(directory: Path) -> list[Path]:
    """They may lead anywhere, and what is there may be another at any time."""
    return sorted(path for path in directory.rglob("*") if path.is_symlink())


def _files(directory: Path) -> Iterator[Path]:
    """All files of a checkpoint but its manifest, in order."""
    for path in sorted(directory.rglob("*")):
        if path.is_file() and path != directory / FILE_NAME:
            yield path
