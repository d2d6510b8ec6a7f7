"""Something that happened to a run, and changed its plan from a step on.

A plan with the list of its events is a pure function of the step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from glidepath.plan.numbers import positive_count

EVENT_KINDS = ("ends", "cuts", "branches")


@final
@dataclass(frozen=True, order=True)
class Event:
    """Something that happened to a run.

    Attributes:
        step: the first step that it changes.
        kind: "ends" a phase early, "cuts" a value, or "branches" into a phase.
        target: the name of the phase that is ended, or of the one that the branch begins with; the
            quantity that is cut, after the name of its phase if it is cut there: "decay/lr".

    Raises:
        TypeError: if the step is no whole number, or the target no text.
        ValueError: if the step is below 1, or the kind is unknown.
    """

    step: int
    kind: str
    target: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", positive_count("step", self.step))
        if self.kind not in EVENT_KINDS:
            kinds = ", ".join(EVENT_KINDS)
            raise ValueError(f"an event's `kind` must be one of {kinds}, got {self.kind!r}")
        if not isinstance(self.target, str):
            raise TypeError(f"an event's `target` must be a name, got {self.target!r}")
