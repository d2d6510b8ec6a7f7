"""SIGTERM and SIGINT: a wish to stop at the next safe point, and a second one an order."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, Self, final

from glidepath.training.stopping import Stop

SIGNALS = (signal.SIGTERM, signal.SIGINT)

PATIENCE_SECONDS = 1.0
"""For the thread's last look; a forked process that has the pipe, too, would keep it for ever."""

SHOW_CURSOR = "\x1b[?25h"


@final
class Signals:
    """Takes the two signals while it is entered, on the main thread.

    One that was ignored before, as in a script's background, stays so.

    Python runs its own handlers between two of its instructions, which a compilation of minutes
    does not let come. So a thread reads the numbers of the signals, which the interpreter writes
    into a pipe as they arrive, and ends the process at the second one.

    Example:
        >>> with Signals() as signals:
        ...     print(signals.wish())
        None
    """

    def __init__(self) -> None:
        self._first: signal.Signals | None = None

    def wish(self) -> Stop | None:
        """Whether the run should stop: it was asked to."""
        if self._first is None:
            return None
        return Stop(self._first.name, 128 + self._first)

    def __enter__(self) -> Self:
        self._reads, self._writes = os.pipe()
        os.set_blocking(self._writes, False)
        self._wakeup = signal.set_wakeup_fd(self._writes, warn_on_full_buffer=False)
        heeded = [one for one in SIGNALS if signal.getsignal(one) != signal.SIG_IGN]
        self._handlers: dict[int, Any] = {one: signal.signal(one, _noted) for one in heeded}
        self._thread = threading.Thread(target=self._listen, name="glidepath signals", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for one, handler in self._handlers.items():
            signal.signal(one, handler)
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._writes)  # which ends the thread, when it has read all that came
        self._thread.join(PATIENCE_SECONDS)

    def _listen(self) -> None:
        while numbers := os.read(self._reads, 64):
            for number in numbers:
                if number in SIGNALS:
                    self._take(signal.Signals(number))
        os.close(self._reads)

    def _take(self, received: signal.Signals) -> None:
        if self._first is not None:
            _end_at_once(received)
        self._first = received
        _say(f"{received.name}: stopping at the next safe point; a second one ends at once")


def _noted(number: int, frame: FrameType | None) -> None:
    """The thread does the rest."""


def _end_at_once(received: signal.Signals) -> None:
    if sys.stderr.isatty():
        _say(SHOW_CURSOR, end="")
    os._exit(128 + received)


def _say(text: str, end: str = "\n") -> None:
    try:
        os.write(2, (text + end).encode())
    except OSError:  # nobody reads it any more
        return
