"""What can't be seen in a record, for nobody wrote it down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glidepath.record.history import History


@dataclass(frozen=True)
class BlindSpot:
    """Something that is not in a record.

    Attributes:
        missing: what is not there.
        unseen: what can't be judged without it.
        way_out: how to record it.
    """

    missing: str
    unseen: str
    way_out: str

    def __str__(self) -> str:
        return f"{self.missing}: {self.unseen} can't be seen; {self.way_out}"


def _has(name: str) -> Callable[[History], bool]:
    return lambda history: bool(np.any(~np.isnan(history.column(name))))


def _uses_what_it_plans(history: History) -> bool:
    """Whether somebody saw the scheduled values that were really used."""
    return history.plan is None or bool(np.any(np.isnan(history.column("planned"))))


LOG = "give `recorder.log`"

SPOTS: tuple[tuple[Callable[[History], bool], BlindSpot], ...] = (
    (_has("loss"), BlindSpot("no loss", "whether it learns", f"{LOG} a `loss`")),
    (
        lambda history: bool(history.metrics),
        BlindSpot("no evaluations", "overfitting", "call `recorder.evaluate(step, val_loss=...)`"),
    ),
    (
        _has("gradient_norm"),
        BlindSpot(
            "no gradients", "exploding and vanishing ones, clipping", f"{LOG} `params` and `grads`"
        ),
    ),
    (
        lambda history: len(history.looks) > 1,
        BlindSpot(
            "fewer than two looks at the arrays", "parameters that do not move", f"{LOG} `params`"
        ),
    ),
    (
        lambda history: history.plan is not None,
        BlindSpot("no plan", "a rate that is not the planned one", "give `Recorder` the plan"),
    ),
    (
        _uses_what_it_plans,
        BlindSpot("no rate that was used", "one that is not the planned one", f"{LOG} `lr`"),
    ),
    (_has("data_seconds"), BlindSpot("no waiting times", "slow data", f"{LOG} `data_seconds`")),
    (
        lambda history: any(one is not None for one in history.texts("batch")),
        BlindSpot("no batches", "data in the same order again", f"{LOG} a `batch`"),
    ),
)


def blind_spots(history: History) -> list[BlindSpot]:
    """What can't be judged in a record.

    Args:
        history: of a run that has done an update at least.
    """
    return [spot for is_seen, spot in SPOTS if not is_seen(history)]
