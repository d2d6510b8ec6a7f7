"""A run in plain lines, for logs and for terminals that can show no page."""

from __future__ import annotations

from collections.abc import Iterator

from glidepath.view.plain import plain
from glidepath.view.watch.follower import Follower
from glidepath.view.watch.page import finding_line
from glidepath.view.watch.status import figures, happenings, place, speed, state_text


class Lines:
    """Says what is new since it was asked last; each finding and each notice once.

    Args:
        name: of the run.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._reading = -1
        self._state = ""
        self._told: set[str] = set()

    def new(self, follower: Follower) -> Iterator[str]:
        """What is new, in lines."""
        history, state = follower.history, follower.state
        yield from self._once(plain(self._name))
        if follower.is_behind:
            yield from self._once(state_text(state))
            return
        if follower.num_readings != self._reading:
            self._reading = follower.num_readings
            yield self._now(follower)
        for text in happenings(history):
            yield from self._once(text)
        for finding in follower.findings:
            yield from self._once(finding_line(finding).plain, key=finding.code)
        if state.name != self._state:
            self._state = state.name
            yield state_text(state)

    def _now(self, follower: Follower) -> str:
        history = follower.history
        if not len(history):
            return "no update has been recorded yet"
        return ", ".join([*place(history), *figures(history), *speed(history, follower.state)])

    def _once(self, text: str, key: str | None = None) -> Iterator[str]:
        if (key or text) not in self._told:
            self._told.add(key or text)
            yield text
