"""What a sweep has come to: its trials, the best first, and the best plan as a file."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from glidepath.plan import files
from glidepath.record.writing import write_whole
from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.domains import Scalar
from glidepath.sweeps.study import ERROR, Study
from glidepath.sweeps.sweep import Sweep
from glidepath.training.validation import METRIC

FINISHED = "finished"
FAILED = "failed"
STATES = {"COMPLETE": FINISHED, "PRUNED": "pruned", "RUNNING": "running", "FAIL": FAILED}
"""Of trials, by their names in Optuna, in the order in which they are shown."""


@dataclass(frozen=True)
class Result:
    """What a trial has come to.

    Attributes:
        number: of the trial, from 0.
        state: "finished", "pruned", "failed" or "running".
        loss: the last validation loss; None where there is none yet.
        values: that it tried.
        steps: updates after which the loss was measured.
        seconds: from its beginning to its end; None where it goes on.
        directory: of its run, from the sweep's.
        error: why it failed.
    """

    number: int
    state: str
    loss: float | None
    values: dict[str, Scalar]
    steps: int
    seconds: float | None
    directory: str
    error: str | None = None


def results(directory: SweepDirectory, study: Study) -> list[Result]:
    """The trials, the best first, then those that were pruned, that run, and that failed."""
    found = [_result(directory, one) for one in study.trials() if one.state.name in STATES]
    order = list(STATES.values())
    return sorted(found, key=lambda one: (order.index(one.state), _loss(one), one.number))


def _loss(result: Result) -> float:
    return math.inf if result.loss is None else result.loss


def _result(directory: SweepDirectory, trial: Any) -> Result:
    state = STATES[trial.state.name]
    reported = trial.intermediate_values
    last = max(reported, default=0)
    loss = trial.value if trial.value is not None else reported.get(last)
    taken = trial.duration.total_seconds() if trial.duration is not None else None
    path = directory.trial(trial.number).path.relative_to(directory.path)
    return Result(
        number=trial.number,
        state=state,
        loss=loss,
        values=dict(trial.params),
        steps=last,
        seconds=taken,
        directory=path.as_posix(),
        error=trial.user_attrs.get(ERROR) if state == FAILED else None,
    )


def best_of(found: list[Result]) -> Result | None:
    """The trial that ended with the lowest loss, of those that were not ended early."""
    finished = [one for one in found if one.state == FINISHED]
    return min(finished, key=_loss, default=None)


def write_best(directory: SweepDirectory, sweep: Sweep, found: list[Result]) -> Result | None:
    """Write the best trial's plan, and what else it had, beside the trials; returns the trial."""
    best = best_of(found)
    if best is None:
        return None
    point = sweep.point(best.values)
    told = {
        "trial": best.number,
        "directory": best.directory,
        METRIC: best.loss,
        "varied": best.values,
        "configuration": point.configuration,
    }
    with directory.alone():
        write_whole(directory.best_plan, files.dumps(point.plan))
        write_whole(directory.best, json.dumps(told, indent=2) + "\n")
    return best


def as_table(sweep: Sweep, found: list[Result]) -> dict[str, Any]:
    """All of it in plain values, for programs and for figures."""
    best = best_of(found)
    return {
        "metric": METRIC,
        "base": sweep.base.name,
        "vary": {name: asdict(domain) for name, domain in sweep.vary.items()},
        "best": None if best is None else best.number,
        "num_trials": sweep.trials,
        "trials": [asdict(one) for one in found],
    }
