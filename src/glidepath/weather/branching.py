"""A GraphCast run that begins where another one was."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glidepath.plan import Plan
from glidepath.training.checkpoints import copy_checkpoint, whole_step
from glidepath.training.how import How
from glidepath.training.run_directory import RunDirectory, identity_of
from glidepath.weather.going_on import changed, differences
from glidepath.weather.runs import Configuration, Progress
from glidepath.weather.starting import Run, Wanted, ready, table, write
from glidepath.weather.statistics import Statistics


def branch(
    directory: RunDirectory,
    parent: RunDirectory,
    step: int | None,
    plan: Plan | None,
    asked: Wanted,
    *,
    lead: int | None,
    progress: Progress,
    tell: Callable[[str], None],
    given: dict[str, Any],
    **numbers: Any,
) -> Run:
    """Start a run from another one's checkpoint; what is not asked for is as it was there.

    Args:
        directory: of the new run.
        parent: of the other one.
        step: of its checkpoint; None for the newest.
        plan: to follow from there on, such as one of `Plan.extend` or `Plan.branch`; None for the
            parent's own.
        asked: of the configuration.
        lead: as in `start`.
        progress: as in `start`.
        tell: as in `start`.
        given: of `How`, what was said.
        **numbers: as in `start`.
    Raises:
        FileNotFoundError: if there is no such run, or no such checkpoint.
        TypeError, ValueError, OSError: as in `start`.
    """
    directory.check_free()
    followed, had = parent.open()
    if plan is None:
        parent.check_plan_file()
        plan = followed
    run = ready(
        plan,
        changed(Configuration.of_table(had), asked, plan),
        How.of_table(had.get("how", {})).changed(given),
        lead=lead,
        progress=progress,
        statistics=None if asked["stats"] else Statistics.read(parent.statistics),
        **numbers,
    )
    step = whole_step(parent.checkpoints, step)
    if step > run.settings.num_steps:
        raise ValueError(
            f"the checkpoint is at step {step:,}, beyond the {run.settings.num_steps:,} of the new "
            "run: take an earlier one by RUN@STEP, or a longer plan"
        )
    with directory.starting():
        identity = identity_of(plan, table(run))
        about = copy_checkpoint(parent.checkpoints, step, directory.checkpoints, identity)
        origin = {"path": str(parent.path.absolute()), "step": about.step}
        write(run, directory, parent=origin | {"fingerprint": followed.fingerprint})
    tell(f"branched from {parent.path} at step {about.step:,}")
    for change in differences(had, table(run)):
        tell(f"other than there: {change}")
    return run
