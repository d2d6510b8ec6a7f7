"""`glidepath weather`: data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Weather data.", no_args_is_help=True)


@app.callback()
def weather() -> None:
    """Weather data."""


@app.command("simulate")
def simulate(
    out: Annotated[
        Path | None, typer.Option(help="The Zarr store to make; in the user's cache by default.")
    ] = None,
    days: Annotated[int, typer.Option(help="Length, at 6-hourly states.")] = 365,
    spin_up: Annotated[int, typer.Option(help="Days thrown away first.")] = 120,
    seed: Annotated[int, typer.Option(help="Of the perturbation that weather grows from.")] = 0,
) -> None:
    """Simulate a dry atmosphere (Held-Suarez) and store it in the WeatherBench layout."""
    from rich.console import Console

    from glidepath.cli.errors import needs

    with needs("weather"):
        from glidepath.weather import simulate as simulation
    from glidepath.view.progress import Activity

    path = out or simulation.default_path(days, spin_up, seed)
    with Activity(Console()) as activity, needs("weather"):
        simulation.simulate(path, days=days, spin_up_days=spin_up, seed=seed, progress=activity)
    typer.echo(f"wrote {path}")
