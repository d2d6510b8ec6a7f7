"""What a plan says about one step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Moment:
    """What a plan says about one step.

    Attributes:
        step: the update, counted from 0.
        epoch: epochs begun and done before it, where the horizon knows epochs, else None.
        phase: the name of the phase.
        values: every quantity's value, by name; a group's by `quantity.group`.
    """

    step: int
    epoch: float | None
    phase: str
    values: dict[str, float | int]
