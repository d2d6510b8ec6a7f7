"""GraphCast as what a sweep trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from glidepath.sweeps.domains import Scalar
from glidepath.sweeps.keys import Keys
from glidepath.sweeps.sweep import Point, told_of
from glidepath.sweeps.trial import Trial
from glidepath.sweeps.working import say
from glidepath.training import optimizer
from glidepath.training.hearing import check_heard
from glidepath.training.how import How
from glidepath.training.loop import train
from glidepath.training.run_directory import RunDirectory
from glidepath.weather.going_on import go_on
from glidepath.weather.runs import Configuration
from glidepath.weather.starting import (
    Run,
    Wanted,
    check_long_enough,
    configure,
    make_settings,
    size_of,
    start,
)
from glidepath.weather.statistics import Statistics

FIELDS = {"model.mesh": "mesh_size", "model.latent": "latent_size", "model.layers": "num_layers"}
"""Of `ModelSize`, by their names in a sweep."""

KINDS: dict[str, type] = {
    "batch": int,
    "seed": int,
    "model.mesh": int,
    "model.latent": int,
    "model.layers": int,
    "model.precision": str,
    "model.size": str,
    "data": str,
    "from": str,
    "to": str,
    "stats": str,
    "holdout": float,
}
"""What a value must be."""


@dataclass(frozen=True)
class GraphCastTrainer:
    """Trains GraphCast, as `glidepath train graphcast` does."""

    @property
    def keys(self) -> Keys:
        """As in `Trainer`."""
        return Keys(
            varied=("batch", "seed", *FIELDS, "model.precision"),
            fixed=("model.size", "data", "from", "to", "stats", "holdout"),
            paths=("data", "stats"),
        )

    def check(self, points: Sequence[Point]) -> None:
        """As in `Trainer`; the data are opened once."""
        first = _configured(points[0])
        if not first.holdout:
            raise ValueError("`holdout` must be above 0: trials are judged on times held out")
        trajectory = first.open_trajectory()
        if first.stats:
            Statistics.read(first.stats).check(trajectory.task)
        for point in points:
            configuration = _configured(point)
            with told_of(point.values):
                optimizer.check(point.plan)
                make_settings(configuration, point.plan, How(), num_steps=None)
                check_heard(point.plan, evaluates=True)
                check_long_enough(trajectory, first.holdout, point.plan, None)

    def train(self, trial: Trial) -> None:
        """As in `Trainer`."""
        run = _run(trial)
        state = train(run.problem, run.plan, trial.directory, run.settings, trial.watcher,
                      asked=trial.asked)  # fmt: skip
        run.problem.export(state.parameters, trial.directory.model_file)


def _configured(point: Point) -> Configuration:
    with told_of(point.values):
        return configure(point.plan, asked(point.configuration), _silent, say)


def _run(trial: Trial) -> Run:
    """The trial's run, new or as it was left."""
    common: dict[str, Any] = {"lead": None, "progress": _silent, "num_steps": trial.num_steps}
    if trial.directory.exists():
        return go_on(trial.directory, None, {}, given={}, **common)
    wanted = asked(trial.point.configuration)
    return start(trial.directory, trial.point.plan, wanted, tell=say, how=trial.sweep.how,
                 statistics=_statistics(trial.directory), **common)  # fmt: skip


def _statistics(directory: RunDirectory) -> Statistics | None:
    """Those of a trial before, which has the same data; None for the first, which computes them."""
    others = [RunDirectory(path) for path in sorted(directory.path.parent.glob("*[0-9]"))]
    before = next((one for one in others if one.exists()), None)
    return None if before is None else Statistics.read(before.statistics)


def asked(configuration: Mapping[str, Scalar]) -> Wanted:
    """Names and values of a sweep as fields of a run's configuration.

    Raises:
        TypeError, ValueError: if a value is none.
    """
    for name, value in configuration.items():
        _check_kind(name, value)
    fields = {field: configuration.get(name) for name, field in FIELDS.items()}
    others = {
        name: configuration.get(name) for name in ("data", "stats", "batch", "seed", "holdout")
    }
    return others | {
        "first": configuration.get("from"),
        "last": configuration.get("to"),
        "precision": configuration.get("model.precision"),
        "size": size_of(configuration.get("model.size"), **fields),
    }


def _check_kind(name: str, value: Scalar) -> None:
    wanted = KINDS[name]
    is_right = isinstance(value, (int, float) if wanted is float else wanted)
    if not is_right or isinstance(value, bool):
        words = {int: "a whole number", float: "a number", str: "a text"}[wanted]
        raise TypeError(f"`{name}` must be {words}, got {value!r}")


def _silent(name: str, done: int, total: int) -> None:
    """How far the statistics are is not told."""
