"""The manifest of a checkpoint: what it is, and a checksum of every file, written last."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from glidepath.training.checkpoints.about import About

FILE_NAME = "manifest.json"

VERSION = 1


class DamagedError(ValueError):
    """A checkpoint is not as it was written."""


def write_manifest(directory: Path, about: About) -> None:
    """Write what a checkpoint is, and what its files are, and wait until the disk has it.

    Args:
        directory: with the checkpoint's files, complete.
        about: it.
    """
    files = {str(path.relative_to(directory)): _seal(path) for path in _files(directory)}
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
    """
    try:
        told = _table(directory)["files"]
    except DamagedError as error:
        return [str(error)]
    links = [str(one.relative_to(directory)) for one in _links(directory)]
    found = [f"{name} is a link, and no checkpoint has one" for name in links]
    there = {str(path.relative_to(directory)): path for path in _files(directory)}
    for name, seal in told.items():
        if name not in there:
            found.append(f"{name} is missing")
        elif there[name].stat().st_size != seal["bytes"]:
            size = there[name].stat().st_size
            found.append(f"{name} has {size:,} bytes and not {seal['bytes']:,}")
        elif _seal(there[name]) != seal:
            found.append(f"{name} was changed: its SHA-256 is another")
    return found + [f"{name} is no file of it" for name in sorted(there.keys() - told.keys())]


def _table(directory: Path) -> dict[str, Any]:
    file = directory / FILE_NAME
    try:
        table = json.loads(file.read_text(encoding="utf-8"))
        checksum = table.pop("checksum")
    except FileNotFoundError:
        raise DamagedError(f"{FILE_NAME} is missing") from None
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError):
        raise DamagedError(f"{FILE_NAME} is damaged: it can't be read") from None
    if _checksum(table) != checksum:
        raise DamagedError(f"{FILE_NAME} was changed: its SHA-256 is another")
    if table["version"] > VERSION:
        raise DamagedError(
            f"{FILE_NAME} is of version {table['version']}, and this glidepath knows {VERSION}: "
            "install a newer one"
        )
    return table


def _checksum(table: dict[str, Any]) -> str:
    """Of a table, whatever the order of its keys."""
    text = json.dumps(table, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _seal(path: Path) -> dict[str, Any]:
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
