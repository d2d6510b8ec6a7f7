"""Where in a text a key stands: parsers do not say, and an error should."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_HEADER = re.compile(r"\s*(\[{1,2})\s*([\w.\-\s\"']+?)\s*\]{1,2}\s*(?:#.*)?$")
_PART = r"""(?:"[^"\n]*"|'[^'\n]*'|[\w\-]++)"""
_KEY = re.compile(rf"\s*({_PART}(?:\s*\.\s*{_PART})*)\s*=")
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\],:\n]')


def toml_lines(text: str) -> dict[Path, int]:
    """The line, from 1, of each table and key of a TOML text; a list's tables count from 0."""
    lines: dict[Path, int] = {}
    counts: dict[str, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            brackets, name = header.groups()
            name = ".".join(part.strip().strip("\"'") for part in name.split("."))
            table = _inside_latest(tuple(name.split(".")), counts)
            if brackets == "[[":
                table = (*table, counts.get(name, 0))
                counts[name] = counts.get(name, 0) + 1
            lines[table] = number
        elif key := _KEY.match(line):
            parts = [part.strip("\"'") for part in re.findall(_PART, key[1])]
            lines.setdefault((*table, *parts), number)
    return lines


def _inside_latest(names: tuple[str, ...], counts: dict[str, int]) -> Path:
    """A table's path, where `[phase.lr]` is in the last `[[phase]]` before it."""
    first, *rest = names
    return (first, counts[first] - 1, *rest) if rest and first in counts else names


def json_lines(text: str) -> dict[Path, int]:
    """The line, from 1, of each key and element of a JSON text."""
    lines: dict[Path, int] = {}
    path: list[str | int | None] = []
    number, last = 1, ""
    for match in _JSON_TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            number += 1
            continue
        if token in ("{", "["):
            path.append(None if token == "{" else 0)
        elif token in ("}", "]") and path:
            path.pop()
        elif token == "," and path and isinstance(path[-1], int):
            path[-1] += 1
        elif token == ":" and path:
            path[-1] = last[1:-1]
        if path and path[-1] is not None:
            lines.setdefault(tuple(part for part in path if part is not None), number)
        last = token
    return lines


def line_of(path: Path, lines: dict[Path, int]) -> int | None:
    """The line of a key, or of the nearest thing around it that has one."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)
