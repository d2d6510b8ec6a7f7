"""Why a run stops before its end, and the exit status that says so to a scheduler of jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FOUND = 3
OUT_OF_TIME = 75


@dataclass(frozen=True)
class Stop:
    """A wish to stop at the next safe point, with the state saved.

    Attributes:
        reason: in words.
        status: to exit with: 128 and the signal's number, `OUT_OF_TIME` (EX_TEMPFAIL of sysexits:
            try again later), or `FOUND` where a diagnosis stopped it.
    """

    reason: str
    status: int


Asked = Callable[[], Stop | None]
"""Asked between two updates whether the run should stop."""


class StoppedError(Exception):
    """The run was stopped, and its state is saved.

    Args:
        stop: why.
        step: updates done.
    """

    def __init__(self, stop: Stop, step: int) -> None:
        super().__init__(stop.reason)
        self.stop, self.step = stop, step
