"""The table of docs/surviving.md: what goes wrong, and what becomes of the run.

    python -m tests.faults --seeds 50            # prints it
    python -m tests.faults --seeds 50 --write    # and writes it between its markers

Exits with 1 if anything was lost.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults import breaking, changing, filling, killing, sharing, signalling, undisturbed
from tests.faults.child import Job
from tests.faults.outcome import Outcome

PAGE = Path(__file__).parents[2] / "docs" / "surviving.md"
BEGIN, END = "<!-- made by python -m tests.faults --seeds 50 --write -->", "<!-- end -->"

HEAD = (
    "| what goes wrong | tried | went on to its end | bit for bit the same | told "
    "| lost | orphans |\n|---|---|---|---|---|---|---|"
)

Try = Callable[[int, Path], Outcome]
"""From a seed and a folder."""


SAID: dict[str, Callable[..., Outcome]] = {
    "`kill -9` at random moments, up to four times": killing.at_random_moments,
    "`kill -9` inside a save": killing.in_a_save,
    "`kill -9` right before any change of the disk, twice": killing.before_a_change,
    "`kill -9` after a rollback": killing.after_a_rollback,
    "`kill -9` while plan and batch are being changed": changing.killed_in_a_change,
    "a file of the newest checkpoint flipped, cut, emptied or removed": breaking.a_file,
    "every checkpoint broken, and one put back": breaking.all_of_them,
    "no room for a checkpoint": filling.for_the_checkpoint,
    "no room for the record": filling.for_the_record,
    "a full disk": filling.of_a_small_disk,
    "SIGTERM or SIGINT, anywhere": signalling.once,
    "SIGTERM or SIGINT before a rollback, up to three times": signalling.before_a_rollback,
    "two signals in the midst of a compilation": signalling.twice_in_xla,
    "two signals in a save that hangs": signalling.twice_in_a_save,
    "a second process on the same run": sharing.by_two,
}
"""All faults in words, and what makes one happen to a run."""


def tries(folder: Path) -> dict[str, Try]:
    """All faults, with the undisturbed runs that each needs."""
    whole = undisturbed.whole(folder)
    cut, rolled_back = undisturbed.cut(whole), undisturbed.with_a_rollback(whole)
    needed = dict.fromkeys(SAID.values(), (whole,))
    with_nan = killing.after_a_rollback, signalling.before_a_rollback
    needed |= dict.fromkeys(with_nan, (rolled_back,))
    needed |= dict.fromkeys((breaking.a_file, breaking.all_of_them), (whole, cut))
    can = {filling.of_a_small_disk: filling.can_mount()}
    return {name: _with(one, needed[one]) for name, one in SAID.items() if can.get(one, True)}


def _with(one: Callable[..., Outcome], runs: tuple[Job, ...]) -> Try:
    return lambda seed, folder: one(seed, folder, *runs)


def row(name: str, outcomes: list[Outcome]) -> str:
    """Of the table."""
    counts = (
        len(outcomes),
        sum(one.survived for one in outcomes),
        sum(one.is_equal for one in outcomes),
        "-" if outcomes[0].told is None else sum(bool(one.told) for one in outcomes),
        sum(not (one.survived and one.is_equal) for one in outcomes),
        sum(one.num_orphans for one in outcomes),
    )
    return f"| {name} | " + " | ".join(map(str, counts)) + " |"


def rows(seeds: int) -> Iterator[tuple[str, bool]]:
    """Every row as soon as it is known, and whether all went well."""
    with tempfile.TemporaryDirectory() as base:
        for number, (name, one) in enumerate(tries(Path(base)).items()):
            began = time.monotonic()
            folder = Path(base) / str(number)
            folder.mkdir()
            outcomes = []
            for seed in range(seeds):
                inner = folder / str(seed)
                inner.mkdir()
                outcomes.append(one(seed, inner))
                shutil.rmtree(inner, ignore_errors=True)
            bad = [seed for seed, it in enumerate(outcomes) if not it.is_good]
            seconds = time.monotonic() - began
            print(f"{name}: {seconds:.0f} s; not as it should be: {bad or 'none'}", flush=True)
            yield row(name, outcomes), not bad


def main() -> int:
    """Try, print, and write."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--write", action="store_true", help="the table in docs/surviving.md")
    given = parser.parse_args()
    if not filling.can_mount():
        print("a full disk is not tried: this process may mount none")
    began = time.monotonic()
    found = list(rows(given.seeds))
    table = "\n".join([HEAD, *(line for line, _ in found)])
    print(f"{time.monotonic() - began:.0f} s\n\n{table}")
    if given.write:
        text = PAGE.read_text(encoding="utf-8")
        part = re.compile(f"{re.escape(BEGIN)}\n.*?{re.escape(END)}", re.S)
        PAGE.write_text(part.sub(lambda _: f"{BEGIN}\n\n{table}\n\n{END}", text), encoding="utf-8")
    return 0 if all(is_good for _, is_good in found) else 1


if __name__ == "__main__":
    sys.exit(main())
