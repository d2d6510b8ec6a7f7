"""Where in a TOML text a key stands: `tomllib` does not say, and an error should."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[{1,2})\s*([\w.\-]+)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*["']?([\w\-]+)["']?\s*=""")


def line_numbers(text: str) -> dict[Path, int]:
    """The line, from 1, of each table and key; a list's tables are counted from 0."""
    lines: dict[Path, int] = {}
    counts: dict[str, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            brackets, name = header.groups()
            table = tuple(name.split("."))
            if brackets == "[[":
                table = (*table, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
            lines[table] = number
        elif key := _KEY.match(line):
            lines.setdefault((*table, key[1]), number)
    return lines


def line_of(path: Path, lines: dict[Path, int]) -> int | None:
    """The line of a key, or of the nearest thing around it that has one."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)
