"""`glidepath verify`: whether a run's files are as they should be."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer


def verify(
    run: Annotated[Path, typer.Argument(help="A run's directory.")],
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """Check every file of every checkpoint, the record's steps, and its values against the plan.

    The exit status is 1 if anything is wrong.
    """
    from glidepath.cli.errors import needs

    with needs("weather"):
        from glidepath.training.run_directory import RunDirectory
        from glidepath.training.verification import verify as verified

        checks = verified(RunDirectory(run))
    if form == "json":
        typer.echo(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        width = max(len(check.what) for check in checks)
        for check in checks:
            mark = "WRONG" if check.problems else "well"
            typer.echo(f"{check.what:<{width}}  {mark:<5}  {check.told}")
            for problem in check.problems:
                typer.echo(f"{'':<{width}}         {problem}")
    if any(check.problems for check in checks):
        raise typer.Exit(1)
