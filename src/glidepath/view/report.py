"""A run as one self-contained page: its plan, its losses, its skill."""

from __future__ import annotations

from collections import defaultdict
from html import escape
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import plotly.io
from plotly.subplots import make_subplots

from glidepath.plan import Plan, files
from glidepath.view.colours import BLUE, CYCLE, GREY
from glidepath.view.curves import curves

MAX_POINTS = 3_000

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1d2430; --paper: #ffffff; --soft: #f3f5f8; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e4e8ee; --paper: #14181f; --soft: #1f2530; }}
}}
body {{ font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
pre {{ background: var(--soft); padding: 1rem; overflow-x: auto; border-radius: 4px; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; }}
td {{ padding: .15rem 1.5rem .15rem 0; vertical-align: top; }}
.chart {{ background: #ffffff; border-radius: 4px; }}
</style>
</head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


def write_report(
    path: Path,
    *,
    title: str,
    plan: Plan,
    record: list[dict[str, Any]],
    configuration: dict[str, Any],
    skill: dict[str, Any] | None,
) -> None:
    """Write the page; it needs no network, and no text of the run is taken as HTML.

    Args:
        path: the file.
        title: of the page.
        plan: that the run followed.
        record: lines of the run's record.
        configuration: of the run.
        skill: of `Skill.as_table`, if the run was judged.
    """
    charts = [("What was recorded", _record_chart(plan, record))] if record else []
    charts.insert(0, ("The plan", _plan_chart(plan)))
    charts += [("Skill on times held out", _skill_chart(skill))] if skill else []
    parts = [_facts(plan, record, configuration)]
    for i, (heading, chart) in enumerate(charts):
        html = plotly.io.to_html(
            chart, include_plotlyjs=i == 0, full_html=False, config={"displayModeBar": False}
        )
        parts.append(f'<h2>{escape(heading)}</h2>\n<div class="chart">{html}</div>')
    parts.append(f"<h2>The plan as a file</h2>\n<pre>{escape(files.dumps(plan))}</pre>")
    page = PAGE.format(title=escape(title), body="\n".join(parts))
    path.write_text(page, encoding="utf-8")


def _facts(plan: Plan, record: list[dict[str, Any]], configuration: dict[str, Any]) -> str:
    facts = {"plan": f"{plan.total_steps:,} steps, fingerprint {plan.fingerprint}"}
    facts |= {name: _said(value) for name, value in configuration.items() if name != "fingerprint"}
    if record:
        seconds = sorted(line["seconds"] for line in record)
        facts["updates recorded"] = f"{len(record):,}"
        facts["last loss"] = f"{record[-1]['loss']:.4f}"
        facts["seconds per update"] = f"{seconds[len(seconds) // 2]:.3f} (median)"
    rows = (
        f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in facts.items()
    )
    return f"<table>{''.join(rows)}</table>"


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items() if item is not None)
    return "-" if value is None else str(value)


def _layout(figure: go.Figure, rows: int) -> go.Figure:
    figure.update_layout(
        template="plotly_white",
        height=90 + 190 * rows,
        margin={"l": 70, "r": 20, "t": 40, "b": 40},
        showlegend=False,
    )
    return figure


def _plan_chart(plan: Plan) -> go.Figure:
    drawn = [curve for curve in curves(plan, 1_000) if not curve.is_flat] or curves(plan, 1_000)
    figure = make_subplots(rows=len(drawn), shared_xaxes=True, vertical_spacing=0.06)
    for row, curve in enumerate(drawn, start=1):
        line = {"color": BLUE}
        figure.add_scatter(
            x=curve.steps, y=curve.values, name=curve.name, line=line, row=row, col=1
        )
        figure.update_yaxes(title_text=curve.name, row=row, col=1)
    _mark_phases(figure, plan)
    return _layout(figure, len(drawn))


def _mark_phases(figure: go.Figure, plan: Plan) -> None:
    for start in plan.starts[1:]:
        figure.add_vline(x=start, line_color=GREY, line_dash="dot", line_width=1)
    for i, (phase, start) in enumerate(zip(plan.phases, plan.starts, strict=True)):
        figure.add_annotation(
            x=start,
            y=1.0,
            yref="paper",
            yanchor="bottom",
            xanchor="left",
            yshift=14 * (i % 2),
            text=escape(phase.name),
            showarrow=False,
            font={"size": 11, "color": GREY},
        )


def _record_chart(plan: Plan, record: list[dict[str, Any]]) -> go.Figure:
    names = ["loss", "gradient_norm", "update_ratio", "seconds"]
    figure = make_subplots(rows=len(names), shared_xaxes=True, vertical_spacing=0.05)
    for row, name in enumerate(names, start=1):
        steps, values = _thinned(record, name)
        line = {"color": CYCLE[(row - 1) % len(CYCLE)], "width": 1.2}
        figure.add_scatter(x=steps, y=values, name=name, line=line, row=row, col=1)
        figure.update_yaxes(title_text=name.replace("_", " "), type="log", row=row, col=1)
    for start in plan.starts[1:]:
        if start <= record[-1]["step"]:
            figure.add_vline(x=start, line_color=GREY, line_dash="dot", line_width=1)
    return _layout(figure, len(names))


def _thinned(record: list[dict[str, Any]], name: str) -> tuple[list[int], list[float | None]]:
    """Means over so many neighbours that the chart has few enough points; a log axis skips 0."""
    width = -(-len(record) // MAX_POINTS)
    steps, values = [], []
    for i in range(0, len(record), width):
        block = [line[name] for line in record[i : i + width]]
        mean = sum(block) / len(block)
        steps.append(record[i]["step"])
        values.append(mean if mean > 0 else None)
    return steps, values


def _skill_chart(skill: dict[str, Any]) -> go.Figure:
    by_variable = defaultdict(list)
    for i, channel in enumerate(skill["channels"]):
        by_variable[channel["variable"]].append(i)
    rows = -(-len(by_variable) // 2)
    figure = make_subplots(
        rows=rows,
        cols=2,
        subplot_titles=[name.replace("_", " ") for name in by_variable],
        shared_xaxes=True,
        shared_yaxes=True,
        vertical_spacing=0.1,
    )
    for place, indices in enumerate(by_variable.values()):
        at = {"row": place // 2 + 1, "col": place % 2 + 1}
        figure.add_hline(y=1.0, line_color=GREY, line_width=1, **at)
        for i in indices:
            _skill_lines(figure, skill, i, at)
    figure.update_yaxes(title_text="RMSE / persistence", col=1)
    figure.update_yaxes(type="log", dtick="D2")
    figure.update_xaxes(title_text="lead time [h]", row=rows)
    return _layout(figure, rows)


def _skill_lines(figure: go.Figure, skill: dict[str, Any], i: int, at: dict[str, int]) -> None:
    level = skill["channels"][i]["level"]
    where = f" at {level} hPa" if level else ""
    persistence = [row[i] for row in skill["rmse"]["persistence"]]
    for name, colour, dash in (("model", BLUE, "solid"), ("climatology", CYCLE[1], "dash")):
        ratios = [
            row[i] / base if base else None
            for row, base in zip(skill["rmse"][name], persistence, strict=True)
        ]
        line = {"color": colour, "dash": dash, "width": 1.2}
        figure.add_scatter(x=skill["lead_hours"], y=ratios, name=name + where, line=line, **at)
