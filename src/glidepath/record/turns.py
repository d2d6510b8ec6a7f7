"""One thread at a time, of the process that opened the record."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, final

P = ParamSpec("P")
T = TypeVar("T")


@final
class Turns:
    """A lock that a thread may take again, and that a forked process can't take.

    Args:
        path: of what is written, for the message.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._process, self._lock = path, os.getpid(), threading.RLock()

    def __enter__(self) -> None:
        if os.getpid() != self._process:
            raise RuntimeError(
                f"the Recorder of {self._path} belongs to process {self._process}, and this is "
                f"{os.getpid()}, forked from it: log there, or make a Recorder here, with a "
                "directory of its own"
            )
        self._lock.acquire()

    def __exit__(self, *_: Any) -> None:
        self._lock.release()


class _HasTurns(Protocol):
    _turns: Turns


Self = TypeVar("Self", bound=_HasTurns)


def in_turn(
    method: Callable[Concatenate[Self, P], T],
) -> Callable[Concatenate[Self, P], T]:
    """A method that waits until no other thread is in one of these.

    Raises:
        RuntimeError: in a forked process.
    """

    @wraps(method)
    def waited(self: Self, *args: P.args, **kwargs: P.kwargs) -> T:
        with self._turns:
            return method(self, *args, **kwargs)

    return waited
