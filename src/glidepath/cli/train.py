"""`glidepath train`: train a model along a plan."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from glidepath.training.run_directory import RunDirectory
    from glidepath.view.progress import Activity
    from glidepath.weather.forecast import TrainedModel
    from glidepath.weather.learning import ForecastProblem
    from glidepath.weather.starting import Asked, Run

app = typer.Typer(help="Train a model along a plan.", no_args_is_help=True)

DEFAULT_PLAN = "graphcast-demo"


def _option(kind: Any, text: str, *names: str) -> Any:
    """A flag: its type, its help, and its name where the argument's own will not do."""
    return Annotated[kind, typer.Option(*names, help=text)]


Data = _option(str | None, "A Zarr store or NetCDF file, path or URL; simulated by default.")
First = _option(str | None, "The first time of the data to use, such as 1979-01-01.", "--from")
Last = _option(str | None, "The last time of the data to use, such as 2017.", "--to")
Stats = _option(str | None, "A directory of statistics; computed by default.")
PlanName = _option(str | None, f"A preset or a TOML file; {DEFAULT_PLAN} by default.")
Out = _option(Path, "The run's directory.")
Resume = _option(bool, "Go on with the run in --out, if there is one.", "--resume")
Steps = _option(int | None, "Cut the run short after N updates.")
Size = _option(str | None, "demo, 1deg or 0.25deg; demo by default.")
Mesh = _option(int | None, "Refinements of the mesh.")
Latent = _option(int | None, "Width of the layers.")
Layers = _option(int | None, "Message-passing layers.")
Precision = _option(str | None, "Of the layers: float32 (default) or bfloat16.")
Batch = _option(int | None, "Samples in an update, where the plan does not say.")
Seed = _option(int | None, "Of parameters and batches; 0 by default.")
Holdout = _option(float | None, "Share of the times held out for judging; 0.2 by default.")
CheckpointEvery = _option(int, "Updates between checkpoints.")
Lead = _option(int | None, "Time steps to judge at; 4, or what the held-out times allow.")


@app.callback()
def train() -> None:
    """Train a model along a plan."""


@app.command("graphcast")
def graphcast(
    data: Data = None,
    first: First = None,
    last: Last = None,
    stats: Stats = None,
    plan: PlanName = None,
    out: Out = Path("runs/graphcast"),
    resume: Resume = False,
    steps: Steps = None,
    size: Size = None,
    mesh: Mesh = None,
    latent: Latent = None,
    layers: Layers = None,
    precision: Precision = None,
    batch: Batch = None,
    seed: Seed = None,
    holdout: Holdout = None,
    checkpoint_every: CheckpointEvery = 200,
    lead: Lead = None,
) -> None:
    """Train GraphCast along a plan, and judge it on times held out.

    Without options: the plan graphcast-demo, the size demo, on simulated weather.
    The paper's model is --plan graphcast --size 0.25deg on your own --data.
    """
    from glidepath.cli.errors import needs

    with needs("weather"):
        asked = {
            "data": _absolute(data),
            "first": first,
            "last": last,
            "stats": _absolute(stats),
            "size": _size(size, mesh, latent, layers),
            "precision": precision,
            "batch": batch,
            "seed": seed,
            "holdout": holdout,
        }
        how = {"num_steps": steps, "checkpoint_every": checkpoint_every, "lead": lead}
        _train_and_judge(out, plan, asked, resume=resume, how=how)


def _train_and_judge(
    out: Path, plan: str | None, asked: Asked, *, resume: bool, how: dict[str, Any]
) -> None:
    from rich.console import Console

    from glidepath.cli.evaluate import show_skill
    from glidepath.cli.plans import plan_named
    from glidepath.training.run_directory import RunDirectory
    from glidepath.view.progress import Activity
    from glidepath.weather.starting import go_on, start

    console, directory = Console(highlight=False), RunDirectory(out)
    with Activity(console) as activity:
        if resume and directory.exists():
            given = plan_named(plan) if plan else None
            run = go_on(directory, given, asked, progress=activity, **how)
        else:
            if resume:
                activity.say(f"there is no run in {out} to go on with: starting one")
            followed = plan_named(plan or DEFAULT_PLAN)
            run = start(directory, followed, asked, progress=activity, tell=activity.say, **how)
        activity.say(_headline(run, directory))
        model = _train(directory, run, activity)
        _report(directory, skill=None)
        skill = _judge(directory, model, run.problem, how["lead"], activity)
    if skill is not None:
        show_skill(skill, directory.path / "skill.png", directory.path.name, console)
        _report(directory, skill)
    activity.say(f"\nmodel:  {directory.model_file}\nreport: {directory.report_file}")


def _absolute(path: str | None) -> str | None:
    """A path that still holds when the run is resumed from another directory."""
    return path if path is None or "://" in path else str(Path(path).absolute())


def _size(
    name: str | None, mesh: int | None, latent: int | None, layers: int | None
) -> dict[str, Any] | None:
    """The fields of the model's size that were asked for."""
    from glidepath.weather.model import SIZES

    if name is not None and name not in SIZES:
        raise ValueError(f"`--size` must be one of {', '.join(SIZES)}, got {name!r}")
    given = {"mesh_size": mesh, "latent_size": latent, "num_layers": layers}
    given = {field: value for field, value in given.items() if value is not None}
    named = asdict(SIZES[name]) if name else {}
    return named | given or None


def _headline(run: Run, directory: RunDirectory) -> str:
    """What is trained, on which fields (a misspelt one is not among them), along what."""
    configuration, settings, size = run.configuration, run.settings, run.configuration.size
    phases = ", ".join(phase.name for phase in run.plan.phases)
    task = run.problem.trajectory.task
    levels = f" at {', '.join(map(str, task.pressure_levels))} hPa" if task.pressure_levels else ""
    statics = f"; known: {', '.join(map(str, task.statics))}" if task.statics else ""
    return (
        f"GraphCast with mesh {size.mesh_size}, latent {size.latent_size}, "
        f"{size.num_layers} layers in {configuration.precision}\n"
        f"on {configuration.data}\n"
        f"{len(task.state)} fields: {', '.join(task.target_variables)}{levels}{statics}\n"
        f"{settings.num_steps:,} of the plan's {run.plan.total_steps:,} updates of "
        f"{settings.batch} samples: {phases}\n"
        f"run directory: {directory.path}"
    )


def _train(directory: RunDirectory, run: Run, activity: Activity) -> TrainedModel:
    from glidepath.training.loop import train
    from glidepath.view.progress import TrainingProgress
    from glidepath.weather.forecast import TrainedModel

    observer = TrainingProgress(activity, run.settings.num_steps)
    try:
        state = train(run.problem, run.plan, directory, run.settings, observer)
    except KeyboardInterrupt:
        go_on = f"glidepath train graphcast --out {directory.path} --resume"
        activity.say(f"stopped; go on from the last checkpoint by\n  {go_on}")
        raise
    run.problem.export(state.parameters, directory.model_file)
    return TrainedModel(run.problem.forecaster, state.parameters)


def _judge(
    directory: RunDirectory,
    model: TrainedModel,
    problem: ForecastProblem,
    lead: int | None,
    activity: Activity,
) -> dict[str, Any] | None:
    """The skill on the times held out, or None where none are."""
    from glidepath.cli.evaluate import MAX_STARTS
    from glidepath.weather.runs import judge, save_climatology
    from glidepath.weather.split import training_period, usual_lead

    save_climatology(directory, problem.trajectory, problem.split)
    if not problem.split.holdout:
        return None
    times = problem.trajectory.times
    if lead is None and not usual_lead(times, training_period(times, problem.split)):
        activity.say("nothing is judged: too few times are held out for a forecast of one step")
        return None
    skill = judge(
        directory,
        model,
        problem.trajectory,
        num_steps=lead,
        max_starts=MAX_STARTS,
        progress=activity,
    )
    return skill.as_table()


def _report(directory: RunDirectory, skill: dict[str, Any] | None) -> None:
    from glidepath.training import record
    from glidepath.view.report import write_report

    plan, configuration = directory.open()
    write_report(
        directory.report_file,
        title=f"glidepath run {directory.path.name}",
        plan=plan,
        record=record.read(directory.record_file),
        configuration=configuration,
        skill=skill,
    )
