"""`glidepath presets`: what there is to start from."""

from __future__ import annotations

import typer


def presets() -> None:
    """List the published recipes, and which to start with."""
    from rich.console import Console

    from glidepath.view.listings import advice_table, presets_table

    console = Console()
    console.print(presets_table())
    console.print()
    console.print(advice_table())
    typer.echo(
        "\nglidepath show NAME draws one, glidepath new NAME > plan.toml writes it as a file"
    )
