"""`glidepath train`: train a model along a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import typer

from glidepath.cli.graphcast_options import DEFAULT_PLAN, option, with_graphcast_options

if TYPE_CHECKING:
    from glidepath.record.sinks import Sink
    from glidepath.training.run_directory import RunDirectory
    from glidepath.view.progress import Activity
    from glidepath.weather.forecast import TrainedModel
    from glidepath.weather.learning import ForecastProblem
    from glidepath.weather.starting import Asked, Run

app = typer.Typer(help="Train a model along a plan.", no_args_is_help=True)

OnNanChoice = Literal["stop", "skip", "ignore"]
STOPPED = 3
"""The exit status of a run that --stop-on stopped."""

Out = option(Path, "The run's directory.")
Resume = option(bool, "Go on with the run in --out, if there is one.", "--resume")
Steps = option(int | None, "Cut the run short after N updates.")
CheckpointEvery = option(int, "Updates between checkpoints.")
EvaluateEvery = option(int, "Updates between evaluations on times held out; 0 for none.")
OnNan = option(OnNanChoice, "Where a loss or gradient is NaN: stop, skip the update, or ignore.")
StopOn = option(list[str], "Stop when a rule of `glidepath diagnose` finds this; repeatable.")
Track = option(list[str], "Also write to tensorboard, trackio or wandb; repeatable.")
Lead = option(int | None, "Time steps to judge at; 4, or what the held-out times allow.")


@app.callback()
def train() -> None:
    """Train a model along a plan."""


@app.command("graphcast")
@with_graphcast_options
def graphcast(
    plan: str | None,
    asked: Any,
    out: Out = Path("runs/graphcast"),
    resume: Resume = False,
    steps: Steps = None,
    checkpoint_every: CheckpointEvery = 200,
    evaluate_every: EvaluateEvery = 100,
    on_nan: OnNan = "stop",
    stop_on: StopOn = [],  # noqa: B006 - typer makes a new one for every call
    track: Track = [],  # noqa: B006
    lead: Lead = None,
) -> None:
    """Train GraphCast along a plan, and judge it on times held out.

    Without options: the plan graphcast-demo, the size demo, on simulated weather.
    The paper's model is --plan graphcast --size 0.25deg on your own --data.
    """
    from glidepath.cli.errors import needs

    with needs("weather"):
        how = {
            "num_steps": steps,
            "checkpoint_every": checkpoint_every,
            "evaluate_every": evaluate_every or None,
            "on_nan": on_nan,
            "lead": lead,
        }
        watched = _Watched(tuple(stop_on), tuple(track))
        _train_and_judge(out, plan, asked, watched, resume=resume, how=how)


@dataclass(frozen=True)
class _Watched:
    """Who looks on: rules that stop the run, by their codes, and trackers, by their names."""

    stop_on: tuple[str, ...]
    trackers: tuple[str, ...]


def _train_and_judge(
    out: Path,
    plan: str | None,
    asked: Asked,
    watched: _Watched,
    *,
    resume: bool,
    how: dict[str, Any],
) -> None:
    from rich.console import Console

    from glidepath.cli.evaluate import show_skill
    from glidepath.cli.plans import plan_named
    from glidepath.diagnosis.live import check_codes
    from glidepath.record.sinks import sink_named
    from glidepath.training.run_directory import RunDirectory
    from glidepath.view.progress import Activity
    from glidepath.weather.starting import go_on, start

    console, directory = Console(highlight=False), RunDirectory(out)
    check_codes(watched.stop_on)
    sinks = [sink_named(name, out, out.name) for name in watched.trackers]
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
        model = _train(directory, run, activity, watched.stop_on, sinks)
        _report(directory, skill=None)
        skill = _judge(directory, model, run.problem, how["lead"], activity)
    if skill is not None:
        show_skill(skill, directory.path / "skill.png", directory.path.name, console)
        _report(directory, skill)
    activity.say(f"\nmodel:  {directory.model_file}\nreport: {directory.report_file}")


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


def _train(
    directory: RunDirectory,
    run: Run,
    activity: Activity,
    stop_on: Sequence[str],
    sinks: Sequence[Sink],
) -> TrainedModel:
    from glidepath.training.loop import StoppedError, train
    from glidepath.view.progress import TrainingProgress
    from glidepath.weather.forecast import TrainedModel

    observer = TrainingProgress(activity, run.settings.num_steps, directory.record_file, stop_on)
    try:
        state = train(run.problem, run.plan, directory, run.settings, observer, sinks=sinks)
    except StoppedError as error:
        activity.say(f"stopped and saved: {error}")
        raise typer.Exit(STOPPED) from None
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
    from glidepath.record import History
    from glidepath.view.report import write_report

    history = History.open(directory.record_file)
    write_report(directory.report_file, {directory.path.name: history}, skill=skill)
