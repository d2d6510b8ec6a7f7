"""A stream that goes on taking text when nobody reads it any more."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TextIO, final


@final
class SteadyOutput:
    """Writes to a stream until that fails, and from then on to nowhere.

    A training does not end because a pipe was closed, or the disk of its log is full.

    Args:
        stream: such as `sys.stdout`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._is_lost = stream, False

    def write(self, text: str) -> int:
        """Write a text, if that is possible."""
        if not self._is_lost:
            try:
                self._stream.write(text)
            except OSError:
                self._lose()
        return len(text)

    def flush(self) -> None:
        """Let the stream have all that was written, if that is possible."""
        if not self._is_lost:
            try:
                self._stream.flush()
            except OSError:
                self._lose()

    def _lose(self) -> None:
        """Python flushes the stream once more at its end, and would fail then."""
        self._is_lost = True
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def isatty(self) -> bool:
        """Whether the stream is a terminal."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The stream's."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """The stream's."""
        return self._stream.encoding
