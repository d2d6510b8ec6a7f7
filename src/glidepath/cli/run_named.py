"""Runs by the names that users give on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glidepath.record.history import History, record_file
from glidepath.record.schema import FILE_NAME
from glidepath.view.plain import plain

RunArgument = Annotated[str, typer.Argument(help="A run's directory, or its record's file.")]
RunArguments = Annotated[list[str], typer.Argument(help="Runs' directories, or their records.")]
MOST = 5
"""Runs that an error names."""
DEPTH = 2
"""Directories below one another that are looked into for a hint."""


def run_named(name: str) -> History:
    """The record of a run.

    Raises:
        FileNotFoundError: if there is none; the message has the runs that are near.
        ValueError: if it is no record, or damaged.
    """
    return History.open(file_named(name))


def file_named(name: str) -> Path:
    """The file of a run's record.

    Raises:
        FileNotFoundError: if there is none; the message has the runs that are near.
    """
    path = Path(name)
    try:
        return record_file(path)
    except FileNotFoundError:
        pass
    if path.is_dir():
        where = f"no run is in {plain(name)}, which has no {FILE_NAME}"
        raise FileNotFoundError(f"{where}; {_listed(path)}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"there is no directory {plain(path.parent)}, and no run in it")
    raise FileNotFoundError(f"there is no run at {plain(name)}; {_listed(path.parent)}")


def runs_near(directory: Path) -> list[Path]:
    """The runs in a directory and a little below it: a hint, which must not take long."""
    found: list[Path] = []
    for depth in range(DEPTH):
        found += (one.parent for one in directory.glob("*/" * (depth + 1) + FILE_NAME))
    return sorted(found)


def _listed(directory: Path) -> str:
    found = [plain(one) for one in runs_near(directory)]
    if not found:
        return f"there are no runs in {plain(directory)}, either"
    return "there are " + ", ".join(found[:MOST]) + (" and more" if len(found) > MOST else "")
