"""How gradients change from layer to layer, from a model's input to its output."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from glidepath.record import History

LEAST_ARRAYS = 6
"""Of one kind: two in each third, so that a third has a median of more than one array."""
STEADY = 0.8
"""Rank correlation with depth from which on gradients go steadily up or down: a head, a stem or
a branch with a small scale is off by as much, but has no trend (a scale of 1e-6 in every branch of
Touvron et al. 2021, arXiv:2103.17239, is healthy)."""


@dataclass(frozen=True, eq=False)
class Profile:
    """Gradients of arrays of one kind by depth, at some looks.

    Attributes:
        names: of the arrays, from the input to the output, n of them.
        steps: of the looks, `[looks]`.
        sizes: gradients relative to the array, or to its number of elements, `[looks, n]`; NaN
            where there is none, or it is 0.
    """

    names: list[str]
    steps: np.ndarray
    sizes: np.ndarray

    def ratios(self) -> np.ndarray:
        """Median of the first third over that of the last, `[looks]`; NaN where it has no trend.

        A trend is a rank correlation of depth and size of `STEADY` at least, either way.
        """
        return np.array([_ratio(row) for row in self.sizes])


def profiles(history: History) -> list[Profile]:
    """Of weights, and of biases and scales; of each only if there are enough of them.

    Weights have two dimensions at least, and their gradients are relative to their norms, as
    the rates of layers are in You et al. 2017, arXiv:1708.03888. What has one dimension may be 0
    itself: there it is the root of the mean square of the gradient, which for a bias is what comes
    back through the layers above.
    """
    looks = history.looks
    order = in_depth_order(looks.arrays)
    if not len(looks) or order is None:
        return []
    gradients, norms = looks.figure("gradient_norm"), looks.figure("norm")
    shapes = [looks.about.get(name, {}).get("shape") for name in looks.arrays]
    trained = [
        i for i in order if shapes[i] is not None and _is_trained(looks.about[looks.arrays[i]])
    ]
    weights = [i for i in trained if len(shapes[i]) >= 2]
    others = [i for i in trained if len(shapes[i]) == 1 and shapes[i][0] > 1]
    roots = np.array([np.sqrt(shapes[i][0]) for i in others])
    found = [
        (weights, _quotients(gradients[:, weights], norms[:, weights])),
        (
            others,
            _quotients(gradients[:, others], np.broadcast_to(roots, (len(looks), len(others)))),
        ),
    ]
    return [
        Profile([looks.arrays[i] for i in arrays], looks.steps, sizes)
        for arrays, sizes in found
        if len(arrays) >= LEAST_ARRAYS
    ]


def _is_trained(about: dict) -> bool:
    return about.get("trainable") is not False and not about.get("idle")


def _quotients(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """NaN where either is 0 or not finite."""
    is_fit = (above > 0) & (below > 0) & np.isfinite(above) & np.isfinite(below)
    return np.where(is_fit, above / np.where(is_fit, below, 1.0), np.nan)


def _ratio(row: np.ndarray) -> float:
    sizes = row[~np.isnan(row)]
    if len(sizes) < LEAST_ARRAYS or abs(_rank_correlation(sizes)) < STEADY:
        return np.nan
    third = len(sizes) // 3
    return float(np.median(sizes[:third]) / np.median(sizes[-third:]))


def _rank_correlation(values: np.ndarray) -> float:
    """Of values and their places (Spearman 1904); ties count in the order in which they stand."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable")
    return float(np.corrcoef(ranks, np.arange(len(values)))[0, 1])


def in_depth_order(names: Sequence[str]) -> list[int] | None:
    """Places of names from a model's input to its output, as far as they tell.

    Frameworks that list layers as they were made, as torch and Keras do, tell by the order itself.
    JAX sorts the keys of dictionaries, and there numbers tell: "layer_10" comes after "layer_9".

    Returns:
        None where the names are sorted and have no numbers: their order means nothing.
    Example:
        >>> in_depth_order(["layer_0/w", "layer_10/w", "layer_9/w"])
        [0, 2, 1]
        >>> in_depth_order(["decoder/w", "encoder/w"]) is None
        True
    """
    is_sorted = [name.split("/") for name in names] == sorted(name.split("/") for name in names)
    if not is_sorted:
        return list(range(len(names)))
    if not any(char.isdigit() for name in names for char in name):
        return None
    return sorted(range(len(names)), key=lambda i: [_natural(p) for p in names[i].split("/")])


def _natural(part: str) -> list[tuple[bool, int, str]]:
    """A key by which 9 comes before 10, and numbers before letters."""
    pieces = [piece for piece in re.split(r"(\d+)", part) if piece]
    return [(not one.isdigit(), int(one) if one.isdigit() else 0, one) for one in pieces]
