"""A record without most of its updates: what a list of many runs needs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

from glidepath.record.history import History
from glidepath.record.lines import parsed

NEWEST = 200
"""Updates that are read: enough for a mean loss and for the pace."""
START, UPDATE, LOOK = (f'{{"kind": "{kind}"'.encode() for kind in ("run", "update", "layers"))
"""How lines begin, as `schema.as_text` writes them; others are read, whatever they are."""


def skim(file: Path) -> History:
    """What a record says but for looks at arrays and for most updates.

    There are the first update of every start, and the newest ones. Lines that are left out are not
    parsed, which is what takes the time.

    Raises:
        OSError: if it can't be read.
        ValueError: if a line that is read is none of a record's.
    """
    return History(parsed(text.decode("utf-8", "replace"), file, i) for i, text in _kept(file))


def _kept(file: Path) -> Iterator[tuple[int, bytes]]:
    """Lines with their numbers, from 1."""
    kept: list[tuple[int, bytes]] = []
    newest: deque[tuple[int, bytes]] = deque(maxlen=NEWEST)
    is_first = True
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.endswith(b"\n"):
                break
            is_update = line.startswith(UPDATE)
            if is_update and not is_first:
                newest.append((number, line))
            elif not line.startswith(LOOK):
                kept.append((number, line))
            is_first = line.startswith(START) or (is_first and not is_update)
    return iter(sorted([*kept, *newest]))
