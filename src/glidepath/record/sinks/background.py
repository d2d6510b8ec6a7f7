"""A sink on a thread of its own, which can neither stop a run nor hold it up."""

from __future__ import annotations

import atexit
import math
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, final

from glidepath.record.sinks.sink import Sink

CAPACITY = 10_000
"""Lines that wait for a sink at most: some 10 MB of updates."""

PATIENCE_SECONDS = 10.0
"""Schedulers of jobs give a run about 30 seconds to end."""

MOST_FAILURES = 10
"""In a row, until a sink gets no more lines."""

OPEN_AFTER = 2
"""Lines, the header and one more, by which a tracker is open and has its own hook for the exit."""

THE_REST = "the run goes on, and its own record has every line"


@final
class Background:
    """Hands lines to a sink, on a daemon thread.

    What the sink does wrong is told once: that it raises, that it is given up after
    `MOST_FAILURES` in a row, that it is too slow, and at the end how many lines it did not get.
    It is told on the thread that calls `put` and `close`, so that `tell` needs no lock.

    Args:
        sink: any; its methods are called on the one thread only.
        tell: gets sentences for the run's owner; what it raises is ignored.
        capacity: lines that wait at most; further ones are left out.
        patience_seconds: that `close` waits at most.
    Raises:
        TypeError: if it is no sink.
        ValueError: if a number makes no sense.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        tell: Callable[[str], None],
        capacity: int = CAPACITY,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        _check(sink, capacity, patience_seconds)
        self._sink, self._tell = sink, tell
        self._capacity, self._patience = capacity, patience_seconds
        self._name = type(sink).__name__
        # Unlike `Queue` it takes no lock, so that a signal handler may call `put` in a `put`.
        self._lines: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._messages: deque[str] = deque()
        self._num_put = self._num_delivered = 0
        self._was_refused = self._was_full = False
        self._is_given_up = self._is_closed = self._is_late = False
        self._thread = threading.Thread(target=self._run, name=f"{self._name} sink", daemon=True)
        self._start()

    def _start(self) -> None:
        try:
            self._thread.start()
        except RuntimeError as error:  # no more threads, by the system's limit
            self._is_given_up = True
            self._messages.append(f"{self._name} got no thread ({_brief(error)}): {THE_REST}")
        atexit.register(self.close)

    def put(self, line: dict[str, Any]) -> None:
        """Leave a line for the sink, as it is now; never waits, never raises."""
        if self._is_closed:
            return
        self._num_put += 1
        if not self._is_given_up and not self._is_full(line):
            self._lines.put(_copied(line))
        self._say()

    def _is_full(self, line: dict[str, Any]) -> bool:
        if self._lines.qsize() < self._capacity:
            return False
        if not self._was_full:
            self._was_full = True
            self._messages.append(
                f"{self._name} is slower than the run, and {self._capacity:,} lines wait for it: "
                f"from {_place(line)} on it misses some; {THE_REST}"
            )
        return True

    def close(self) -> None:
        """Wait until the sink has all lines, but not longer than patience; say what it lacks."""
        if self._is_closed:
            return
        self._is_closed = True
        atexit.unregister(self.close)
        self._lines.put(None)
        if self._thread.ident is not None:
            self._thread.join(self._patience)
        self._is_late = self._thread.is_alive()
        num_lost = self._num_put - self._num_delivered
        if self._is_late or num_lost:
            why = f" within {self._patience:g} s of the run's end" if self._is_late else ""
            self._messages.append(
                f"{self._name} did not get {num_lost:,} of {self._num_put:,} lines{why}: the run's "
                "own record has every one"
            )
        self._say()

    def _say(self) -> None:
        while self._messages:
            with suppress(Exception):  # a broken screen is not worth a run either
                self._tell(self._messages.popleft())

    def _run(self) -> None:
        """What the thread does."""
        failures = 0
        while failures < MOST_FAILURES and not self._is_late:
            line = self._lines.get()
            if line is None:
                break
            failures = 0 if self._deliver(line) else failures + 1
        if failures == MOST_FAILURES:
            self._is_given_up = True
            self._messages.append(
                f"{self._name} failed {failures} times in a row and gets no more lines: {THE_REST}"
            )
        self._close_sink()

    def _deliver(self, line: dict[str, Any]) -> bool:
        try:
            self._sink.write(line)
        except BaseException as error:  # SystemExit too: a thread that ends tells nobody
            if not self._was_refused:
                self._was_refused = True
                self._messages.append(
                    f"{self._name} did not take {_place(line)} ({_brief(error)}): {THE_REST}"
                )
            return False
        if self._num_delivered < OPEN_AFTER:
            self._be_first_at_exit()
        self._num_delivered += 1
        return True

    def _be_first_at_exit(self) -> None:
        """Be called before the hook that the tracker has just registered, which ends it."""
        atexit.unregister(self.close)
        if not self._is_closed:
            atexit.register(self.close)

    def _close_sink(self) -> None:
        try:
            self._sink.close()
        except BaseException as error:
            self._messages.append(
                f"{self._name} did not close ({_brief(error)}), and may lack its last lines: "
                "the run's own record has every one"
            )


def _check(sink: Sink, capacity: int, patience_seconds: float) -> None:
    is_sink = all(callable(getattr(sink, name, None)) for name in ("write", "close"))
    if isinstance(sink, type) or not is_sink:
        raise TypeError(
            f"`sink` must be an object with write(line) and close(), got {sink!r}: such as "
            'TensorBoard("runs/mine/tensorboard")'
        )
    if isinstance(capacity, bool) or not isinstance(capacity, int) or capacity < 1:
        raise ValueError(f"`capacity` must be a whole number from 1, got {capacity!r}")
    if not (math.isfinite(patience_seconds) and patience_seconds >= 0):
        raise ValueError(f"`patience_seconds` must be 0 or more, got {patience_seconds!r}")


def _copied(value: Any) -> Any:
    """The same, with tables and lists of its own; numbers and texts can't change."""
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return value


def _place(line: dict[str, Any]) -> str:
    at = f" of step {line['step']:,}" if "step" in line else ""
    return f'the line "{line.get("kind")}"{at}'


def _brief(error: BaseException) -> str:
    """The error on one line."""
    text = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    return text if len(text) <= 300 else text[:300] + " ..."
