"""What the sinks of all trackers have in common: when they open, and what they are sent."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, final

from glidepath.record.sinks.figures import figures, texts

ABOUT_AN_UPDATE = ("update", "layers", "nonfinite")
"""Kinds of lines whose step is an update; that of others is the number of updates before them."""


@dataclass(frozen=True)
class Entry:
    """What a tracker shows of one line.

    Attributes:
        step: the update that it is about, or the last one before it. Trackers know no time between
            two updates, and what was measured there belongs to what a run that goes on keeps.
        seconds: its time, of Unix time.
        numbers: by name, such as "evaluation/val_loss"; some may be NaN or infinite.
        texts: by name, such as "phase".
    """

    step: int
    seconds: float
    numbers: dict[str, float]
    texts: dict[str, str]


class Tracker(ABC):
    """A sink that opens its tracker once it knows whether the run is a new one.

    The header of a run comes first, also when a run goes on; the line after it tells which of the
    two it is.
    """

    def __init__(self) -> None:
        self._header: dict[str, Any] = {}
        self._is_open = False
        self._forget()

    def _forget(self) -> None:
        self._restart: int | None = None
        self._phase: str | None = None
        self._state: str | None = None

    @final
    def write(self, line: dict[str, Any]) -> None:
        """Send the numbers and the texts of a line."""
        if line["kind"] == "run":
            self._header = line
            return
        if line["kind"] == "restart":
            self.close()
            self._restart = line["step"]
        if not self._is_open:
            self._open(self._header, self._restart)
            self._is_open = True
        if line["kind"] == "end":
            self._state = line["state"]
        numbers, said = figures(line), texts(line) | self._new_phase(line)
        if numbers or said:
            self._send(Entry(_update(line), line.get("time", time.time()), numbers, said))

    def _new_phase(self, line: dict[str, Any]) -> dict[str, str]:
        phase = line.get("phase")
        if line["kind"] != "update" or phase is None or phase == self._phase:
            return {}
        self._phase = phase
        return {"phase": phase}

    @final
    def close(self) -> None:
        """Finish what was opened; the next line would open it again."""
        was_open, state = self._is_open, self._state
        self._is_open = False
        self._forget()
        if was_open:
            self._finish(is_failed=state == "failed")

    @abstractmethod
    def _open(self, header: dict[str, Any], restart: int | None) -> None:
        """Get ready for lines.

        Args:
            header: of the run, empty where there is none.
            restart: the step that a run goes on at; None for a new run.
        """

    @abstractmethod
    def _send(self, entry: Entry) -> None:
        """Send what one line has."""

    @abstractmethod
    def _finish(self, *, is_failed: bool) -> None:
        """End it, knowing whether the run has failed."""


def _update(line: dict[str, Any]) -> int:
    is_about_one = line["kind"] in ABOUT_AN_UPDATE
    return line["step"] if is_about_one else max(line["step"] - 1, 0)
