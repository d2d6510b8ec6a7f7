"""`glidepath forecast`: write a forecast to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def forecast(
    model: Annotated[str, typer.Argument(help="A run's directory or a published .npz checkpoint.")],
    start: Annotated[str, typer.Option(help="The initial time, such as 2001-12-01T06.")],
    out: Annotated[Path, typer.Option(help="The NetCDF file to write.")],
    steps: Annotated[int, typer.Option(help="Time steps to look ahead.")] = 4,
    data: Annotated[str | None, typer.Option(help="Initial states; the run's own data.")] = None,
    stats: Annotated[
        str | None, typer.Option(help="A directory of statistics; the run's own.")
    ] = None,
) -> None:
    """Forecast from an initial time, in the layout of the data."""
    from glidepath.cli.errors import needs
    from glidepath.cli.files_to_write import check_files

    if steps < 1:
        raise ValueError(f"`--steps` must be at least 1, got {steps}")
    check_files({"--out": out})
    with needs("weather"):
        from glidepath.weather.runs import forecast_to_file

        times = forecast_to_file(model, start, steps, out, data=data, stats=stats)
    typer.echo(f"wrote {out}: {times[0]} to {times[-1]}, {len(times)} times")
