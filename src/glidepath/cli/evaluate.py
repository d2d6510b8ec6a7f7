"""`glidepath evaluate`: judge a trained model on times held out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

MAX_STARTS = 200


def evaluate(
    run: Annotated[str, typer.Argument(help="A run's directory.")],
    data: Annotated[str | None, typer.Option(help="Other data than the run's own.")] = None,
    lead: Annotated[int, typer.Option(help="Time steps to look ahead.")] = 4,
    starts: Annotated[int, typer.Option(help="Forecasts to judge, at most.")] = MAX_STARTS,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Also write everything as JSON.")
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(help="The figure's file; skill.png in the run by default.")
    ] = None,
) -> None:
    """Area-weighted RMSE by variable, level and lead time, next to persistence and climatology."""
    from rich.console import Console

    from glidepath.cli.errors import needs

    console = Console(highlight=False)
    with needs("weather"):
        table = judge(run, data, lead=lead, starts=starts, figure=figure, console=console)
    if json_file:
        json_file.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
        console.print(f"wrote {json_file}", soft_wrap=True)


def judge(
    run: str,
    data: str | None,
    *,
    lead: int,
    console: Console,
    starts: int = MAX_STARTS,
    figure: Path | None = None,
) -> dict[str, Any]:
    """Evaluate, print the table, write the figure; returns what goes into JSON."""
    from glidepath.training.run_directory import RunDirectory
    from glidepath.view import figures
    from glidepath.view.progress import Activity
    from glidepath.view.skill_table import print_skill
    from glidepath.weather.runs import evaluate_run

    with Activity(console) as activity:
        skill = evaluate_run(Path(run), data, num_steps=lead, max_starts=starts, progress=activity)
    table = skill.as_table()
    print_skill(table, console)
    path = figure or RunDirectory(Path(run)).path / "skill.png"
    figures.save(figures.skill_figure(table, f"Skill of {Path(run).name}"), path)
    console.print(f"figure: {path}", soft_wrap=True)
    return table
