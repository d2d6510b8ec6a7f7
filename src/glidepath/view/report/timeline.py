"""What happened beside the updates, along the run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from glidepath.view.report.chart import Chart
from glidepath.view.report.run import Run
from glidepath.view.report.safe import as_label
from glidepath.view.watch.status import event_text, rollback_text

MARKS = {
    "checkpoint": "line-ns-open",
    "restart": "triangle-up",
    "rollback": "triangle-down",
    "event": "diamond",
    "NaN or infinity": "x",
    "notice": "circle",
}
MOST_MARKS = 1_000
LONGEST = 120


def timeline(runs: Sequence[Run]) -> Iterator[Chart]:
    """Checkpoints, restarts, rollbacks, events, NaN and notices; nothing where there were none."""
    traces = [_trace(run, kind, marks) for run in runs for kind, marks in _marks(run) if marks]
    if traces:
        axis = {"type": "category", "autorange": "reversed"}
        layout = {"yaxis": axis, "showlegend": False, "hovermode": "closest"}
        height = 70 + 30 * len(traces)
        yield Chart("along the run", traces, layout, height=height, is_wide=True)


def _marks(run: Run) -> Iterator[tuple[str, list[tuple[int, str]]]]:
    history = run.history
    yield "checkpoint", [(step, f"saved after {step:,} updates") for step in history.checkpoints]
    yield "restart", [(step, f"went on at step {step:,}") for step in history.restarts]
    yield "rollback", [(line["step"], rollback_text(line)) for line in history.rollbacks]
    yield "event", [(line["step"], event_text(line)) for line in history.events]
    bad = ((line["step"], f"at step {line['step']:,}") for line in history.nonfinite)
    yield "NaN or infinity", list(bad)
    yield "notice", [(line.get("step", 0), line.get("text", "")) for line in history.notices]


def _trace(run: Run, kind: str, marks: list[tuple[int, str]]) -> dict[str, Any]:
    marks = marks[-MOST_MARKS:]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": as_label(run.label(kind)),
        "x": [step for step, _ in marks],
        "y": [as_label(run.label(kind))] * len(marks),
        "text": [as_label(text[:LONGEST]) for _, text in marks],
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {
            "symbol": MARKS[kind],
            "size": 9,
            "color": "var(--bad)" if kind.startswith("NaN") else run.colour,
            "line": {"color": run.colour, "width": 1.5},
        },
    }
