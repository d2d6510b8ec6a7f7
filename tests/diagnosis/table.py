"""The table of docs/diagnosis.md: rules by runs, hits and false alarms.

    python tests/diagnosis/table.py

trains all runs, ill and healthy, and writes the table anew between its markers.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from glidepath.diagnosis import RULES, diagnose

PAGE = Path(__file__).parents[2] / "docs" / "diagnosis.md"
BEGIN, END = "<!-- made by tests/diagnosis/table.py -->", "<!-- end -->"

OF_TIME = frozenset({"throughput-drops", "input-bound"})
"""Rules that another's work on the same machine can set off, and rightly so."""

Verdicts = Mapping[str, tuple[frozenset[str], frozenset[str]]]
"""What each run has, and what was found."""


def table(verdicts: Verdicts) -> str:
    """Markdown: how often each rule spoke, and then what each goes by."""
    healthy = [name for name, (ill_with, _) in verdicts.items() if not ill_with]
    rows = [
        f"| rule | hits | false alarms, {len(healthy)} healthy runs "
        f"| false alarms, {len(verdicts) - len(healthy)} ill runs |",
        "|---|---|---|---|",
    ]
    rules = sorted(RULES, key=lambda rule: rule.code)
    rows += [_row(rule.code, verdicts, healthy) for rule in rules]
    said = [
        f"- **`{rule.code}`** looks at {rule.looks_at}. It speaks from here on: {rule.threshold}. "
        f"Source: {rule.source}."
        for rule in rules
    ]
    return "\n".join([*rows, "", *said])


def _row(code: str, verdicts: Verdicts, healthy: list[str]) -> str:
    """Hits among the runs that have the illness, and alarms among those that do not."""
    ill = [found for ill_with, found in verdicts.values() if code in ill_with]
    alarms = [name for name, (ill_with, found) in verdicts.items() if code in found - ill_with]
    among_healthy = sum(name in healthy for name in alarms)
    hits = sum(code in found for found in ill)
    return f"| `{code}` | {hits} of {len(ill)} | {among_healthy} | {len(alarms) - among_healthy} |"


def on_page() -> str:
    """The table as it stands on the page."""
    return re.search(f"{re.escape(BEGIN)}\n(.*?)\n{re.escape(END)}", PAGE.read_text(), re.S)[1]


def verdict(train, ill_with: frozenset[str], directory: Path) -> frozenset[str]:
    """Train and diagnose; what is said of time counts where time is what the run is ill with."""
    train(directory)
    return frozenset(finding.code for finding in diagnose(directory)) - (OF_TIME - ill_with)


def main() -> None:
    """Train, diagnose, and write."""
    sys.path.insert(0, str(Path(__file__).parent))
    from registry import RUNS

    with tempfile.TemporaryDirectory() as directory:
        verdicts = {
            name: (ill_with, verdict(train, ill_with, Path(directory) / name))
            for name, (train, ill_with) in RUNS.items()
        }
    text = PAGE.read_text()
    PAGE.write_text(text.replace(on_page(), table(verdicts)))
    for name, (ill_with, found) in verdicts.items():
        if ill_with != found:
            print(f"{name}: has {sorted(ill_with)}, found {sorted(found)}")


if __name__ == "__main__":
    main()
