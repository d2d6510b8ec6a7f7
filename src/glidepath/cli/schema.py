"""`glidepath schema`: what may stand in a plan's file."""

from __future__ import annotations

import json

import typer


def schema() -> None:
    """Print the JSON Schema of plan files, for editors."""
    from glidepath.plan.files.format import schema as made

    typer.echo(json.dumps(made(), indent=2))
