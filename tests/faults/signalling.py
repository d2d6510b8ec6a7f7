"""SIGTERM and SIGINT, once and twice, wherever a run is."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import numpy as np

from glidepath.record.lines import read
from glidepath.training.run_directory import RunDirectory
from tests.faults.child import Child, Job, finish
from tests.faults.killing import HAS_NAN, SLOW_SECONDS
from tests.faults.outcome import Outcome, outcome
from tests.faults.places import HELD
from tests.faults.problem import BREAKS_AT, HARD_TO_COMPILE

SIGNALS = (signal.SIGTERM, signal.SIGINT)

STAGES = ("compilation", "step", "evaluation", "save")

HEARD = "stopping at the next safe point"


def once(seed: int, folder: Path, whole: Job, stage: str | None = None) -> Outcome:
    """In a stage that is drawn by lot where none is named: saved, and told by the exit status."""
    random = np.random.default_rng(seed)
    number = SIGNALS[random.integers(2)]
    stage = stage or str(random.choice(STAGES))
    job = replace(whole, path=folder / f"{stage}-{seed}", place="slow", problem={"seconds": 0.02},
                  cache=None if stage == "compilation" else whole.cache)  # fmt: skip
    child = Child(job)
    was_there = child.says(_sign(stage, random))
    child.send(number)
    told = was_there and child.end() == 128 + number and HEARD in child.log
    told = told and _last_line(job).get("reason") == number.name
    return outcome(job, whole, [child, finish(job)], told=told)


def before_a_rollback(seed: int, folder: Path, whole: Job) -> Outcome:
    """Between a checkpoint and the update that breaks, up to three times."""
    random = np.random.default_rng(seed)
    job = replace(
        whole, path=folder / f"breaks-{seed}", problem=HAS_NAN | {"seconds": SLOW_SECONDS}
    )
    stops = random.choice(range(BREAKS_AT - 4, BREAKS_AT - 1), random.integers(1, 4), replace=False)
    children, told = [], True
    for step in sorted(stops):
        child = Child(job)
        number = SIGNALS[random.integers(2)]
        told = told and child.says(f"update {step}\n")
        child.send(number)
        told = told and child.end() == 128 + number
        children.append(child)
    return outcome(job, whole, [*children, finish(job)], told=told)


def _sign(stage: str, random: np.random.Generator) -> str:
    """What a child says when it is in a stage for the so manieth time."""
    return {
        "compilation": f"compiling {random.integers(1, 4)}\n",
        "step": f"update {random.integers(1, 18)}\n",
        "evaluation": "evaluating\n",
        "save": f"saving {3 * random.integers(0, 6)}\n",
    }[stage]


def _last_line(job: Job) -> dict[str, object]:
    return [*read(RunDirectory(job.path).record_file)][-1]


def twice_in_xla(seed: int, folder: Path, whole: Job) -> Outcome:
    """In the midst of a compilation that takes long: the second one ends it at once."""
    job = replace(whole, path=folder / f"xla-{seed}", place="within_xla", cache=None,
                  problem={"num_copies": HARD_TO_COMPILE})  # fmt: skip
    return _twice(seed, job, whole, "within XLA")


def twice_in_a_save(seed: int, folder: Path, whole: Job) -> Outcome:
    """In a save that hangs, which the first one waits for."""
    job = replace(whole, path=folder / f"hangs-{seed}", place="before_the_rename", number=2)
    return _twice(seed, job, whole, HELD)


def _twice(seed: int, job: Job, whole: Job, sign: str) -> Outcome:
    first, second = np.random.default_rng(seed).choice(SIGNALS, 2)
    child = Child(job)
    told = child.says(sign)
    child.send(signal.Signals(first))
    told = told and child.says(HEARD)
    child.send(signal.Signals(second))
    told = told and child.end() == 128 + second and not child.log.endswith("compiled 1\n")
    return outcome(job, whole, [child, finish(job)], told=told)
