"""kill -9: at random moments, inside a save, before any change of the disk, after a rollback."""

from __future__ import annotations

import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from glidepath.training.checkpoints import complete_steps
from glidepath.training.run_directory import RunDirectory
from tests.faults.child import Child, Job, finish
from tests.faults.outcome import Outcome, outcome
from tests.faults.places import HELD, IN_A_SAVE, IS_THERE
from tests.faults.problem import NUM_SAVES, PLAN, SETTINGS

MOST_KILLS = 4
SLOW_SECONDS = 0.02
WHOLE_SECONDS = 1.2
"""About what such a slow child needs from its first update to its end."""

NUM_CHANGES = 260
"""About how often Python changes something below the directory of a run, from start to end."""

SAVED = [*range(0, PLAN.total_steps, 3), PLAN.total_steps]
"""Updates done at each save of an undisturbed run."""

ROLLS_BACK = replace(SETTINGS, on_nan="rollback")
HAS_NAN = {"has_nan": True}


def at_random_moments(seed: int, folder: Path, whole: Job) -> Outcome:
    """Again and again, a quarter of the times while it is starting."""
    random = np.random.default_rng(seed)
    job = replace(whole, path=folder / f"killed-{seed}", problem={"seconds": SLOW_SECONDS})
    children = []
    for _ in range(random.integers(1, MOST_KILLS + 1)):
        children.append(Child(job))
        if random.random() < 0.75:
            children[-1].says("update")
        time.sleep(random.uniform(0.0, WHOLE_SECONDS))
        children[-1].kill()
    after, told = _went_on(job)
    return outcome(job, whole, [*children, after], told=told)


def in_a_save(seed: int, folder: Path, whole: Job, place: str | None = None) -> Outcome:
    """At a place inside a save that is drawn by lot."""
    random = np.random.default_rng(seed)
    place = place or str(random.choice(list(IN_A_SAVE)))
    # The last one is not due, and so the one that it saves is in no other's place.
    number = int(random.integers(2, NUM_SAVES - (place == "amid_a_removal")))
    job = replace(whole, path=folder / f"{place}-{seed}", place=place, number=number)
    child = Child(job)
    was_there = child.says(HELD)
    child.kill()
    after = finish(job)
    expected = SAVED[number if place in IS_THERE else number - 1]
    told = was_there and f"resumed {expected}\n" in after.log
    return outcome(job, whole, [child, after], told=told)


def before_a_change(seed: int, folder: Path, whole: Job) -> Outcome:
    """By itself, right before a file is opened, renamed or removed; twice."""
    random = np.random.default_rng(seed)
    job = replace(whole, path=folder / f"changes-{seed}", dies_at_change=True)
    children, most = [], NUM_CHANGES
    while len(children) < 2:
        number = int(random.integers(most))
        child = Child(replace(job, number=number, name=f"child-{len(children)}"))
        if child.end() == -signal.SIGKILL:
            children.append(child)
        else:  # it came to its end before: all over again, and earlier
            shutil.rmtree(job.path)
            children, most = [], max(1, most // 2)
    after, told = _went_on(job)
    return outcome(job, whole, [*children, after], told=told)


def _went_on(job: Job) -> tuple[Child, bool]:
    """It goes on, and whether it says that it does so from the newest checkpoint that was there."""
    there = complete_steps(RunDirectory(job.path).checkpoints)
    after = finish(job)
    said = [line for line in after.log.splitlines() if line.startswith("resumed")]
    return after, said == [f"resumed {step}" for step in there[-1:]]


def after_a_rollback(seed: int, folder: Path, whole: Job) -> Outcome:
    """Between the rollback and the end of the run."""
    random = np.random.default_rng(seed)
    job = replace(whole, path=folder / f"rolled-back-{seed}",
                  problem=HAS_NAN | {"seconds": SLOW_SECONDS})  # fmt: skip
    child = Child(job)
    was_there = child.says("rollback")
    time.sleep(random.uniform(0.0, WHOLE_SECONDS / 3))
    child.kill()
    return outcome(job, whole, [child, finish(job)], told=was_there)
