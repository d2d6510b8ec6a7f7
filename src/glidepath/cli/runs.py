"""`glidepath runs`: which runs there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

By = Literal["name", "plan", "steps", "loss", "validation", "lowest", "state", "age"]

WIDEST = 10_000
"""Characters: where there is no terminal, no row is cut."""


def runs(
    directory: Annotated[str, typer.Argument(help="Where your runs are.")] = "runs",
    sort: Annotated[By, typer.Option(help="What comes first: best losses, newest ages.")] = "name",
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """List the runs in and below a directory: plan, steps, losses, state, age.

    The loss is the mean of the last 20 updates; the validation loss is the last one and the
    lowest. In JSON a number that is NaN or infinite is null, and "not_finite" of its run names it.
    """
    from glidepath.record.history import runs_below
    from glidepath.view.run_table import errors_text, plain_rows, rows_of, run_table, sorted_rows

    below = Path(directory)
    rows = sorted_rows(rows_of(runs_below(below), below), sort)
    if as_json:
        typer.echo(json.dumps(plain_rows(rows), indent=2, allow_nan=False))
        return
    from rich.console import Console

    if not rows:
        typer.echo(f"there are no runs below {directory}")
        return
    console, table = Console(highlight=False), run_table(rows)
    if not console.is_terminal:
        console.width = Console(width=WIDEST).measure(table).maximum
    console.print(table)
    typer.echo(errors_text(rows), nl=any(row.error for row in rows))
