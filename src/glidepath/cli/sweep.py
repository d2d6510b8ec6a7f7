"""`glidepath sweep`: many runs that differ in their plan or configuration, and which is best."""

from __future__ import annotations

import json
import shlex
import signal
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from glidepath.cli.bundles import option

if TYPE_CHECKING:
    from glidepath.sweeps.directory import SweepDirectory
    from glidepath.sweeps.working import Job
    from glidepath.training.stopping import Stop

app = typer.Typer(help="Vary a plan or a configuration, and find the best.", no_args_is_help=True)

Engine = option(Literal["optuna", "ray"], "Who runs the trials: this machine, or a Ray cluster.")
Storage = option(
    str | None, "Where Optuna keeps the trials: a URL or a file; a journal in --out by default."
)
Jobs = option(int | None, "Trials at a time; 1, or with Ray as many as it has room for.")
Address = option(str | None, "Of a Ray cluster, or auto; without it Ray runs on this machine.")
Cpus = option(float, "Cores that a trial takes of a Ray cluster.")
Gpus = option(float | None, "GPUs that a trial takes of a Ray cluster: 1, or part of one.")
Trials = option(int | None, "How many, in the place of the file's number.")

FLAGS = {"storage": "--storage", "gpus": "--gpus", "trials": "--trials"}
"""By the names of the arguments that errors are about."""

WIDEST = 10_000
"""Characters: where there is no terminal, no row is cut."""


@app.command("graphcast")
def graphcast(
    file: Annotated[Path, typer.Argument(help="The sweep: a TOML file.")],
    out: option(Path, "The sweep's directory; one with this sweep in it goes on."),
    engine: Engine = "optuna",
    storage: Storage = None,
    trials: Trials = None,
    jobs: Jobs = None,
    address: Address = None,
    cpus: Cpus = 1,
    gpus: Gpus = None,
) -> None:
    """Train GraphCast many times along varied plans, each in a run directory of its own.

    Stopped or killed at any moment, the same command goes on. Several may work on one sweep.
    """
    from glidepath.cli.errors import needs, options

    if jobs is not None and jobs < 1:
        raise ValueError(f"`--jobs` must be at least 1, got {jobs}")
    _check_packages(engine)
    with needs("weather"):
        from glidepath.sweeps.graphcast import GraphCastTrainer
        from glidepath.sweeps.storage_names import to_open
        from glidepath.sweeps.working import Job
    with options(**FLAGS):
        job = Job(out.absolute(), GraphCastTrainer(), storage and to_open(storage))
        _begin(job, file, trials)
        if engine == "ray":
            stop = _on_ray(job, address=address, num_jobs=jobs, cpus=cpus, gpus=gpus)
        else:
            stop = _here(job, jobs or 1)
        table = _show(job)
    has_loss = any(trial["loss"] is not None for trial in table["trials"])
    if has_loss:
        _draw(table, job.directory.figure, job.path.name)
    if stop is not None:
        typer.echo(f"stopped ({stop.reason}); the same command goes on")
        raise typer.Exit(stop.status)
    if not has_loss:
        typer.echo("no trial has come to a loss", err=True)
        raise typer.Exit(1)


def _check_packages(engine: str) -> None:
    from glidepath.cli.errors import needs

    with needs("sweeps"):
        import optuna  # noqa: F401
    with needs("figures"):
        import matplotlib  # noqa: F401
    if engine == "ray":
        with needs("ray"):
            import ray  # noqa: F401


def _begin(job: Job, file: Path, trials: int | None) -> None:
    """Check everything that the sweep may try, and say in its directory what it is."""
    from glidepath.sweeps.checking import checked_points
    from glidepath.sweeps.file import load

    sweep, table = load(file, job.trainer.keys)
    if trials is not None:
        sweep = replace(sweep, trials=trials)
    points = checked_points(sweep)
    job.trainer.check(points)
    job.directory.start(table, sweep, job.storage, trials)
    num_trials = job.sweep().trials
    typer.echo(f"{len(points)} choices of values are plans; {num_trials} trials in {job.path}")


def _here(job: Job, num_jobs: int) -> Stop | None:
    from glidepath.sweeps.processes import work_together
    from glidepath.training.signals import Signals
    from glidepath.training.stopping import StoppedError

    with Signals() as signals:
        try:
            work_together(job, num_jobs, asked=[signals.wish])
        except StoppedError as error:
            return error.stop
    return None


def _on_ray(job: Job, *, cpus: float, gpus: float | None, **how: Any) -> Stop | None:
    from glidepath.sweeps.on_ray import Resources, work_on_ray
    from glidepath.training.stopping import Stop

    try:
        work_on_ray(job, resources=Resources(cpus, gpus), **how)
    except KeyboardInterrupt:
        return Stop(signal.SIGINT.name, 128 + signal.SIGINT)
    return None


@app.command("show")
def show(
    sweep: Annotated[Path, typer.Argument(help="A sweep's directory.")],
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    save: option(Path | None, "Also write a figure: a .png, .svg or .pdf file.") = None,
    storage: Storage = None,
) -> None:
    """Show a sweep's trials, the best first, and write the best one's plan."""
    from glidepath.cli.errors import needs, options
    from glidepath.cli.files_to_write import check_files

    check_files({"--save": save})
    with needs("weather"):
        from glidepath.sweeps.graphcast import GraphCastTrainer
        from glidepath.sweeps.working import Job
    if save is not None:
        with needs("figures"):
            from glidepath.view import figures
        figures.check_suffix(save)
    job = Job(sweep.absolute(), GraphCastTrainer(), storage)
    with options(**FLAGS):
        table = _show(job, as_json=as_json)
    if save is not None:
        _draw(table, save, job.path.name)


def _show(job: Job, *, as_json: bool = False) -> dict[str, Any]:
    """The table, which is returned, and the best plan."""
    from glidepath.cli.errors import needs

    with needs("sweeps"):
        from glidepath.sweeps.results import as_table, results, write_best

        sweep = job.sweep()
        found = results(job.directory, job.study())
    table = as_table(sweep, found)
    best = write_best(job.directory, sweep, found)
    if as_json:
        typer.echo(json.dumps(table, indent=2))
        return table
    _print(table)
    if best is not None:
        typer.echo(_advice(job.directory, sweep.point(best.values).configuration))
    return table


def _print(table: dict[str, Any]) -> None:
    from rich.console import Console

    from glidepath.view.sweep_table import sweep_summary, sweep_table

    console, shown = Console(highlight=False), sweep_table(table)
    if not console.is_terminal:
        console.width = Console(width=WIDEST).measure(shown).maximum
    console.print(shown)
    typer.echo(sweep_summary(table))


def _draw(table: dict[str, Any], path: Path, title: str) -> None:
    from glidepath.cli.errors import needs

    with needs("figures"):
        from glidepath.view import figures
        from glidepath.view.sweep_figure import sweep_figure
    figures.save(sweep_figure(table, title), path)


def _advice(directory: SweepDirectory, configuration: Mapping[str, Any]) -> str:
    """How to train along the best plan, with what else the trial had; the batch is the plan's."""
    options = {"plan": directory.best_plan} | {
        name.removeprefix("model."): value
        for name, value in configuration.items()
        if name != "batch"
    }
    flags = " ".join(f"--{name} {shlex.quote(str(value))}" for name, value in options.items())
    return (
        f"the best plan: {directory.best_plan} (what else it had: {directory.best})\n"
        f"train along it by\n  glidepath train graphcast {flags} --out DIRECTORY"
    )
