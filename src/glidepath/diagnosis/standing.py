"""Which arrays of a record stand still between its looks, and what is known of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from glidepath.diagnosis.movement.stillness import NEGLIGIBLE
from glidepath.plan.values import quantity_of
from glidepath.record import History
from glidepath.record.looks import Looks

LEAST_UPDATES = 8
"""Between two looks, for the later one to say anything: the first ones are 10 apart."""


@dataclass(frozen=True, eq=False)
class Standing:
    """The arrays of a run over all its looks.

    Attributes:
        names: of the arrays, n of them.
        first: step of the first look.
        last: step of the last.
        is_still: whether the bits were the same at all looks, `[n]`.
        gradient_norms: medians over the looks, `[n]`; NaN where none were recorded.
        has_gradient: whether the gradient was more than 0, and more than rounding leaves of 0, at
            every look, `[n]`.
        update_norms: medians, `[n]`; NaN where none were recorded.
        norms: medians, `[n]`.
        about: what the record says of each array.
        rates: the highest of each kind that was used in between: "lr", and those of groups.
        num_updates: that the optimizer has counted in between; None where it does not.
        num_logged: updates that were logged in between, and not skipped.
    """

    names: list[str]
    first: int
    last: int
    is_still: np.ndarray
    gradient_norms: np.ndarray
    has_gradient: np.ndarray
    update_norms: np.ndarray
    norms: np.ndarray
    about: list[dict[str, Any]]
    rates: dict[str, float]
    num_updates: int | None
    num_logged: int

    @property
    def knows_gradients(self) -> bool:
        """Whether any were recorded."""
        return not np.all(np.isnan(self.gradient_norms))

    def can_move(self, i: int) -> bool:
        """Whether updates by gradients should move an array."""
        about = self.about[i]
        is_meant = about.get("trainable") is not False and not about.get("idle")
        return is_meant and (bool(self.has_gradient[i]) or not self.knows_gradients)


def standing(history: History) -> Standing | None:
    """What the looks of a record say together; None if they are too few to say anything."""
    looks = history.looks
    sums = looks.figure("checksum")
    seen = np.flatnonzero(~np.all(np.isnan(sums), axis=1)) if sums.size else np.zeros(0, int)
    if len(seen) < 2:
        return None
    first, last = int(looks.steps[seen[0]]), int(looks.steps[seen[-1]])
    # Whether a look was before its update or after it, the updates strictly between lie between.
    between = (history.steps > first) & (history.steps < last)
    num_logged = int(np.sum(between & ~(history.column("skipped") > 0)))
    if num_logged < LEAST_UPDATES:
        return None
    gradients = looks.figure("gradient_norm")[seen]
    return Standing(
        looks.arrays,
        first,
        last,
        _are_same(sums[seen]),
        _medians(gradients),
        _have_gradient(gradients, _roots(looks)),
        _medians(looks.figure("update_norm")[seen]),
        _medians(looks.figure("norm")[seen]),
        [looks.about.get(name, {}) for name in looks.arrays],
        _rates(history, between),
        _num_updates(history, first, last),
        num_logged,
    )


def _are_same(sums: np.ndarray) -> np.ndarray:
    """Whether each column has one value alone, at two looks at least."""
    known = ~np.isnan(sums)
    low, high = np.where(known, sums, np.inf).min(axis=0), np.where(known, sums, -1.0).max(axis=0)
    return (known.sum(axis=0) >= 2) & (low == high)


def _roots(looks: Looks) -> np.ndarray:
    """Roots of the arrays' numbers of elements, `[n]`."""
    shapes = [looks.about.get(name, {}).get("shape") or [] for name in looks.arrays]
    return np.sqrt([math.prod(shape) for shape in shapes])


def _have_gradient(norms: np.ndarray, roots: np.ndarray) -> np.ndarray:
    """Whether each gradient is there at all looks, `[n]`; norms are `[looks, n]`."""
    sizes = norms / np.maximum(roots, 1.0)
    largest = np.where(np.isfinite(sizes), sizes, 0.0).max(axis=1, keepdims=True)
    return np.all((norms > 0) & (sizes >= NEGLIGIBLE * largest), axis=0)


def _medians(rows: np.ndarray) -> np.ndarray:
    """Of each column's known values, NaN where there are none."""
    columns = (column[~np.isnan(column)] for column in rows.T)
    return np.array([np.median(column) if len(column) else np.nan for column in columns])


def _rates(history: History, between: np.ndarray) -> dict[str, float]:
    names = [name for name in history.names if quantity_of(name) == "lr"]
    used = {name: history.column(name)[between] for name in names}
    return {
        name: float(np.nanmax(values))
        for name, values in used.items()
        if not np.isnan(values).all()
    }


def _num_updates(history: History, first: int, last: int) -> int | None:
    """What the optimizer has counted from one look to the other."""
    counts = history.column("num_updates")[(history.steps >= first) & (history.steps <= last)]
    known = counts[~np.isnan(counts)]
    return int(known[-1] - known[0]) if len(known) >= 2 else None
