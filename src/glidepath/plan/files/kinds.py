"""The two languages of plan files."""

from __future__ import annotations

from pathlib import Path

FORMATS = ("toml", "json")


def kind_of(path: Path) -> str:
    """ "json" for a file with that suffix, else "toml"."""
    return "json" if path.suffix.lower() == ".json" else "toml"
