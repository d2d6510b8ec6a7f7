"""All rules over a record."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from glidepath.diagnosis.finding import LEVELS, Finding
from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.rules import RULES
from glidepath.record import History


def diagnose(run: str | Path | History, rules: Sequence[Rule] = RULES) -> list[Finding]:
    """What is wrong with a run, worst first; nothing where nothing is.

    Args:
        run: a run's directory, its record's file, or what was read of it.
        rules: to go through.
    Raises:
        FileNotFoundError: if there is no record.
        ValueError: if it is damaged.
    """
    history = run if isinstance(run, History) else History.open(run)
    found = [finding for rule in rules for finding in rule.find(history)]
    return sorted(found, key=lambda one: (LEVELS.index(one.level), one.step or 0))
