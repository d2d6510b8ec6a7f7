"""Whether a run's directory is as it should be: its checkpoints, its record and its plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from glidepath.record.history import History
from glidepath.record.lines import read
from glidepath.record.schema import FILE_NAME
from glidepath.training.checkpoints import (
    DamagedError,
    changed_files,
    complete_steps,
    problems,
    read_manifest,
)
from glidepath.training.run_directory import RunDirectory, identity_of

ULPS = 4
"""Of float32, by which a value that was used may differ from the plan's."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        what: it is.
        told: how it is, in words.
        problems: what is wrong with it; nothing, if it is well.
    """

    what: str
    told: str
    problems: tuple[str, ...] = ()


def verify(directory: RunDirectory) -> list[Check]:
    """Look at everything that a run has written; every byte of its checkpoints is read.

    Args:
        directory: with a run, which may be going on.
    Raises:
        FileNotFoundError: if there is none.
    """
    if not directory.exists():
        raise FileNotFoundError(f"there is no run in {directory.path}")
    looks = (
        ("plan", _plan),
        ("statistics", _files),
        ("checkpoints", _checkpoints),
        ("record", _record),
        ("plan against record", _values),
    )
    return [check for what, look in looks for check in _looked(what, look, directory)]


def _looked(
    what: str, look: Callable[[RunDirectory], Iterator[Check]], directory: RunDirectory
) -> Iterator[Check]:
    """What a look has found; one that can't be made is a finding, for files may hold anything."""
    try:
        yield from look(directory)
    except Exception as error:
        told = f"{error}" if isinstance(error, ValueError | OSError) else f"{error!r}"
        yield Check(what, "can't be read", (told,))


def _plan(directory: RunDirectory) -> Iterator[Check]:
    plan, _ = directory.open()
    directory.check_plan_file()
    yield Check("plan", f"{plan.fingerprint}, which the configuration names")


def _files(directory: RunDirectory) -> Iterator[Check]:
    seals = directory.open()[1].get("files", {})
    if seals:
        found = tuple(changed_files(directory.path, seals))
        yield Check("statistics", f"{len(seals)} files, as they were", found)


def _checkpoints(directory: RunDirectory) -> Iterator[Check]:
    steps = complete_steps(directory.checkpoints)
    if not steps:
        yield Check("checkpoints", "none", (f"there is none in {directory.checkpoints}",))
    for step in steps:
        yield from _looked(f"checkpoint {step}", partial(_checkpoint, step), directory)
    for aside in sorted(directory.checkpoints.glob("*.damaged*")):
        yield Check(f"checkpoint {aside.name}", "was set aside, for it was damaged")


def _checkpoint(step: int, directory: RunDirectory) -> Iterator[Check]:
    path = directory.checkpoints / str(step)
    found = problems(path)
    if not path.exists():  # the run goes on, and keeps others
        return
    told = "whole"
    with suppress(DamagedError):  # it is among the problems
        about = read_manifest(path)
        told = f"{about.step:,} updates, {sum(one.is_file() for one in path.rglob('*'))} files"
        if about.step != step:
            found.append(f"it says that it is of step {about.step}")
        with suppress(ValueError, OSError):  # a configuration that can't be read is told itself
            now = identity_of(*directory.open())
            if about.identity not in [now, *directory.earlier_identities()]:
                found.append("it is of another plan or configuration than the run")
    yield Check(f"checkpoint {step}", "damaged" if found else told, tuple(found))


def _record(directory: RunDirectory) -> Iterator[Check]:
    plan, configuration = directory.open()
    history = History(read(directory.record_file))
    first = _first_step(configuration)
    steps = history.steps
    found = list(_gaps(steps, first))
    if history.header.get("fingerprint") not in {plan.fingerprint, *directory.earlier_plans()}:
        found.append("its plan is another than the run's")
    told = f"{len(steps):,} updates" + (f", from step {first:,} on" if first else "")
    at_end = [f"the state after {step:,} updates was saved, and the record ends at {end:,}"
              for step in complete_steps(directory.checkpoints)
              if step > (end := history.num_done or first)]  # fmt: skip
    yield Check("record", told, (*found, *at_end))


def _first_step(configuration: dict[str, object]) -> int:
    """Where the run began: at 0, or where it left its parent."""
    parent = configuration.get("parent")
    return parent["step"] if isinstance(parent, dict) else 0


def _since(configuration: dict[str, object], first: int) -> int:
    """The first step that the present plan gave."""
    changes = configuration.get("changes")
    return max(first, changes[-1]["step"]) if isinstance(changes, list) and changes else first


def _gaps(steps: np.ndarray, first: int) -> Iterator[str]:
    """Where an update is missing, or stands twice."""
    if not len(steps):
        return
    if steps[0] != first:
        yield f"{FILE_NAME} begins at step {steps[0]:,} and not {first:,}"
    for i in np.flatnonzero(np.diff(steps) != 1)[:3]:
        yield f"after step {steps[i]:,} comes step {steps[i + 1]:,}"


def _values(directory: RunDirectory) -> Iterator[Check]:
    """What was used against what the plan, with its events, gives."""
    plan, configuration = directory.open()
    history = History(read(directory.record_file))
    since = _since(configuration, _first_step(configuration))
    followed = history.plan or plan
    found, compared = [], 0
    for name in followed.names:
        steps, used = history.known(name)
        steps, used = steps[steps >= since], used[steps >= since]
        planned = np.asarray(followed[name](steps), np.float64) if len(steps) else used
        compared += len(steps)
        room = ULPS * np.spacing(np.abs(planned).astype(np.float32)).astype(np.float64)
        wrong = np.flatnonzero(np.abs(used - planned) > room)
        if len(wrong):
            at = wrong[0]
            found.append(
                f"`{name}` at step {steps[at]:,} was {used[at]:g}, and the plan has "
                f"{planned[at]:g}; {len(wrong):,} differ"
            )
    yield Check("plan against record", f"{compared:,} values compared", tuple(found))
