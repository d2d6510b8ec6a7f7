"""Runs as one self-contained page: plans, losses, layers, findings, and how they compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from glidepath.diagnosis.diagnose import diagnose
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.rules import RULES
from glidepath.record.history import History
from glidepath.view.report.page import page_text
from glidepath.view.report.run import Run
from glidepath.view.writing import write_whole

__all__ = ["write_report"]


def write_report(
    path: Path,
    runs: Mapping[str, History],
    *,
    skill: dict[str, Any] | None = None,
    rules: Sequence[Rule] = RULES,
) -> None:
    """Write the page; it needs no network, and no text of a run is taken as HTML or as a script.

    Args:
        path: the file.
        runs: their records, by the names that they have on the page; one at least.
        skill: of `Skill.as_table`, if the run was judged.
        rules: to judge the runs by.
    Raises:
        ValueError: if there are no runs.
        OSError: if the file can't be written.
    """
    if not runs:
        raise ValueError("`runs` must have one run at least, got none")
    is_alone = len(runs) == 1
    shown = [
        Run(name, history, diagnose(history, rules), i, is_alone)
        for i, (name, history) in enumerate(runs.items())
    ]
    write_whole(path, page_text(shown, skill))
