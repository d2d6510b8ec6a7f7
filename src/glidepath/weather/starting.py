"""Starting a GraphCast run: checked before anything is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from glidepath.plan import Plan
from glidepath.training import optimizer
from glidepath.training.batches import rollout_at
from glidepath.training.hearing import check_heard
from glidepath.training.how import How
from glidepath.training.placement import placement_of
from glidepath.training.run_directory import RunDirectory
from glidepath.training.settings import Settings
from glidepath.weather import simulate
from glidepath.weather.data_identity import data_fingerprint
from glidepath.weather.learning import ForecastProblem
from glidepath.weather.model import SIZES
from glidepath.weather.runs import Configuration, Progress, make_problem
from glidepath.weather.split import Split, starts_outside, training_period
from glidepath.weather.statistics import Statistics
from glidepath.weather.trajectory import Trajectory

DEFAULT_SIZE = "demo"
DEFAULT_BATCH = 4
DEFAULT_HOLDOUT = 0.2

Wanted = dict[str, Any]
"""Fields of `Configuration` as a user gave them, None for what was left out.

`size` is a dictionary of the fields of `ModelSize` that were given.
"""


@dataclass(frozen=True)
class Run:
    """A run that is ready to train.

    Attributes:
        plan: what it follows.
        configuration: what else it was started with.
        how: it is run, as its owner says it.
        settings: how it is run this time.
        problem: its data and its network.
        changes: what is another than before, in words, where the run goes on.
    """

    plan: Plan
    configuration: Configuration
    how: How
    settings: Settings
    problem: ForecastProblem
    changes: tuple[str, ...] = ()


def start(
    directory: RunDirectory,
    plan: Plan,
    asked: Wanted,
    *,
    lead: int | None,
    progress: Progress,
    tell: Callable[[str], None],
    how: How,
    **numbers: Any,
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
        how: the run is run.
        **numbers: what else `How.settings` takes, but for batch and seed; `num_steps` may be None
            for the plan's.
    Raises:
        TypeError, ValueError, OSError: naming what is wrong and what would work.
    """
    directory.check_free()
    run = prepare(plan, asked, lead=lead, progress=progress, tell=tell, how=how, **numbers)
    with directory.starting():
        write(run, directory)
    return run


def write(run: Run, directory: RunDirectory, **known: Any) -> None:
    """Say in a directory what run is there, and what else is known of it."""
    run.problem.forecaster.statistics.write(directory.statistics)
    directory.create(run.plan, table(run) | known)


def table(run: Run) -> dict[str, Any]:
    """A run's configuration, for JSON."""
    trajectory, split = run.problem.trajectory, run.problem.split
    return run.configuration.as_table() | {
        "training_period": training_period(trajectory.times, split),
        "data_fingerprint": data_fingerprint(trajectory, split),
        "how": run.how.as_table(),
    }


def prepare(
    plan: Plan,
    asked: Wanted,
    *,
    lead: int | None,
    progress: Progress,
    tell: Callable[[str], None],
    how: How,
    statistics: Statistics | None = None,
    **numbers: Any,
) -> Run:
    """A run that is ready to train, without a directory of its own.

    Args:
        plan: as in `start`.
        asked: as in `start`.
        lead: as in `start`.
        progress: as in `start`.
        tell: as in `start`.
        how: as in `start`.
        statistics: as in `ready`.
        **numbers: as in `start`.
    Raises:
        TypeError, ValueError, OSError: as in `start`.
    """
    configuration = configure(plan, asked, progress, tell)
    return ready(plan, configuration, how, lead=lead, progress=progress,
                 statistics=statistics, **numbers)  # fmt: skip


def ready(
    plan: Plan,
    configuration: Configuration,
    how: How,
    *,
    lead: int | None,
    progress: Progress,
    statistics: Statistics | None,
    **numbers: Any,
) -> Run:
    """A run that is ready to train, after everything that can be wrong with it was looked for.

    Args:
        plan: as in `start`.
        configuration: its data, and its network.
        how: as in `start`.
        lead: as in `start`.
        progress: as in `start`.
        statistics: that fields are normalised by; None to read or compute them.
        **numbers: as in `start`.
    Raises:
        TypeError, ValueError, OSError: naming what is wrong and what would work.
    """
    optimizer.check(plan)
    settings = make_settings(configuration, plan, how, **numbers)
    placement_of(settings)
    check_heard(plan, evaluates=settings.evaluate_every is not None and configuration.holdout > 0)
    trajectory = configuration.open_trajectory()
    check_long_enough(trajectory, configuration.holdout, plan, lead)
    problem = make_problem(configuration, trajectory, statistics, progress)
    problem = replace(problem, allows_nan=how.on_nan != "stop")
    return Run(plan, configuration, how, settings, problem)


def configure(
    plan: Plan, asked: Wanted, progress: Progress, tell: Callable[[str], None]
) -> Configuration:
    """What was asked for, with defaults for the rest.

    Args:
        plan: as in `start`.
        asked: as in `start`.
        progress: as in `start`.
        tell: as in `start`.
    Raises:
        ValueError: if something makes no sense.
    """
    return Configuration(
        data=asked["data"] or str(_simulated(progress, tell)),
        first=asked["first"],
        last=asked["last"],
        stats=asked["stats"],
        size=replace(SIZES[DEFAULT_SIZE], **(asked["size"] or {})),
        precision=asked["precision"] or "float32",
        holdout=DEFAULT_HOLDOUT if asked["holdout"] is None else asked["holdout"],
        seed=asked["seed"] or 0,
        batch=batch_of(plan, asked["batch"], DEFAULT_BATCH),
    )


def batch_of(plan: Plan, asked: int | None, otherwise: int) -> int:
    """Samples in an update: the plan's, or what was asked for, or another number.

    Raises:
        ValueError: if the plan's is another than what was asked for.
    """
    planned = plan.horizon.batch
    if planned and asked not in (None, planned):
        raise ValueError(
            f"`--batch {asked}` is not the plan's batch of {planned}: change the plan, whose "
            "epochs depend on it, or leave the option out"
        )
    return planned or (otherwise if asked is None else asked)


def size_of(name: Any, **given: Any) -> dict[str, Any] | None:
    """The fields of the model's size that were asked for.

    Args:
        name: of a size that has all of them; None for none.
        **given: fields of `ModelSize` that are other than its; None for what was left out.
    Raises:
        ValueError: if there is no such size.
    """
    if name is not None and name not in SIZES:
        raise ValueError(f"the model's `size` must be one of {', '.join(SIZES)}, got {name!r}")
    named = asdict(SIZES[name]) if name else {}
    return named | {field: value for field, value in given.items() if value is not None} or None


def _simulated(progress: Progress, tell: Callable[[str], None]) -> Path:
    path = simulate.default_path()
    if not path.exists():
        tell(f"simulating a year of weather, once, into {path}")
        simulate.simulate(path, progress=progress)
    return path


def make_settings(
    configuration: Configuration, plan: Plan, how: How, *, num_steps: int | None, **numbers: Any
) -> Settings:
    """For the loop; `num_steps` is None for the plan's.

    Raises:
        ValueError: if something makes no sense.
    """
    if num_steps is not None and not 1 <= num_steps <= plan.total_steps:
        raise ValueError(
            f"`--steps` must be from 1 to {plan.total_steps}, the plan's, got {num_steps}"
        )
    return how.settings(
        batch=configuration.batch,
        seed=configuration.seed,
        num_steps=plan.total_steps if num_steps is None else num_steps,
        **numbers,
    )


def check_long_enough(trajectory: Trajectory, holdout: float, plan: Plan, lead: int | None) -> None:
    """Refuse data whose training times are too few for the rollouts, or the rest for the lead.

    Raises:
        DataError: naming what there is, and what is needed.
    """
    split = Split(len(trajectory.times), holdout)
    steps = (*plan.starts, *(start - 1 for start in plan.starts[1:]), plan.total_steps - 1)
    split.num_training_windows(max(rollout_at(plan, step) for step in steps))
    period = training_period(trajectory.times, split)
    if holdout and lead is not None:
        starts_outside(trajectory.times, period, lead)
