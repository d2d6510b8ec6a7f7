"""Real runs, ill and healthy: what each has, by its name."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from functools import partial
from pathlib import Path

import array_runs
import curve_runs
import step_size_runs

Train = Callable[[Path], None]

RECORDS = sorted((Path(__file__).parent / "records").glob("*.jsonl.gz"))
"""Of `make demo` and of examples, which take minutes to train; see pack.py."""


def unpack(record: Path, directory: Path) -> None:
    """Put a record where a run would have written it."""
    directory.mkdir(parents=True)
    (directory / "record.jsonl").write_bytes(gzip.decompress(record.read_bytes()))


RUNS: dict[str, tuple[Train, frozenset[str]]] = {
    **{one.name.partition(".")[0]: (partial(unpack, one), frozenset()) for one in RECORDS},
    **array_runs.RUNS,
    **curve_runs.RUNS,
    **step_size_runs.RUNS,
}
"""What trains each and records it in a directory, and the codes of what is wrong with it."""
