"""`glidepath check`: what looks wrong with a plan."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Literal

import typer

from glidepath.cli.show import PlanArgument, Settings


def check(
    plan: PlanArgument,
    settings: Settings = [],  # noqa: B006 - typer makes a new one for every call
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
    strict: Annotated[bool, typer.Option("--strict", help="Let notes fail, too.")] = False,
) -> None:
    """Say what looks wrong with a plan. The exit status is 1 if anything but notes was found."""
    from glidepath.cli.plans import plan_named

    findings = plan_named(plan, settings).check()
    if form == "json":
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        from rich.console import Console

        from glidepath.view.listings import findings_text

        console = Console(highlight=False)
        console.print(findings_text(findings), soft_wrap=not console.is_terminal)
    if (strict and findings) or any(finding.level != "note" for finding in findings):
        raise typer.Exit(1)
