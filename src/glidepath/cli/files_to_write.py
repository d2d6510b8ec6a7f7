"""The files that a command will write, checked before it begins its work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def check_files(files: Mapping[str, Path | None]) -> None:
    """Refuse files that can't be written, or would be written over one another.

    Args:
        files: by the options that they were given by; None for one that was not.
    Raises:
        OSError: if one is a directory, or in none.
        ValueError: if two are the same.
    """
    given = {option: file for option, file in files.items() if file is not None}
    for option, file in given.items():
        if file.is_dir():
            raise IsADirectoryError(f"{option} must be a file, got the directory {file}")
        if not file.parent.is_dir():
            raise FileNotFoundError(f"no directory {file.parent} to write {file.name} into")
    for option, file in given.items():
        for other, same in given.items():
            if option != other and file.resolve() == same.resolve():
                raise ValueError(f"{option} and {other} must be two files, got {file} for both")
