"""A diagnosis that goes on beside the run that it is about."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from glidepath.diagnosis.diagnose import diagnose
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.rules import RULES
from glidepath.record import History

LEAST_SECONDS = 5.0
SHARE = 0.01
"""Of the time that may be spent on it."""
NEAREST = 3
"""Codes that an error names."""
LEAST_UPDATES = 20
"""Before the first look; a run that is over in seconds is looked at whenever it has doubled."""


def check_codes(codes: Sequence[str]) -> None:
    """Refuse what no rule is called.

    Raises:
        ValueError: with those that are called nearly so.
    """
    known = [rule.code for rule in RULES]
    if unknown := [code for code in codes if code not in known]:
        near = get_close_matches(unknown[0], known, NEAREST, cutoff=0.0)
        raise ValueError(
            f"no rule is called {unknown[0]!r}: `--stop-on` takes the codes of rules, not levels "
            f"of findings; the nearest are {', '.join(near)}, and docs/diagnosis.md has all"
        )


class LiveDiagnosis:
    """Takes in the lines of a record as they are written, and says what is new.

    Args:
        record: the file, of which what came before a resume is read.
        tell: gets each finding once.
        stop_on: codes of rules that are a reason to stop the run.

    Attributes:
        reason: why the run should stop, or None.

    Raises:
        ValueError: if a code is none of a rule.
    """

    def __init__(
        self, record: Path, tell: Callable[[Finding], None], stop_on: Sequence[str] = ()
    ) -> None:
        check_codes(stop_on)
        self.reason: str | None = None
        self._record, self._tell, self._stop_on = record, tell, tuple(stop_on)
        self._history = History()
        self._told: set[str] = set()
        self._next, self._at_update = time.monotonic() + LEAST_SECONDS, LEAST_UPDATES

    def take(self, line: dict[str, Any]) -> None:
        """Take in a line, and judge the run where it is time to."""
        if line["kind"] == "run":
            self._history = History.open(self._record)
            return
        self._history.add([line])
        is_doubled = len(self._history) >= self._at_update
        if line["kind"] == "end" or is_doubled or time.monotonic() >= self._next:
            self._judge()
            self._at_update = max(LEAST_UPDATES, 2 * len(self._history))

    def _judge(self) -> None:
        began = time.monotonic()
        for finding in diagnose(self._history):
            if finding.code not in self._told:
                self._told.add(finding.code)
                self._tell(finding)
            if finding.code in self._stop_on and self.reason is None:
                self.reason = f"{finding.code}: {finding.what}"
        now = time.monotonic()
        self._next = now + max(LEAST_SECONDS, (now - began) / SHARE)
