"""What a preset's docstring says of it, for listings and for files."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def summary_of(preset: Callable[..., Any]) -> str:
    """The first line of the docstring."""
    return (inspect.getdoc(preset) or "").partition("\n")[0]


def source_of(preset: Callable[..., Any]) -> str:
    """The source that the docstring names, in one line."""
    _, _, rest = (inspect.getdoc(preset) or "").partition("\nSource: ")
    return " ".join(line.strip() for line in rest.partition("\nExample:")[0].split("\n")).strip()
