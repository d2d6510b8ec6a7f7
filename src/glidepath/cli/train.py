"""`glidepath train`: train a model along a plan."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from glidepath.plan import Plan
    from glidepath.training.loop import Settings
    from glidepath.training.run_directory import RunDirectory
    from glidepath.view.progress import Activity
    from glidepath.weather.forecast import TrainedModel
    from glidepath.weather.learning import ForecastProblem
    from glidepath.weather.runs import Configuration

app = typer.Typer(help="Train a model along a plan.", no_args_is_help=True)

DEFAULT_PLAN = "graphcast-demo"
DEFAULT_SIZE = "demo"
DEFAULT_BATCH = 4
DEFAULT_HOLDOUT = 0.2


@app.callback()
def train() -> None:
    """Train a model along a plan."""


@app.command("graphcast")
def graphcast(
    data: Annotated[
        str | None,
        typer.Option(help="A Zarr store or NetCDF file, path or URL; simulated by default."),
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", help="The first time of the data to use: 1979-01-01.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", help="The last time of the data to use: 2017.")
    ] = None,
    stats: Annotated[
        str | None, typer.Option(help="A directory of statistics; computed by default.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option(help=f"A preset or a TOML file; {DEFAULT_PLAN} by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The run's directory.")] = Path("runs/graphcast"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out, if there is one.")
    ] = False,
    steps: Annotated[int | None, typer.Option(help="Cut the run short after N updates.")] = None,
    size: Annotated[
        str | None, typer.Option(help=f"demo, 1deg or 0.25deg; {DEFAULT_SIZE} by default.")
    ] = None,
    mesh: Annotated[int | None, typer.Option(help="Refinements of the mesh.")] = None,
    latent: Annotated[int | None, typer.Option(help="Width of the layers.")] = None,
    layers: Annotated[int | None, typer.Option(help="Message-passing layers.")] = None,
    precision: Annotated[
        str | None, typer.Option(help="Of the layers: float32 (default) or bfloat16.")
    ] = None,
    batch: Annotated[int | None, typer.Option(help="Samples in an update; the plan's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of parameters and batches; 0.")] = None,
    holdout: Annotated[
        float | None,
        typer.Option(help=f"Share of the times held out for judging; {DEFAULT_HOLDOUT}."),
    ] = None,
    checkpoint_every: Annotated[int, typer.Option(help="Updates between checkpoints.")] = 200,
    lead: Annotated[
        int | None,
        typer.Option(help="Time steps to judge forecasts at; 4, or what the held-out times allow."),
    ] = None,
) -> None:
    """Train GraphCast along a plan, and judge it on times held out.

    Without options: the plan graphcast-demo, the size demo, on simulated weather.
    The paper's model is --plan graphcast --size 0.25deg on your own --data.
    """
    from rich.console import Console

    from glidepath.cli.errors import needs
    from glidepath.cli.plans import plan_named

    with needs("weather"):
        from glidepath.cli.evaluate import show_skill
        from glidepath.training.run_directory import RunDirectory
    from glidepath.view.progress import Activity

    console = Console(highlight=False)
    directory = RunDirectory(out)
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
    with Activity(console) as activity, needs("weather"):
        if resume and directory.exists():
            followed, configuration, problem = _reopen(directory, plan, asked, lead, activity)
            settings = _settings(configuration, followed, steps, checkpoint_every)
        else:
            directory.check_free()
            if resume:
                activity.say(f"there is no run in {out} to go on with: starting one")
            followed = plan_named(plan or DEFAULT_PLAN)
            configuration = _configuration(followed, asked, activity)
            settings = _settings(configuration, followed, steps, checkpoint_every)
            problem = _start(directory, followed, configuration, lead, activity)
        activity.say(_headline(followed, configuration, settings, directory))
        activity.say(_fields(problem))
        model = _run(directory, followed, problem, settings, activity)
        _report(directory, skill=None)
        skill = _judge(directory, model, problem, lead, activity)
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


def _configuration(plan: Plan, asked: dict[str, Any], activity: Activity) -> Configuration:
    """What was asked for, with defaults for the rest."""
    from glidepath.training import optimizer
    from glidepath.weather.model import SIZES
    from glidepath.weather.runs import Configuration

    optimizer.check(plan)
    planned = plan.horizon.batch
    if asked["batch"] and planned and asked["batch"] != planned:
        raise ValueError(
            f"`--batch {asked['batch']}` is not the plan's batch of {planned}: change the plan, "
            "whose epochs depend on it, or leave the option out"
        )
    size = replace(SIZES[DEFAULT_SIZE], **(asked["size"] or {}))
    return Configuration(
        data=asked["data"] or str(_simulated(activity)),
        first=asked["first"],
        last=asked["last"],
        stats=asked["stats"],
        size=size,
        precision=asked["precision"] or "float32",
        holdout=DEFAULT_HOLDOUT if asked["holdout"] is None else asked["holdout"],
        seed=asked["seed"] or 0,
        batch=planned or asked["batch"] or DEFAULT_BATCH,
    )


def _settings(
    configuration: Configuration, plan: Plan, steps: int | None, checkpoint_every: int
) -> Settings:
    from glidepath.training.loop import Settings

    num_steps = _num_steps(plan, steps)
    return Settings(configuration.batch, configuration.seed, num_steps, checkpoint_every)


def _start(
    directory: RunDirectory,
    plan: Plan,
    configuration: Configuration,
    lead: int | None,
    activity: Activity,
) -> ForecastProblem:
    """Check everything, and only then make the directory."""
    from glidepath.weather.runs import check_data, make_problem

    period = check_data(configuration, plan, lead)
    problem = make_problem(configuration, None, activity)
    problem.forecaster.statistics.write(directory.statistics)
    directory.create(plan, configuration.as_table() | {"training_period": period})
    return problem


def _simulated(activity: Activity) -> Path:
    from glidepath.weather import simulate

    path = simulate.default_path()
    if not path.exists():
        activity.say(f"simulating a year of weather, once, into {path}")
        simulate.simulate(path, progress=activity)
    return path


def _reopen(
    directory: RunDirectory,
    plan: str | None,
    asked: dict[str, Any],
    lead: int | None,
    activity: Activity,
) -> tuple[Plan, Configuration, ForecastProblem]:
    from glidepath.cli.plans import plan_named
    from glidepath.weather.runs import Configuration, check_same_data, make_problem
    from glidepath.weather.statistics import Statistics

    followed, table = directory.open()
    configuration = Configuration.of_table(table)
    if plan is not None and plan_named(plan) != followed:
        raise ValueError(f"the run in {directory.path} follows another plan than {plan}")
    had = asdict(configuration)
    for name, value in asked.items():
        wanted = had[name] | value if isinstance(value, dict) else value
        if value is not None and wanted != had[name]:
            raise ValueError(
                f"the run in {directory.path} was started with `{name}` {had[name]}, not {wanted}"
            )
    problem = make_problem(configuration, Statistics.read(directory.statistics), activity)
    check_same_data(problem, table["training_period"], lead)
    return followed, configuration, problem


def _num_steps(plan: Plan, steps: int | None) -> int:
    if steps is None:
        return plan.total_steps
    if not 1 <= steps <= plan.total_steps:
        raise ValueError(f"`--steps` must be from 1 to {plan.total_steps}, the plan's, got {steps}")
    return steps


def _headline(
    plan: Plan, configuration: Configuration, settings: Settings, directory: RunDirectory
) -> str:
    size = configuration.size
    phases = ", ".join(phase.name for phase in plan.phases)
    return (
        f"GraphCast with mesh {size.mesh_size}, latent {size.latent_size}, "
        f"{size.num_layers} layers in {configuration.precision}\n"
        f"on {configuration.data}\n"
        f"{settings.num_steps:,} of the plan's {plan.total_steps:,} updates of "
        f"{settings.batch} samples: {phases}\n"
        f"run directory: {directory.path}"
    )


def _fields(problem: ForecastProblem) -> str:
    """Which fields of the data are used: a misspelt one is not among them."""
    task = problem.trajectory.task
    levels = f" at {', '.join(map(str, task.pressure_levels))} hPa" if task.pressure_levels else ""
    statics = [str(channel) for channel in task.statics]
    known = f"; known: {', '.join(statics)}" if statics else ""
    return f"{len(task.state)} fields: {', '.join(task.target_variables)}{levels}{known}"


def _run(
    directory: RunDirectory,
    plan: Plan,
    problem: ForecastProblem,
    settings: Settings,
    activity: Activity,
) -> TrainedModel:
    from glidepath.training.loop import train
    from glidepath.view.progress import TrainingProgress
    from glidepath.weather.forecast import TrainedModel

    observer = TrainingProgress(activity, settings.num_steps)
    try:
        state = train(problem, plan, directory, settings, observer)
    except KeyboardInterrupt:
        go_on = f"glidepath train graphcast --out {directory.path} --resume"
        activity.say(f"stopped; go on from the last checkpoint by\n  {go_on}")
        raise
    problem.export(state.parameters, directory.model_file)
    return TrainedModel(problem.forecaster, state.parameters)


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
