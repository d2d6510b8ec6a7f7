"""Every other figure of the updates: norms, speed, memory, whatever was recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glidepath.view.report.chart import Chart, line, values_axis
from glidepath.view.report.plan_charts import phase_marks
from glidepath.view.report.run import Run

USUAL_RATIO = "about 1e-3 is usual."
"""Source: Karpathy 2015, cs231n.github.io/neural-networks-3, "Ratio of weights:updates"."""

NORMS = {
    "gradient_norm": "L2, over all parameters, before clipping.",
    "update_ratio": f"Norm of the update over that of the parameters; {USUAL_RATIO}",
    "parameter_norm": "L2, over all parameters, before the update.",
}
SPEED = {
    "seconds": "From one update to the next, without pauses.",
    "data_seconds": "Spent waiting for the batch.",
    "memory_bytes": "The most so far.",
}
ELSEWHERE = {"loss", "time", "planned", "samples", "skipped", "num_updates"}
"""Columns that have a chart of their own, or need none."""


def norm_charts(runs: Sequence[Run]) -> Iterator[Chart]:
    """Of gradients, updates and parameters."""
    return (_chart(runs, name, note) for name, note in NORMS.items() if _is_known(runs, name))


def speed_charts(runs: Sequence[Run]) -> Iterator[Chart]:
    """Of time and memory."""
    return (_chart(runs, name, note) for name, note in SPEED.items() if _is_known(runs, name))


def other_charts(runs: Sequence[Run]) -> Iterator[Chart]:
    """Of what else was recorded with the updates."""
    shown = {*NORMS, *SPEED, *ELSEWHERE, *(name for run in runs for name in run.history.values)}
    planned = (run.history.plan.names for run in runs if run.history.plan is not None)
    shown |= {name for names in planned for name in names}
    names = dict.fromkeys(name for run in runs for name in run.history.names)
    return (_chart(runs, name, "") for name in names if name not in shown and _is_known(runs, name))


def _is_known(runs: Sequence[Run], name: str) -> bool:
    return any(len(run.history.known(name)[0]) for run in runs)


def _chart(runs: Sequence[Run], name: str, note: str) -> Chart:
    values = [run.history.known(name)[1] for run in runs]
    axis = values_axis(values)
    traces = [
        line(
            run.only(name),
            *run.history.known(name),
            {"color": run.colour, "width": 1.3},
            positive=axis["type"] == "log",
        )
        for run in runs
    ]
    axis |= {"rangemode": "tozero"} if name in SPEED else {}
    axis |= {"ticksuffix": "B", "exponentformat": "SI"} if name == "memory_bytes" else {}
    axis |= {"ticksuffix": " s"} if name.endswith("seconds") else {}
    title = name.replace("_", " ")
    return Chart(title, traces, phase_marks(runs) | {"yaxis": axis}, note=note, height=230)
