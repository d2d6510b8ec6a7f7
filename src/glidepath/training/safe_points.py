"""Between two updates: whether to save, and whether to stop, the same in all processes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from glidepath.training.agreement import Agreement
from glidepath.training.saving import Saving
from glidepath.training.settings import Settings
from glidepath.training.stopping import Asked, Stop
from glidepath.training.time_limit import TimeLimit

SAVE = 1
"""Named where the state shall be saved; the exit status, which is larger, where to stop."""


@final
class SafePoints:
    """Asks everybody who may want something, after every update.

    Args:
        settings: with the limit of time.
        saving: with the clock that says when to save.
        asked: who may want to stop.
    """

    def __init__(self, settings: Settings, saving: Saving, asked: Sequence[Asked]) -> None:
        self._saving, self._asked = saving, asked
        self._limit = TimeLimit(settings.max_seconds)
        self._agreed = Agreement()
        self._saved_at = -2

    def pause(self) -> None:
        """What was done since the last update is none of it: an update was compiled."""
        self._limit.pause()

    def __call__(self, done: int, compiling_seconds: float) -> tuple[bool, Stop | None]:
        """Whether it is time to save, and whether to save and stop.

        Args:
            done: updates.
            compiling_seconds: that the next update needs before it can be done.
        """
        mine = self._wish(compiling_seconds)
        number = self._agreed(mine.status if mine else SAVE * self._saving.is_time())
        if number <= SAVE:
            return self._is_due(done, is_time=number == SAVE), None
        if mine is None or mine.status != number:
            mine = Stop("another process of the run was asked to stop", number)
        return self._saving.is_step(done), mine

    def _is_due(self, done: int, *, is_time: bool) -> bool:
        """Whether to save; a wish that came while the one before was on its way is that one."""
        if is_time and done > self._saved_at + self._agreed.delay:
            self._saved_at = done
            return True
        return self._saving.is_step(done)

    def _wish(self, compiling_seconds: float) -> Stop | None:
        """The first one; the clock of the time limit is looked at in any case."""
        in_time = self._limit.wish(self._saving.seconds + compiling_seconds)
        wishes = [in_time, *(ask() for ask in self._asked)]
        return next((wish for wish in wishes if wish is not None), None)
