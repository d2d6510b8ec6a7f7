"""When single arrays are looked at: every so many updates, and once early."""

from __future__ import annotations

from typing import Any

EARLY = 10
"""A run whose parameters do not move is found out by the second look, before a minute is lost."""


def looks_at(step: Any, every: int) -> Any:
    """Whether arrays are looked at at a step, which may be traced."""
    return (step % every == 0) | (step == EARLY)
