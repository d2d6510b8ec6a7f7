"""What a checkpoint says beside its arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple, Self

Heard = Sequence[tuple[int, dict[str, float]]]
"""Pairs of a number of updates and what was measured after them."""


class Redraw(NamedTuple):
    """Updates that learn from other samples than the seed's first choice.

    Attributes:
        first: the first of them.
        end: the first after them.
        attempt: which choice they learn from; the first one is 0.
    """

    first: int
    end: int
    attempt: int


@dataclass(frozen=True)
class About:
    """What is to be known of a state, beside its arrays.

    Attributes:
        step: updates done.
        identity: fingerprints of what the run depends on, by name: "plan", and others.
        heard: what a plan that listens has heard, which its events follow from.
        redraws: updates whose samples are other ones, since the run was rolled back.
        metrics: what was measured of this very state.
        is_due: whether it was time to save it; one is saved, too, where the run is stopped or ends.
        time: when it was saved, in seconds of Unix time.
    """

    step: int
    identity: dict[str, str] = field(default_factory=dict)
    heard: Heard = ()
    redraws: tuple[Redraw, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    is_due: bool = True
    time: float = 0.0

    def as_table(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @classmethod
    def of_table(cls, table: dict[str, Any]) -> Self:
        """The inverse of `as_table`."""
        heard = [(int(step), dict(measured)) for step, measured in table["heard"]]
        redraws = tuple(Redraw(*one) for one in table["redraws"])
        own = {name: table[name] for name in cls.__dataclass_fields__ if name in table}
        return cls(**own | {"heard": heard, "redraws": redraws})
