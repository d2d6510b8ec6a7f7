"""How well a run does: losses, and what else evaluations measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glidepath.view.report.chart import Chart, colour, line, values_axis
from glidepath.view.report.plan_charts import phase_marks
from glidepath.view.report.run import Run
from glidepath.view.series import drawable, smoothed
from glidepath.view.watch.status import is_loss

SHARE = 50
"""The smoothed loss is the mean over a fiftieth of the updates."""
DASHES = ("solid", "dot", "dash", "dashdot")


def loss_charts(runs: Sequence[Run]) -> Iterator[Chart]:
    """The losses in one chart; each other metric in its own."""
    losses = [run.history.column("loss") for run in runs if "loss" in run.history.names]
    metrics = list(dict.fromkeys(name for run in runs for name in run.history.metrics))
    compared = [name for name in metrics if is_loss(name)]
    measured = [run.history.evaluations(name)[1] for run in runs for name in compared]
    axis = values_axis([*losses, *measured])
    traces = [one for run in runs for one in _losses(run, compared, axis["type"] == "log")]
    if traces:
        widths = sorted({_width(run) for run in runs if "loss" in run.history.names})
        means = " or ".join(f"{width:,}" for width in widths if width > 1)
        yield Chart(
            "loss",
            traces,
            phase_marks(runs) | {"yaxis": axis},
            note=f"Pale: every update. Line: mean over {means} neighbours." if means else "",
            height=340,
            is_wide=True,
        )
    for name in metrics:
        if name not in compared:
            yield _metric(runs, name)


def _width(run: Run) -> int:
    return max(1, len(run.history) // SHARE) | 1


def _losses(run: Run, metrics: Sequence[str], is_log: bool) -> Iterator[dict[str, Any]]:
    steps, values = drawable(run.history.steps, run.history.column("loss"))
    width = _width(run)
    if len(values):
        pale = {"color": run.colour, "width": 1}
        if width > 1:
            more: dict[str, Any] = {"opacity": 0.3, "hoverinfo": "skip", "showlegend": False}
            every = line(run.label("every update"), steps, values, pale, positive=is_log, **more)
            yield {key: value for key, value in every.items() if key != "hovertemplate"}
        mean = smoothed(values, width)
        yield line(run.label("training"), steps, mean, pale | {"width": 2}, positive=is_log)
    for i, name in enumerate(metrics):
        at, measured = run.history.evaluations(name)
        shade = colour(i + 1) if run.is_alone else run.colour
        look = {"color": shade, "width": 2, "dash": "solid" if run.is_alone else DASHES[1 + i % 3]}
        made = line(run.label(name), at, measured, look, positive=is_log)
        yield made | {"mode": "lines+markers", "marker": {"color": shade, "size": 5}}


def _metric(runs: Sequence[Run], name: str) -> Chart:
    traces = []
    for run in runs:
        steps, values = run.history.evaluations(name)
        if np.isfinite(values).any():
            made = line(run.only(name), steps, values, {"color": run.colour, "width": 2})
            traces.append(made | {"mode": "lines+markers"})
    return Chart(name, traces, phase_marks(runs))
