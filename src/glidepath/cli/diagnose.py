"""`glidepath diagnose`: what is wrong with a run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from glidepath.cli.run_named import RunArguments

if TYPE_CHECKING:
    from glidepath.diagnosis.finding import Finding

FOUND = 3
"""The exit status where something was found; 1 and 2 are those of errors."""


def diagnose(
    runs: RunArguments,
    form: Annotated[
        Literal["text", "json"], typer.Option("--format", help="For people, or for programs.")
    ] = "text",
    fail_on: Annotated[
        Literal["error", "warning", "note", "never"],
        typer.Option(help="The least finding that makes the exit status 3."),
    ] = "warning",
) -> None:
    """Say what is wrong with runs, from their records: what, why, and what to try.

    The exit status is 0 if nothing but notes was found, 3 if there is a warning or an error
    (see --fail-on), and 1 if a record can't be read.
    """
    from glidepath.cli.run_named import run_named
    from glidepath.diagnosis.diagnose import diagnose as diagnosed

    histories = {name: run_named(name) for name in runs}
    found = {name: diagnosed(history) for name, history in histories.items()}
    if form == "json":
        from glidepath.view.diagnoses import diagnosis_table

        tables = [diagnosis_table(name, histories[name], found[name]) for name in histories]
        typer.echo(json.dumps(tables, indent=2, allow_nan=False))
    else:
        from rich.console import Console

        from glidepath.view.diagnoses import diagnosis_text

        console = Console(highlight=False)
        texts = [diagnosis_text(name, histories[name], found[name]) for name in histories]
        console.print("\n\n\n".join(texts), soft_wrap=not console.is_terminal)
    if any(_fails(finding, fail_on) for findings in found.values() for finding in findings):
        raise typer.Exit(FOUND)


def _fails(finding: Finding, fail_on: str) -> bool:
    from glidepath.diagnosis.finding import LEVELS

    return fail_on != "never" and LEVELS.index(finding.level) <= LEVELS.index(fail_on)
