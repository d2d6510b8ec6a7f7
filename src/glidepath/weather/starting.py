"""Starting a GraphCast run, and going on with one: checked before anything is made."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from glidepath.plan import Plan
from glidepath.training import optimizer
from glidepath.training.batches import rollout_at
from glidepath.training.run_directory import RunDirectory
from glidepath.training.settings import Settings
from glidepath.weather import simulate
from glidepath.weather.learning import ForecastProblem
from glidepath.weather.model import SIZES
from glidepath.weather.runs import Configuration, Progress, make_problem
from glidepath.weather.split import Split, starts_outside, training_period
from glidepath.weather.statistics import Statistics
from glidepath.weather.trajectory import DataError, Trajectory

DEFAULT_SIZE = "demo"
DEFAULT_BATCH = 4
DEFAULT_HOLDOUT = 0.2

Asked = dict[str, Any]
"""Fields of `Configuration` as a user gave them, None for what was left out.

`size` is a dictionary of the fields of `ModelSize` that were given.
"""


@dataclass(frozen=True)
class Run:
    """A run that is ready to train.

    Attributes:
        plan: what it follows.
        configuration: what else it was started with.
        settings: how it is run this time.
        problem: its data and its network.
    """

    plan: Plan
    configuration: Configuration
    settings: Settings
    problem: ForecastProblem


def start(
    directory: RunDirectory,
    plan: Plan,
    asked: Asked,
    *,
    lead: int | None,
    progress: Progress,
    tell: Callable[[str], None],
    **how: Any,
) -> Run:
    """Start a run; the directory is made when all else has worked.

    Args:
        directory: where the run will keep its things.
        plan: to follow.
        asked: of the configuration.
        lead: time steps at which the model will be judged, which the held-out times have to
            allow; None for as many of the usual ones as they do.
        progress: told how far the statistics and the simulation are.
        tell: told what a user should know.
        **how: of `Settings`, but for batch and seed; `num_steps` may be None for the plan's.
    Raises:
        TypeError, ValueError, OSError: naming what is wrong and what would work.
    """
    directory.check_free()
    run = prepare(plan, asked, lead=lead, progress=progress, tell=tell, **how)
    run.problem.forecaster.statistics.write(directory.statistics)
    trajectory, split = run.problem.trajectory, run.problem.split
    period = training_period(trajectory.times, split)
    directory.create(plan, run.configuration.as_table() | {"training_period": period})
    return run


def prepare(
    plan: Plan,
    asked: Asked,
    *,
    lead: int | None,
    progress: Progress,
    tell: Callable[[str], None],
    **how: Any,
) -> Run:
    """A run that is ready to train, without a directory of its own; as `start`."""
    optimizer.check(plan)
    configuration = _configuration(plan, asked, progress, tell)
    settings = _settings(configuration, plan, **how)
    trajectory = configuration.open_trajectory()
    _check_long_enough(trajectory, configuration.holdout, plan, lead)
    problem = make_problem(configuration, trajectory, None, progress)
    return Run(plan, configuration, settings, problem)


def go_on(
    directory: RunDirectory,
    plan: Plan | None,
    asked: Asked,
    *,
    lead: int | None,
    progress: Progress,
    **how: Any,
) -> Run:
    """Go on with the run in a directory, which what was asked for must not contradict.

    Args and errors are those of `start`; `plan` may be None.
    """
    followed, table = directory.open()
    configuration = Configuration.of_table(table)
    if plan is not None and plan != followed:
        raise ValueError(
            f"the run in {directory.path} follows another plan, with the fingerprint "
            f"{followed.fingerprint} and not {plan.fingerprint}"
        )
    _check_not_contradicted(configuration, asked, directory)
    settings = _settings(configuration, followed, **how)
    trajectory = configuration.open_trajectory()
    _check_same_times(trajectory, table["training_period"], configuration.holdout)
    _check_long_enough(trajectory, configuration.holdout, followed, lead)
    statistics = Statistics.read(directory.statistics)
    problem = make_problem(configuration, trajectory, statistics, progress)
    return Run(followed, configuration, settings, problem)


def _configuration(
    plan: Plan, asked: Asked, progress: Progress, tell: Callable[[str], None]
) -> Configuration:
    """What was asked for, with defaults for the rest."""
    planned = plan.horizon.batch
    if asked["batch"] and planned and asked["batch"] != planned:
        raise ValueError(
            f"`--batch {asked['batch']}` is not the plan's batch of {planned}: change the plan, "
            "whose epochs depend on it, or leave the option out"
        )
    return Configuration(
        data=asked["data"] or str(_simulated(progress, tell)),
        first=asked["first"],
        last=asked["last"],
        stats=asked["stats"],
        size=replace(SIZES[DEFAULT_SIZE], **(asked["size"] or {})),
        precision=asked["precision"] or "float32",
        holdout=DEFAULT_HOLDOUT if asked["holdout"] is None else asked["holdout"],
        seed=asked["seed"] or 0,
        batch=planned or asked["batch"] or DEFAULT_BATCH,
    )


def _simulated(progress: Progress, tell: Callable[[str], None]) -> Path:
    path = simulate.default_path()
    if not path.exists():
        tell(f"simulating a year of weather, once, into {path}")
        simulate.simulate(path, progress=progress)
    return path


def _settings(
    configuration: Configuration, plan: Plan, *, num_steps: int | None, **how: Any
) -> Settings:
    if num_steps is not None and not 1 <= num_steps <= plan.total_steps:
        raise ValueError(
            f"`--steps` must be from 1 to {plan.total_steps}, the plan's, got {num_steps}"
        )
    return Settings(
        batch=configuration.batch,
        seed=configuration.seed,
        num_steps=plan.total_steps if num_steps is None else num_steps,
        **how,
    )


def _check_not_contradicted(
    configuration: Configuration, asked: Asked, directory: RunDirectory
) -> None:
    had = asdict(configuration)
    for name, value in asked.items():
        wanted = had[name] | value if isinstance(value, dict) else value
        if value is not None and wanted != had[name]:
            raise ValueError(
                f"the run in {directory.path} was started with `{name}` {had[name]}, not {wanted}"
            )


def _check_long_enough(
    trajectory: Trajectory, holdout: float, plan: Plan, lead: int | None
) -> None:
    """Refuse data whose training times are too few for the rollouts, or the rest for the lead."""
    split = Split(len(trajectory.times), holdout)
    steps = (*plan.starts, *(start - 1 for start in plan.starts[1:]), plan.total_steps - 1)
    split.num_training_windows(max(rollout_at(plan, step) for step in steps))
    period = training_period(trajectory.times, split)
    if holdout and lead is not None:
        starts_outside(trajectory.times, period, lead)


def _check_same_times(trajectory: Trajectory, period: Sequence[str], holdout: float) -> None:
    now = training_period(trajectory.times, Split(len(trajectory.times), holdout))
    if now != tuple(period):
        raise DataError(
            f"{trajectory.source} has changed since the run was started: it trained on "
            f"{period[0]} to {period[1]}, which would now be {now[0]} to {now[1]}; a new run "
            "can pick its times by --from and --to"
        )
