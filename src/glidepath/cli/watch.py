"""`glidepath watch`: look at a run while it goes on."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from glidepath.cli.run_named import RunArgument


def watch(
    run: RunArgument,
    once: Annotated[
        bool, typer.Option("--once", help="Print the present moment, and end.")
    ] = False,
    every: Annotated[
        float | None, typer.Option(help="Seconds between looks; 1, or 10 without a terminal.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for a run whose directory is not there yet.")
    ] = False,
) -> None:
    """Show where a run is on its plan, its losses, its pace, and what is wrong with it.

    It goes on until the run ends, or until Ctrl-C, and only reads: from any machine that sees
    the run's directory. Without a terminal it prints plain lines.
    """
    from rich.console import Console

    from glidepath.view.watch.follower import Follower
    from glidepath.view.watch.watching import show_once
    from glidepath.view.watch.watching import watch as watch_run

    if every is not None and not (math.isfinite(every) and every > 0):
        raise ValueError(f"`--every` must be a number of seconds above 0, got {every}")
    follower, console = Follower(_file(run, wait and not once)), Console(highlight=False)
    if once:
        show_once(follower, console, run)
        return
    try:
        watch_run(follower, console, run, every)
    except KeyboardInterrupt:
        raise typer.Exit from None


def _file(run: str, may_be_missing: bool) -> Path:
    """The record's file, which an empty directory will have, too.

    Raises:
        FileNotFoundError: if there is none, and none is waited for.
    """
    from glidepath.cli.run_named import file_named, runs_near
    from glidepath.record.schema import FILE_NAME

    path = Path(run)
    is_starting = path.is_dir() and not (path / FILE_NAME).exists() and not runs_near(path)
    is_awaited = may_be_missing and not path.exists()
    if is_starting or is_awaited:
        return path / FILE_NAME
    try:
        return file_named(run)
    except FileNotFoundError as error:
        hint = "" if path.exists() else "; --wait waits for one that will start"
        raise FileNotFoundError(f"{error}{hint}") from None
