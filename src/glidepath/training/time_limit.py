"""Stopping before a queue does it."""

from __future__ import annotations

import time
from typing import final

from glidepath.training.stopping import OUT_OF_TIME, Stop

MARGIN = 2.0
"""Times what the next update and the saving may take, by what they took so far, that are left."""


@final
class TimeLimit:
    """A limit on the time that a process may train.

    Args:
        seconds: from `began` on; None for no limit.
        began: on the clock of `time.monotonic`; now by default.
    """

    def __init__(self, seconds: float | None, began: float | None = None) -> None:
        self._seconds = seconds
        self._began = self._last = time.monotonic() if began is None else began
        self._longest = 0.0

    def pause(self) -> None:
        """Leave out of the longest stretch what was done since the last safe point."""
        self._last = time.monotonic()

    def wish(self, more_seconds: float = 0.0) -> Stop | None:
        """Asked at every safe point: whether the run has to stop to be saved in time.

        Args:
            more_seconds: that are needed beside an update: to save, and to compile if the next
                update has to be.
        """
        now = time.monotonic()
        self._longest, self._last = max(self._longest, now - self._last), now
        if self._seconds is None:
            return None
        needed = MARGIN * (self._longest + more_seconds)
        if now + needed < self._began + self._seconds:
            return None
        return Stop(f"--max-time of {self._seconds:g} s", OUT_OF_TIME)
