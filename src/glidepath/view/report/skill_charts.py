"""The skill of a model, field by field."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from glidepath.view.report.chart import Chart, rounded
from glidepath.view.report.safe import as_label


def skill_charts(skill: dict[str, Any]) -> Iterator[Chart]:
    """RMSE over that of persistence by lead time, a chart for every variable.

    Args:
        skill: of `Skill.as_table`.
    """
    by_variable = defaultdict(list)
    for i, channel in enumerate(skill["channels"]):
        by_variable[channel["variable"]].append(i)
    for variable, indices in by_variable.items():
        traces = [
            trace
            for rank, i in enumerate(indices)
            for trace in _lines(skill, i, shade=0.35 + 0.65 * (rank + 1) / len(indices))
        ]
        yield Chart(variable.replace("_", " "), traces, _layout(skill), is_over_steps=False)


def _layout(skill: dict[str, Any]) -> dict[str, Any]:
    hours = skill["lead_hours"]
    level = {"color": "var(--axis)", "width": 1.5}
    return {
        "xaxis": {"title": {"text": "lead time [h]"}, "tickvals": hours},
        "yaxis": {
            "type": "log",
            "dtick": "D2",
            "tickformat": "~g",
            "title": {"text": "RMSE / persistence"},
        },
        "shapes": [
            {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "line": level}
        ],
        "showlegend": False,
        "hovermode": "closest",
    }


def _lines(skill: dict[str, Any], i: int, shade: float) -> Iterator[dict[str, Any]]:
    level = skill["channels"][i]["level"]
    where = f" at {level} hPa" if level else ""
    persistence = [row[i] for row in skill["rmse"]["persistence"]]
    for name, colour, dash in (("model", 0, "solid"), ("climatology", 1, "dash")):
        ratios = [
            rounded(row[i] / base) if base and math.isfinite(row[i] / base) else None
            for row, base in zip(skill["rmse"][name], persistence, strict=True)
        ]
        yield {
            "type": "scatter",
            "mode": "lines+markers",
            "name": as_label(name + where),
            "x": skill["lead_hours"],
            "y": ratios,
            "opacity": shade,
            "line": {"color": f"var(--line-{colour})", "dash": dash, "width": 1.6},
            "marker": {"size": 4, "color": f"var(--line-{colour})"},
            "hovertemplate": "%{x} h: %{y:.3f}",
        }
