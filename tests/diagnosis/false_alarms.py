"""How often each rule speaks about runs with nothing wrong with them.

    python tests/diagnosis/false_alarms.py --runs 150 --keep /tmp/healthy

Trains them, or takes those that are kept already, and prints a table of rules by alarms; curves
that others have recorded, as CSV with columns step, lr and loss, are judged by `--curves`.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import torch
from healthy_runs import Healthy, healthy, long

from glidepath.diagnosis.diagnose import diagnose
from glidepath.diagnosis.rules import RULES
from glidepath.record import History

LIVE = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
"""Parts of a run after which it is judged: a rule must be silent all the way."""


def recorded(curves: Path) -> Iterator[tuple[str, History]]:
    """Curves from CSV."""
    for file in sorted(curves.rglob("*.csv")):
        with file.open() as lines:
            rows = list(csv.DictReader(lines))
        yield (
            str(file.relative_to(curves)),
            History(
                {"kind": "update", "step": int(row["step"])}
                | {name: float(row[name]) for name in ("loss", "lr")}
                for row in rows
            ),
        )


def trained(runs: Iterable[tuple[str, Healthy]], keep: Path) -> Iterator[tuple[str, History]]:
    """Runs of our own, by the name of the folder that each is kept in."""
    torch.set_num_threads(1)
    for name, one in runs:
        directory = keep / name
        if not (directory / "done").exists():
            for old in directory.glob("*"):
                old.unlink()
            one.run(directory)
            (directory / "done").touch()
        yield str(one), History.open(directory)


def moments(history: History) -> Iterator[History]:
    """A run as it was seen while it went on, and at its end."""
    lines = list(_lines(history))
    for share in LIVE[:-1]:
        yield History(lines[: int(share * len(lines))])
    yield history


def _lines(history: History) -> Iterator[dict]:
    """The lines that the curves are of, in order."""
    columns = {name: history.column(name) for name in history.names}
    yield history.header or {"kind": "run"}
    evaluations = {
        metric: dict(zip(*(one.tolist() for one in history.evaluations(metric)), strict=True))
        for metric in history.metrics
    }
    for i, step in enumerate(history.steps.tolist()):
        told = {name: history.texts(name)[i] for name in ("phase", "batch")}
        numbers = {name: float(of[i]) for name, of in columns.items() if of[i] == of[i]}
        yield {"kind": "update", "step": step} | numbers | told
        found = {name: of[step + 1] for name, of in evaluations.items() if step + 1 in of}
        if found:
            yield {"kind": "evaluation", "step": step + 1} | found


def main() -> None:
    """Print who spoke about what, and the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=120)
    parser.add_argument("--long", type=int, default=0, help="of 20,000 updates or more")
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--curves", type=Path)
    told = parser.parse_args()
    keep = told.keep or Path(tempfile.mkdtemp())
    alarms: Counter[str] = Counter()
    num_runs = 0
    runs = [(f"{i:03d}", healthy(i)) for i in range(told.runs)]
    runs += [(f"long-{i}", long(i)) for i in range(told.long)]
    curves = recorded(told.curves) if told.curves else ()
    for name, history in chain(trained(runs, keep), curves):
        num_runs += 1
        spoken = {}
        for moment in moments(history):
            for finding in diagnose(moment):
                spoken.setdefault(finding.code, (len(moment), finding))
        for code, (at, finding) in spoken.items():
            print(f"{name}: {code} after {at}: {finding.what}", flush=True)
        alarms.update(spoken.keys())
    print(f"\n{'rule':24} alarms in {num_runs} runs, each seen {len(LIVE)} times")
    for rule in RULES:
        print(f"{rule.code:24} {alarms[rule.code]}")


if __name__ == "__main__":
    main()
