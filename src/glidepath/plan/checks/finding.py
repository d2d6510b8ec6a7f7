"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("error", "warning", "note")
"""Worst first: will fail; is probably not what was meant; worth knowing."""


@dataclass(frozen=True)
class Finding:
    """Something about a plan that its author should know.

    Attributes:
        code: of the rule, such as "zero-first-update".
        level: "error", "warning" or "note".
        place: the quantity, phase or step that it is about.
        what: what was found, with its numbers.
        why: why it matters.
        fix: what to do about it.
    """

    code: str
    level: str
    place: str
    what: str
    why: str
    fix: str
