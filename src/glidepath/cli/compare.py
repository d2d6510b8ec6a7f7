"""`glidepath compare`: plans side by side."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer


def compare(
    plans: Annotated[list[str], typer.Argument(help="Presets' names, or plans' files.")],
    quantity: Annotated[str, typer.Option(help="What to compare, such as lr or lr.head.")] = "lr",
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
    save: Annotated[
        Path | None, typer.Option(help="Also write a figure: a .png, .svg or .pdf file.")
    ] = None,
) -> None:
    """Compare plans with the first: where they differ, by how much, and what they sum up to."""
    from glidepath.cli.errors import needs
    from glidepath.cli.plans import plan_named
    from glidepath.plan.comparison import compare as compared

    named = {name: plan_named(name) for name in plans}
    rows = compared(named, quantity)
    if form == "json":
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        from rich.console import Console

        from glidepath.view.listings import comparison_table

        Console().print(comparison_table(rows, quantity))
    if save:
        with needs("figures"):
            from glidepath.view import figures
        figures.save(figures.comparison_figure(named, quantity), save)
        typer.echo(f"wrote {save}")
