"""The tables of the page, as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from glidepath.view.report.chart import COLOURS
from glidepath.view.report.facts import (
    ABSENT,
    configuration,
    differing,
    facts,
    plan_parts,
    reason,
)
from glidepath.view.report.run import Run
from glidepath.view.report.safe import as_html


def summary(runs: Sequence[Run]) -> str:
    """One run as tiles; several as rows. Why they ended stands below, for it may be long."""
    told = [facts(run) for run in runs]
    if len(runs) == 1:
        tiles = (
            f"<div><dt>{as_html(name)}</dt><dd>{as_html(value)}</dd></div>"
            for name, value in told[0].items()
        )
        return f'<dl class="tiles">{"".join(tiles)}</dl>{_reasons(runs)}'
    heads = list(dict.fromkeys(name for one in told for name in one))
    rows = [(_named(run), [one.get(name, ABSENT) for name in heads])
            for run, one in zip(runs, told, strict=True)]  # fmt: skip
    return table(["run", *heads], rows) + _reasons(runs)


def _reasons(runs: Sequence[Run]) -> str:
    told = [("" if run.is_alone else f"{_named(run)} ", reason(run)) for run in runs]
    return "".join(
        f'<p class="reason">{name}{"<br>".join(map(as_html, why.splitlines()))}</p>'
        for name, why in told
        if why
    )


def _named(run: Run) -> str:
    return f'<span class="swatch line-{run.index % COLOURS}"></span>{as_html(run.name)}'


def table(heads: Iterable[str], rows: Iterable[tuple[str, Iterable[str]]]) -> str:
    """A table that scrolls by itself where it is too wide.

    Args:
        heads: texts.
        rows: the first cell as HTML, the others as texts.
    """
    head = "".join(f'<th scope="col">{as_html(one)}</th>' for one in heads)
    body = "".join(
        f'<tr><th scope="row">{first}</th>'
        + "".join(f"<td>{as_html(cell)}</td>" for cell in cells)
        + "</tr>"
        for first, cells in rows
    )
    return (f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>")  # fmt: skip


def comparison(runs: Sequence[Run]) -> str:
    """Where plans and configurations differ; empty for one run."""
    if len(runs) < 2:
        return ""
    names = ["", *(run.name for run in runs)]
    parts = []
    for title, tables in (
        ("Plans", [plan_parts(run) for run in runs]),
        ("Configurations and environments", [configuration(run) for run in runs]),
    ):
        rows = differing(tables)
        same = "<p>They are the same.</p>"
        body = table(names, ((as_html(key), cells) for key, cells in rows.items()))
        parts.append(f"<h3>{title}</h3>{body if rows else same}")
    return "".join(parts)


def facts_table(rows: Mapping[str, str]) -> str:
    """Names and values."""
    if not rows:
        return "<p>Nothing was recorded of it.</p>"
    body = "".join(
        f'<tr><th scope="row">{as_html(name)}</th><td>{as_html(value)}</td></tr>'
        for name, value in rows.items()
    )
    return f'<div class="scroll"><table class="facts"><tbody>{body}</tbody></table></div>'
