"""The record of a run: JSON Lines, one line an update, written as they happen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


class Record:
    """Appends to `record.jsonl`; a resumed run has each step once.

    Args:
        path: the file.
        start: the first step that will be written; lines from there on are dropped first.
    """

    def __init__(self, path: Path, start: int) -> None:
        kept = [line for line in read(path) if line["step"] < start] if path.exists() else []
        partial = path.with_suffix(".partial")
        partial.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        partial.replace(path)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def write(self, line: dict[str, Any]) -> None:
        """Append one update."""
        self._file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read(path: Path) -> list[dict[str, Any]]:
    """All whole lines; a last line that a killed process left half written is dropped."""
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines
