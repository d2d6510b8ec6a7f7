"""`glidepath evaluate`: judge a trained model on times held out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

MAX_STARTS = 200
FIGURE = Path("skill.png")
"""In the run, where nothing else is said."""


def evaluate(
    run: Annotated[str, typer.Argument(help="A run's directory.")],
    data: Annotated[str | None, typer.Option(help="Other data than the run's own.")] = None,
    lead: Annotated[
        int | None, typer.Option(help="Time steps to look ahead; 4, or what the times allow.")
    ] = None,
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
    from glidepath.cli.files_to_write import check_files
    from glidepath.view.progress import Activity

    if starts < 1:
        raise ValueError(f"`--starts` must be at least 1, got {starts}")
    check_files({"--json": json_file, "--figure": figure})
    console = Console(highlight=False)
    with needs("weather"), Activity(console) as activity:
        from glidepath.view import figures
        from glidepath.weather.runs import evaluate_run

        figures.check_suffix(figure or FIGURE)
        skill = evaluate_run(Path(run), data, num_steps=lead, max_starts=starts, progress=activity)
    table = skill.as_table()
    show_skill(table, figure or Path(run) / FIGURE, Path(run).name, console)
    if json_file:
        json_file.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
        activity.say(f"wrote {json_file}")


def show_skill(table: dict[str, Any], figure: Path, name: str, console: Console) -> None:
    """Print the table and write the figure."""
    from glidepath.view import figures
    from glidepath.view.skill_table import print_skill

    print_skill(table, console)
    figures.save(figures.skill_figure(table, f"Skill of {name}"), figure)
    console.print(f"figure: {figure}", soft_wrap=True, markup=False)
