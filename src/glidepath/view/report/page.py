"""The page as a whole: its parts in order, and what it may load and run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from importlib.resources import files as resources
from itertools import zip_longest
from pkgutil import get_data
from typing import Any

from glidepath.plan import files
from glidepath.view.report import prose, tables
from glidepath.view.report.chart import Chart
from glidepath.view.report.facts import configuration
from glidepath.view.report.figure_charts import norm_charts, other_charts, speed_charts
from glidepath.view.report.layer_charts import layer_charts
from glidepath.view.report.loss_charts import loss_charts
from glidepath.view.report.plan_charts import plan_charts
from glidepath.view.report.run import Run
from glidepath.view.report.safe import as_html, as_json, content_hash
from glidepath.view.report.skill_charts import skill_charts
from glidepath.view.report.timeline import timeline

SKILL_NOTE = (
    "Root mean square error over that of persistence, on times held out: below 1 is better than "
    "the first state kept as it is. Line: the model; dashed: climatology."
)


def page_text(runs: Sequence[Run], skill: dict[str, Any] | None) -> str:
    """The page's text, which needs no network.

    Args:
        runs: one at least.
        skill: of `Skill.as_table`, if the run was judged.
    Raises:
        ModuleNotFoundError: if plotly is not installed.
    """
    charts = _Charts(max(_last_step(run) for run in runs))
    sections = list(_sections(runs, skill, charts))
    title = runs[0].name if len(runs) == 1 else f"{len(runs)} runs"
    style, script, plotly = _own("page.css"), _own("page.js"), _plotly()
    links = "".join(f'<a href="#{key}">{name}</a>' for key, name, _ in sections)
    body = "\n".join(f'<section id="{key}"><h2>{name}</h2>{text}</section>'
                     for key, name, text in sections)  # fmt: skip
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(plotly, script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{as_html(title)} · glidepath</title>
<style>{style}</style>
</head>
<body>
<header><h1>{as_html(title)}</h1><nav>{links}</nav></header>
<noscript><p>The charts are drawn by scripts, which your browser does not run.</p></noscript>
<main>
{body}
</main>
<script type="application/json" id="charts">{as_json(charts.tables)}</script>
<script>{plotly}</script>
<script>{script}</script>
</body>
</html>
"""


def _policy(plotly: str, script: str) -> str:
    """What the page may run and load: its own two scripts, nothing else.

    Plotly adds styles. They can load nothing: images may only stand in the page itself.
    """
    return (
        f"default-src 'none'; script-src {content_hash(plotly)} {content_hash(script)}; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _last_step(run: Run) -> int:
    """Where the run ends, or will."""
    return max(run.history.total_steps or 0, run.history.num_done)


class _Charts:
    """The charts of the page so far: each is a place in its text and a table for its script.

    Args:
        last: step at which their axes of steps end.
    """

    def __init__(self, last: int) -> None:
        self._last = last
        self.tables: list[dict[str, Any]] = []

    def place(self, charts: Iterable[Chart]) -> str:
        """Places for charts, beside one another where there is room; empty if there are none."""
        placed = "".join(map(self._place, _filled(charts)))
        return f'<div class="charts">{placed}</div>' if placed else ""

    def _place(self, chart: Chart) -> str:
        note = f'<p class="aside">{as_html(chart.note)}</p>' if chart.note else ""
        wide = " wide" if chart.is_wide else ""
        self.tables.append(chart.as_table(self._last))
        return (
            f'<figure class="chart{wide}"><figcaption>{as_html(chart.title)}{note}</figcaption>'
            f'<div class="plot" data-chart="{len(self.tables) - 1}"></div></figure>'
        )


def _filled(charts: Iterable[Chart]) -> Iterator[Chart]:
    """Charts without a gap: of an odd number of narrow ones the last is wide."""
    num_narrow = 0
    listed = list(charts)
    for chart, after in zip_longest(listed, listed[1:]):
        num_narrow = 0 if chart.is_wide else num_narrow + 1
        is_alone = num_narrow % 2 == 1 and (after is None or after.is_wide)
        yield replace(chart, is_wide=True) if is_alone else chart


def _sections(
    runs: Sequence[Run], skill: dict[str, Any] | None, charts: _Charts
) -> Iterator[tuple[str, str, str]]:
    """The key, the heading and the HTML of each section that has something to show."""
    parts = [
        ("summary", "Summary", tables.summary(runs)),
        ("findings", "Findings", _each(runs, prose.findings)),
        ("plan", "Plan", charts.place(plan_charts(runs))),
        ("losses", "Losses", charts.place(loss_charts(runs))),
        ("skill", "Skill", _skill(skill, charts)),
        ("events", "Events", charts.place(timeline(runs)) + _each(runs, prose.happenings)),
        ("norms", "Norms", charts.place(norm_charts(runs))),
        ("layers", "Layers", _layers(runs, charts)),
        ("speed", "Speed", charts.place(speed_charts(runs))),
        ("other", "Other figures", charts.place(other_charts(runs))),
        ("comparison", "Differences", tables.comparison(runs)),
        ("configuration", "Configuration", _each(runs, _configuration)),
        ("files", "Plan file", _each(runs, _plan_file)),
    ]
    return (part for part in parts if part[2])


def _each(runs: Sequence[Run], show: Any) -> str:
    """The same of each run, under its name where there are several."""
    shown = [(run, show(run)) for run in runs]
    if len(runs) == 1:
        return shown[0][1]
    return "".join(f"<h3>{as_html(run.name)}</h3>{text}" for run, text in shown if text)


def _skill(skill: dict[str, Any] | None, charts: _Charts) -> str:
    if not skill:
        return ""
    return f'<p class="aside">{as_html(SKILL_NOTE)}</p>{charts.place(skill_charts(skill))}'


def _layers(runs: Sequence[Run], charts: _Charts) -> str:
    """Maps of each run; those of several are folded, for they are tall."""
    placed = [(run, charts.place(layer_charts(run))) for run in runs]
    if len(runs) == 1:
        return placed[0][1]
    return "".join(
        f"<details><summary>{as_html(run.name)}</summary>{text}</details>"
        for run, text in placed
        if text
    )


def _configuration(run: Run) -> str:
    return tables.facts_table(configuration(run))


def _plan_file(run: Run) -> str:
    plan = run.history.plan
    return "" if plan is None else f"<pre>{_lines(files.dumps(plan))}</pre>"


def _lines(text: str) -> str:
    """Several lines as they are."""
    return "\n".join(as_html(one) for one in text.splitlines())


def _own(name: str) -> str:
    return resources("glidepath.view.report").joinpath(name).read_text(encoding="utf-8")


def _plotly() -> str:
    """Plotly's script, from its package.

    Raises:
        ModuleNotFoundError: if it is not installed.
    """
    data = get_data("plotly", "package_data/plotly.min.js")
    if data is None:
        raise ModuleNotFoundError("No module named 'plotly'", name="plotly")
    return data.decode("utf-8").replace("\r\n", "\n")
