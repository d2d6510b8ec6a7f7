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
    Raises:
        ValueError: if it is of no such level or sureness, or says nothing to try.
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
        for name, value, known in (
            ("level", self.level, LEVELS),
            ("sure", self.sure, SURENESS),
        ):
            if value not in known:
                raise ValueError(f"`{name}` must be one of {', '.join(known)}, got {value!r}")
        for name in ("tries", "arrays"):
            if isinstance(getattr(self, name), str):
                raise ValueError(
                    f"`{name}` must be a tuple of texts, got the text {getattr(self, name)!r}"
                )
        if not self.tries:
            raise ValueError(f"`tries` must have at least one thing to try, got {self.tries!r}")
