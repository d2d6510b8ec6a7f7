"""What is known of a run that another process writes the record of."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from glidepath.diagnosis.diagnose import diagnose
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.rules import RULES
from glidepath.record.history import History
from glidepath.record.lines import Tail
from glidepath.record.state import NOT_STARTED, READING, State, patience, state_of

SHARE = 0.05
"""Of the time that diagnosing may take."""
MOST_FAILURES = 5
"""Readings in a row, of a record that could be read before: a file on another machine may show a
line before its text has come."""


class Follower:
    """Reads a record while it grows, in pieces; it takes no lock and writes nothing.

    Args:
        file: the record, which need not be there yet.
        rules: to judge it by.

    Attributes:
        history: what was read so far.
        findings: of the last diagnosis, worst first.
        num_readings: how often something new was read, so that others know that it was.
    """

    def __init__(self, file: Path, rules: Sequence[Rule] = RULES) -> None:
        self._file, self._rules = file, rules
        self._next_diagnosis = 0.0
        self._failures = 0
        self._is_judged = True
        self.findings: list[Finding] = []
        self.num_readings = 0
        self._tail, self.history = Tail(file), History()
        self._is_from_start = True
        self._age_then, self._then = 0.0, time.monotonic()

    def look(self) -> None:
        """Read what is new, or a piece of it, and judge the run where that is due.

        Raises:
            OSError, ValueError: if the record can't be read, at first or again and again.
        """
        try:
            self._read()
            self._failures = 0
        except (OSError, ValueError):
            self._failures += 1
            if not self.num_readings or self._failures >= MOST_FAILURES:
                raise
            self._tail, self._is_from_start = Tail(self._file), True
        is_due = time.monotonic() >= self._next_diagnosis or self.history.end is not None
        if is_due and not self._is_judged and not self.is_behind:
            self._judge()

    @property
    def is_behind(self) -> bool:
        """Whether there is more to read at once; not where a reading has failed, which may wait."""
        return self._tail.is_behind and not self._failures

    def _read(self) -> None:
        was_behind = self._tail.is_behind
        is_void, lines = self._tail.new_lines()
        if not lines and not is_void:
            return
        if is_void or self._is_from_start:
            self.history, self._is_from_start = History(), False
        is_old = was_behind or self.history.last_time is None
        self.history.add(lines)
        self.num_readings += 1
        self._is_judged = False
        since = max(0.0, time.time() - (self.history.last_time or 0.0))
        self._age_then, self._then = since if is_old else 0.0, time.monotonic()

    def _judge(self) -> None:
        began = time.monotonic()
        self.findings = diagnose(self.history, self._rules)
        now = time.monotonic()
        self._is_judged, self._next_diagnosis = True, now + (now - began) / SHARE

    @property
    def state(self) -> State:
        """What has become of the run.

        The age of what was written before the first look is told by the times of day of two
        machines; from then on by the time since a line came.
        """
        if self.is_behind:
            return State(READING, None, patience(self.history))
        if self.history.last_time is None:
            state = state_of(self.history)
            return replace(state, reason=self._awaited()) if state.name == NOT_STARTED else state
        return state_of(self.history, self._age_then + time.monotonic() - self._then)

    def _awaited(self) -> str:
        """What has to come before there is anything to say."""
        if self._file.exists():
            return f"waiting for the first line of {self._file}, which is no record yet"
        return f"waiting for {self._file}"
