"""An adaptive optimizer that divides by eps, and so is none."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import counted, listed
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

MOST = 0.5
"""Of the elements that have a gradient, and of the looks."""
LEAST_LOOKS = 2
"""After the first one: gradients may begin at 0, as behind a layer whose weights do."""
SPARSE = 0.9
"""Of a gradient that is exactly 0: of an embedding's, of which few rows were used."""
FADED = 0.01
"""Of the largest gradient norm of an array: smaller ones are of what has been learnt."""
ROUNDING = 1e-5
"""Of the median array's gradient, per element: less is what rounding leaves of a gradient that is
0 by symmetry, as of a bias in front of a normalisation or of the keys in attention. float32 has a
resolution of 1.2e-7, and sums of thousands of terms lose two digits."""


def find(history: History) -> Iterator[Finding]:
    """Arrays in which eps was the larger part in most of the looks that count."""
    shares = _shares(history)
    if shares is None:
        return
    counts = np.sum(~np.isnan(shares), axis=0)
    ruled = np.sum(shares > MOST, axis=0)
    is_ill = (counts >= LEAST_LOOKS) & (ruled > MOST * counts) & (_last(shares) > MOST)
    if is_ill.any():
        yield _finding(history, shares, np.flatnonzero(is_ill), int(np.sum(counts > 0)))


def _shares(history: History) -> np.ndarray | None:
    """Of the elements with a gradient, where eps is the larger part, at least.

    `[looks, arrays]`; NaN where that says nothing. Elements without a gradient may be among those
    that eps rules, and are taken off as if all were.
    """
    looks = history.looks
    norms = looks.figure("gradient_norm")
    if len(looks) <= LEAST_LOOKS or not (norms[1:] > 0).any():
        return None
    eps, zeros = looks.figure("eps_share"), looks.figure("gradient_zeros")
    idle = [looks.is_known(name, "idle") is True for name in looks.arrays]
    largest = np.max(np.nan_to_num(norms[1:]), axis=0)
    counts = (zeros <= SPARSE) & (norms > FADED * largest) & ~np.array(idle)
    counts &= norms > ROUNDING * _usual(history, norms)
    counts[0] = False
    nothing = np.full(eps.shape, np.nan)
    return np.divide(np.maximum(eps - zeros, 0.0), 1 - zeros, out=nothing, where=counts)


def _usual(history: History, norms: np.ndarray) -> np.ndarray:
    """The gradient norm that each array would have with the median array's gradients.

    `[looks, arrays]`, by the root of the mean square of an element where shapes are known.
    """
    looks = history.looks
    sizes = [math.prod(looks.about.get(name, {}).get("shape", ())) for name in looks.arrays]
    roots = np.sqrt(np.maximum(np.array(sizes), 1))
    each = norms / roots
    some = (np.median(row[row > 0]) if (row > 0).any() else 0.0 for row in each)
    return np.array(list(some))[:, None] * roots


def _last(shares: np.ndarray) -> np.ndarray:
    """The last share of each array that is known, `[arrays]`; 0 where none is."""
    known = ~np.isnan(shares)
    rows = len(shares) - 1 - np.argmax(known[::-1], axis=0)
    found = shares[rows, np.arange(shares.shape[1])]
    return np.where(np.isnan(found), 0.0, found)


def _finding(history: History, shares: np.ndarray, ill: np.ndarray, num_arrays: int) -> Finding:
    looks = history.looks
    names = tuple(looks.arrays[i] for i in ill)
    step = int(looks.steps[np.flatnonzero((shares[:, ill] > MOST).any(axis=1))[0]])
    sizes = looks.step_sizes()[-1, ill, 1]
    share = float(np.median(_last(shares)[ill]))
    times = f"{np.nanmedian(sizes):.3g}" if np.isfinite(sizes).any() else "some"
    return Finding(
        "eps-dominates",
        "warning" if 2 * len(ill) >= num_arrays else "note",
        "certain",
        step,
        f"in {len(ill):,} of {counted(num_arrays)} eps is the larger part of what the optimizer "
        f"divides by, for {share:.0%} of the elements: steps are {times} times the gradient "
        f"({listed(names)})",
        "there the optimizer no longer adapts: it is gradient descent at a rate of rate / eps (or "
        "rate / sqrt(eps), where eps stands inside of the root), and small gradients stay small "
        "updates",
        (
            "a smaller eps, such as 1e-8 or 1e-12, if it was not chosen to be large: 1e-8 inside "
            "of the root, as in optax's rmsprop, is 1e-4 outside",
            "look why the gradients are so small: a loss that is divided by too much, or summed "
            "over nothing; in float16 they vanish below 6e-8 without loss scaling, and so does eps",
        ),
        names,
        {
            "num_arrays": num_arrays,
            "eps_share": share,
            "num_looks": int(np.max(np.sum(~np.isnan(shares[:, ill]), axis=0))),
        },
    )


RULE = Rule(
    "eps-dominates",
    "at looks, the share of each array's elements where eps is the larger part of the divisor, "
    "its gradient norm and the share of it that is exactly 0",
    "more than half of an array's elements that have a gradient, in more than half of the looks "
    "after the first (two at least) and in the last; not where the gradient has faded to 1 % of "
    "its largest, or is rounding error, 1e-5 of the median array's",
    "it follows from Kingma and Ba 2015, arXiv:1412.6980, algorithm 1; that a large eps makes Adam "
    "a gradient descent: Choi et al. 2019, arXiv:1910.05446, section 3; the numbers are ours, "
    "measured on the healthy runs in tests/diagnosis",
    find,
)
