"""The plan against what was really used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from glidepath.diagnosis.planned_values import UsedValues, used_values
from glidepath.view.amounts import figure
from glidepath.view.planned import planned
from glidepath.view.report.chart import Chart, line
from glidepath.view.report.run import Run
from glidepath.view.report.safe import as_label
from glidepath.view.series import drawable

RESOLUTION = 1_000
MOST_BANDS = 24
"""Phases that are marked in a chart."""
LONGEST_NAME = 22
LAST_PART = 0.75
"""Of the run: names of phases that begin later stand left of their line."""


def plan_charts(runs: Sequence[Run]) -> Iterator[Chart]:
    """One for every quantity that changes in a run: the rate first."""
    names = dict.fromkeys(name for run in runs for name in _names(run))
    drawn = [(name, traces) for name in names if (traces := _traces(runs, name))]
    changing = [one for one in drawn if not _is_flat(one[1])]
    for i, (name, traces) in enumerate(changing or drawn[:1]):
        is_first = i == 0
        yield Chart(
            name,
            traces,
            phase_marks(runs, named=is_first) | {"yaxis": {"rangemode": "tozero"}},
            note=_note(runs, name),
            is_wide=is_first,
        )


def _names(run: Run) -> list[str]:
    """The quantities of the plan, and other values that were used: the rate first."""
    names = [*(run.history.plan.names if run.history.plan else ()), *run.history.values]
    return sorted(dict.fromkeys(names), key=lambda name: name != "lr")


def _traces(runs: Sequence[Run], name: str) -> list[dict[str, Any]]:
    """For each run the plan, broad and pale, and what was used, thin upon it."""
    traces = []
    for run in runs:
        if run.history.plan is not None and name in run.history.plan.names:
            traces.append(_planned(run, name))
        steps, values = drawable(*run.history.known(name))
        if len(steps):
            look = {"color": run.colour, "width": 1.6}
            traces.append(line(run.label("used"), steps, values, look))
    return traces


def _planned(run: Run, name: str) -> dict[str, Any]:
    """The plan's line; whole numbers are stairs."""
    steps, values = planned(run.history, name, RESOLUTION)
    shape = "hv" if np.all(values == np.round(values)) else "linear"
    colour = "var(--plan)" if run.is_alone else run.colour
    look = {"color": colour, "width": 7, "shape": shape}
    return line(run.label("planned"), steps, values, look, opacity=0.45)


def _is_flat(traces: Sequence[dict[str, Any]]) -> bool:
    return all(max(one["y"]) == min(one["y"]) for one in traces if one["y"])


def phase_marks(runs: Sequence[Run], *, named: bool = False) -> dict[str, Any]:
    """Where the phases of a run begin, upright lines; nothing where there are several runs."""
    plan = runs[0].history.plan if len(runs) == 1 else None
    if plan is None or len(plan.phases) > MOST_BANDS:
        return {}
    look = {"color": "var(--axis)", "width": 1, "dash": "dot"}
    shapes = [
        {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "yref": "paper", "line": look}
        for x in map(float, plan.starts[1:])
    ]
    names = [
        {
            "x": float(start),
            "y": 1,
            "yref": "paper",
            "xanchor": "left" if start < plan.total_steps * LAST_PART else "right",
            "yanchor": "bottom",
            "yshift": 14 * (i % 2),
            "text": as_label(phase.name[:LONGEST_NAME]),
            "showarrow": False,
            "font": {"size": 11, "color": "var(--soft-ink)"},
        }
        for i, (phase, start) in enumerate(zip(plan.phases, plan.starts, strict=True))
    ]
    return {"shapes": shapes} | ({"annotations": names, "margin": {"t": 62}} if named else {})


def _note(runs: Sequence[Run], name: str) -> str:
    """What is told of the runs; once where it is the same of all."""
    told = [_told(run, name) for run in runs]
    if len(set(told)) == 1:
        return told[0]
    return " ".join(f"{run.name}: {one}" for run, one in zip(runs, told, strict=True))


def _told(run: Run, name: str) -> str:
    """Whether what was used is what was planned, in words."""
    history, plan = run.history, run.history.plan
    if plan is None or name not in plan.names:
        return "the record has no plan of it."
    if name not in history.names:
        return "nothing was recorded of what was used."
    used = used_values(history, name)
    since = " since the last start" if history.restarts else ""
    if not len(used.steps):
        return f"nobody saw what was used{since}; the record has the planned values."
    if used.is_planned.all():
        return f"what was used is the planned value at every recorded update{since}."
    return _differing(used)


def _differing(used: UsedValues) -> str:
    """Where it differs from the plan, and where most."""
    rows = np.flatnonzero(~used.is_planned)
    planned = np.asarray(used.schedule(used.steps), np.float64) * np.ones(len(used.steps))
    worst = rows[np.abs(used.values - planned)[rows].argmax()]
    return (
        f"not as planned at {len(rows):,} of {len(used.steps):,} updates, first at step "
        f"{used.steps[rows[0]]:,}; most at step {used.steps[worst]:,}: "
        f"{figure(float(used.values[worst]))}, planned {figure(float(planned[worst]))}."
    )
