"""What a rule says about a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LEVELS = ("error", "warning", "note")
"""Worst first: the run is lost or learns nothing; it learns worse than it could; worth knowing."""

SURENESS = ("certain", "likely", "possible")
"""How sure a rule is: it follows from what was recorded; it mostly is so; it may be so."""


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with a run.

    Attributes:
        code: of the rule, such as "never-moved".
        level: one of `LEVELS`.
        sure: one of `SURENESS`.
        step: where it begins; None if it is about the run as a whole.
        what: what was found, with its numbers.
        why: what it means.
        tries: what to try, the first thing first.
        arrays: names of those that it is about.
        evidence: the numbers that it rests on, by name; plain values.
    """

    code: str
    level: str
    sure: str
    step: int | None
    what: str
    why: str
    tries: tuple[str, ...]
    arrays: tuple[str, ...] = ()
    evidence: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.level in LEVELS
        assert self.sure in SURENESS
        assert self.tries
