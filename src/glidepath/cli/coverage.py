"""`glidepath coverage`: iterations or epochs?"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Literal

import typer

from glidepath.cli.show import PlanArgument, Settings


def coverage(
    plan: PlanArgument,
    settings: Settings = [],  # noqa: B006 - typer makes a new one for every call
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
) -> None:
    """Say how often each sample is seen, drawn at random or in epochs, and which to choose."""
    from glidepath.cli.plans import plan_named
    from glidepath.plan.coverage import coverage as counted

    found = counted(plan_named(plan, settings))
    if form == "json":
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    from rich.console import Console

    from glidepath.view.listings import coverage_text

    Console(highlight=False).print(coverage_text(found))
