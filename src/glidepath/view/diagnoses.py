"""The diagnosis of a run: for people, and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.markup import escape

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import counted
from glidepath.diagnosis.rules import RULES
from glidepath.record.history import History
from glidepath.record.schema import as_text
from glidepath.record.state import state_of
from glidepath.view.blind_spots import blind_spots
from glidepath.view.plain import plain
from glidepath.view.run_findings import run_findings_text
from glidepath.view.watch.status import place


def diagnosis_text(name: str, history: History, findings: Sequence[Finding]) -> str:
    """A run's findings, or that there are none; what was looked at; what could not be. Markup.

    Args:
        name: of the run, as its user calls it.
        history: of the run.
        findings: worst first.
    """
    head = f"[bold]{escape(plain(name))}[/bold]  {escape(plain(state_of(history).name))}"
    head += ", " + escape(", ".join(place(history)))
    if not len(history):
        return f"{head}\nno update has been recorded yet: there is nothing to judge"
    said = run_findings_text(findings) or "nothing looks wrong, as far as can be seen"
    text = f"{head}\n\n{said}\n\nlooked at: {looked_at(history)}"
    spots = blind_spots(history)
    if spots:
        text += "\nnot recorded:" + "".join(f"\n  {escape(str(spot))}" for spot in spots)
    return text


def looked_at(history: History) -> str:
    """What the rules had to look at."""
    num_evaluations = max((len(history.evaluations(one)[0]) for one in history.metrics), default=0)
    looks = history.looks
    at_arrays = f" at {counted(len(looks.arrays))}" if len(looks) else ""
    return (
        f"{counted(len(history), 'update')}, {counted(num_evaluations, 'evaluation')}, "
        f"{counted(len(looks), 'look')}{at_arrays}, by {counted(len(RULES), 'rule')}"
    )


def diagnosis_table(name: str, history: History, findings: Sequence[Finding]) -> dict[str, Any]:
    """The same as plain values that JSON has; NaN and infinity are texts.

    Args:
        name: of the run, as its user calls it.
        history: of the run.
        findings: worst first.
    """
    table = {
        "run": name,
        "state": state_of(history).name,
        "updates": len(history),
        "findings": [asdict(finding) for finding in findings],
        "not_recorded": [asdict(spot) for spot in blind_spots(history)],
    }
    return json.loads(as_text(table))
