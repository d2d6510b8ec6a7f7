"""Real runs, ill and healthy: what each has, by its name."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import array_runs
import curve_runs
import step_size_runs

Train = Callable[[Path], None]

RECORDS = Path(__file__).parent / "records"


def graphcast_demo(directory: Path) -> None:
    """The record of `make demo`, as it was written; to train it takes minutes."""
    directory.mkdir(parents=True)
    packed = RECORDS / "graphcast-demo.jsonl.gz"
    (directory / "record.jsonl").write_bytes(gzip.decompress(packed.read_bytes()))


RUNS: dict[str, tuple[Train, frozenset[str]]] = {
    "graphcast-demo": (graphcast_demo, frozenset()),
    **array_runs.RUNS,
    **curve_runs.RUNS,
    **step_size_runs.RUNS,
}
"""What trains each and records it in a directory, and the codes of what is wrong with it."""
