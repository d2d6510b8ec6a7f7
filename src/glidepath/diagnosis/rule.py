"""What a rule is: one illness, how it is seen, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from glidepath.diagnosis.finding import Finding
from glidepath.record import History


@dataclass(frozen=True)
class Rule:
    """One illness of runs.

    Attributes:
        code: its name, such as "never-moved"; findings carry it.
        looks_at: what of the record it needs; without that it says nothing.
        threshold: from where on it speaks, in words, with the numbers.
        source: where the threshold is from.
        find: what it finds in a record, nothing where there is nothing wrong.
        num_evaluations: that it needs at least; with fewer it says nothing.
    Raises:
        ValueError: if one of the texts is none or empty, or `find` can't be called.
    """

    code: str
    looks_at: str
    threshold: str
    source: str
    find: Callable[[History], Iterator[Finding]]
    num_evaluations: int = 0

    def __post_init__(self) -> None:
        for name in ("code", "looks_at", "threshold", "source"):
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"`{name}` must be a text that is not empty, got {value!r}")
        if not callable(self.find):
            raise ValueError(
                f"`find` must be a function of a record that gives findings, got {self.find!r}"
            )
