"""What a tracker needs in order to get the lines of a record."""

from __future__ import annotations

from typing import Any, Protocol


class Sink(Protocol):
    """Gets every line of a record, in order, on one thread of its own.

    Both may be slow, and may raise: the run goes on, and its owner is told.

    Example:
        >>> class Losses:
        ...     def __init__(self):
        ...         self.losses = {}
        ...
        ...     def write(self, line):
        ...         if line["kind"] == "update":
        ...             self.losses[line["step"]] = line["loss"]
        ...
        ...     def close(self):
        ...         pass
    """

    def write(self, line: dict[str, Any]) -> None:
        """Take one line; its kinds are in `glidepath.record.schema`, numbers may be NaN."""
        ...

    def close(self) -> None:
        """Finish; no line comes after it."""
        ...
