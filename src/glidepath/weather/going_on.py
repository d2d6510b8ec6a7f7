"""Going on with a GraphCast run: as it was, or with changes that its owner accepts."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from glidepath.plan import Plan
from glidepath.plan.identity import difference, identity
from glidepath.training.checkpoints import complete_steps, whole_step
from glidepath.training.how import How
from glidepath.training.run_directory import RunDirectory
from glidepath.training.settings import Settings
from glidepath.weather.runs import Configuration, Progress
from glidepath.weather.starting import Run, Wanted, batch_of, make_settings, ready, table
from glidepath.weather.statistics import Statistics

OF_DATA = {
    "training_period": "training times",
    "data_fingerprint": "data (their fingerprint)",
}


class ChangedError(ValueError):
    """A run would go on with something else than before, and nobody has accepted it."""


def go_on(
    directory: RunDirectory,
    plan: Plan | None,
    asked: Wanted,
    *,
    lead: int | None,
    progress: Progress,
    given: dict[str, Any],
    accepts_changes: bool = False,
    **numbers: Any,
) -> Run:
    """Go on with the run in a directory.

    Args:
        directory: with a run.
        plan: to follow from now on; None for its own.
        asked: of its configuration.
        lead: as in `start`.
        progress: as in `start`.
        given: of `How`, what was said this time.
        accepts_changes: whether plan, batch or data may be others than before.
        **numbers: as in `start`.
    Raises:
        ChangedError: with every difference, if there is one and nobody has accepted it.
        TypeError, ValueError, OSError: as in `start`.
    """
    followed, had = directory.open()
    if plan is None:
        directory.check_plan_file()
        plan = followed
    directory.check_files()
    if asked.get("stats") not in (None, had.get("stats")):
        raise ValueError(
            "a run keeps the statistics that it was started with, and can't go on with others; "
            "start another"
        )
    how_before = How.of_table(had.get("how", {}))
    how = how_before.changed(given)
    configuration = changed(Configuration.of_table(had), asked, plan)
    begins = _begins(directory, make_settings(configuration, plan, how, **numbers))
    statistics = Statistics.read(directory.statistics)
    run = ready(plan, configuration, how, lead=lead, progress=progress,
                statistics=statistics, **numbers)  # fmt: skip
    now = table(run)
    changes = _plan_changes(followed, plan, how_before, how) + differences(had, now)
    if changes and not accepts_changes:
        raise ChangedError(
            f"the run in {directory.path} would not go on as it began:\n"
            + "\n".join(changes)
            + "\nleave out what changes it, or go on with it by --accept-changes"
        )
    if changes:
        if complete_steps(directory.checkpoints):
            whole_step(directory.checkpoints, begins)
        directory.change(plan, had | now, changes, begins)
    else:
        directory.note(how=how.as_table())
    return replace(run, changes=tuple(changes))


def join_in(
    directory: RunDirectory, *, lead: int | None, progress: Progress, **numbers: Any
) -> Run:
    """The run that another process has begun, or goes on with; nothing is written.

    Args:
        directory: as the other has it.
        lead: as in `start`.
        progress: as in `start`.
        **numbers: as in `start`.
    Raises:
        FileNotFoundError: if there is none.
    """
    plan, had = directory.open()
    statistics = Statistics.read(directory.statistics)
    return ready(plan, Configuration.of_table(had), How.of_table(had["how"]), lead=lead,
                 progress=progress, statistics=statistics, **numbers)  # fmt: skip


def _begins(directory: RunDirectory, settings: Settings) -> int:
    """The step that the run goes on from.

    Raises:
        ValueError: if it is beyond the end.
        FileNotFoundError: if it is asked for and not there.
    """
    there = complete_steps(directory.checkpoints)
    begins = settings.from_step
    if begins is None:
        begins = max(there, default=0)
    elif begins not in there:
        raise FileNotFoundError(
            f"no checkpoint at step {begins:,} in {directory.checkpoints}; there are "
            f"{', '.join(map(str, there)) or 'none'}"
        )
    if begins > settings.num_steps:
        raise ValueError(
            f"the run is at step {begins:,} already, beyond {settings.num_steps:,}: give it a "
            "longer plan, or go back by --step"
        )
    return begins


def changed(before: Configuration, asked: Wanted, plan: Plan) -> Configuration:
    """A run's configuration with what was asked for this time.

    Raises:
        ValueError: if that is another size, which its parameters do not have, or not the plan's
            batch.
    """
    wanted = {name: value for name, value in asked.items() if value is not None}
    had, size = asdict(before.size), wanted.pop("size", {})
    if had | size != had:
        raise ValueError(
            f"the run was started with the size {had} and can't go on with {had | size}: its "
            "parameters have other shapes; start another"
        )
    batch = batch_of(plan, wanted.get("batch"), before.batch)
    return replace(before, **wanted | {"batch": batch})


def _plan_changes(before: Plan, now: Plan, how_before: How, how: How) -> list[str]:
    told = difference(now, identity(before))
    changes = [] if told is None else [f"plan:\n{told}"]
    if now.listens and how.evaluate_every != how_before.evaluate_every:
        changes.append(
            f"evaluate_every: {how.evaluate_every} and not {how_before.evaluate_every}, "
            "and the plan listens"
        )
    return changes


def differences(had: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What a configuration has that is another, in words."""
    compared = [*Configuration.__dataclass_fields__, *OF_DATA]
    return [
        f"{OF_DATA.get(name, name)}: {_plain(now[name])} and not {_plain(had[name])}"
        for name in compared
        if name in had and _plain(now[name]) != _plain(had[name])
    ]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
