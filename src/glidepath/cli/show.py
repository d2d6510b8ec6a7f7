"""`glidepath show`: draw a plan."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

PlanArgument = Annotated[str, typer.Argument(help="A preset's name, or a plan's file.")]
Settings = Annotated[
    list[str],
    typer.Option("--set", help="An argument of the preset, such as peak=3e-4; can be repeated."),
]


def show(
    plan: PlanArgument,
    settings: Settings = [],  # noqa: B006 - typer makes a new one for every call
    at: Annotated[
        int | None, typer.Option(help="Also explain in words the values at this step.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Also write a figure: a .png, .svg or .pdf file.")
    ] = None,
) -> None:
    """Draw a plan: every quantity as a curve over the steps, with the phases marked."""
    from glidepath.cli.errors import needs
    from glidepath.cli.plans import plan_named
    from glidepath.view.terminal import draw_plan

    drawn = plan_named(plan, settings)
    title = Path(plan).stem
    typer.echo(draw_plan(drawn, title, shutil.get_terminal_size().columns))
    if at is not None:
        typer.echo("\n" + drawn.explain(at))
    if save:
        with needs("figures"):
            from glidepath.view import figures
        figures.save(figures.plan_figure(drawn, title), save)
        typer.echo(f"\nwrote {save}")
