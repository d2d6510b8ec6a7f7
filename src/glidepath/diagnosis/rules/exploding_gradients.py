"""Gradients that grow from layer to layer on their way back, or from one update to the next."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.depth import STEADY, Profile, profiles
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import counted, listed
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

GROWN = 100.0
"""Times the gradients at the output, those at the input."""
LASTING = 0.75
"""Of the looks."""
ENORMOUS = 1e5
"""Norm of the gradient times that of the parameters, over the loss: how many times the loss a
straight step as long as the parameters would gain. It has no unit. The healthy runs in
tests/diagnosis, transformers and GraphCast among them, stay below 1e3."""
NOT_FITTED = 0.1
"""Of the loss at the start, below which updates are left out: where a loss comes to 0, as a square
does, its root, the gradient, is far larger."""
FIRST = 5
"""Updates of which the highest loss is that at the start."""

TRIES = (
    "clip the global norm, at about the median norm of the updates that went well",
    "residual connections or normalisation; an initialisation that keeps variances (Glorot, He; "
    "orthogonal matrices in a recurrent network)",
    "for a recurrent network, an LSTM or GRU, or shorter sequences",
)


def find(history: History) -> Iterator[Finding]:
    """One finding: of the layers where they show it, else of the updates."""
    for profile in profiles(history):
        ratios = profile.ratios()
        has_grown = ratios >= GROWN
        if has_grown.sum() >= 2 and has_grown.mean() >= LASTING:
            yield _by_depth(profile, float(np.median(ratios[has_grown])), has_grown)
            return
    rows, sizes = _enormous(history)
    if len(rows):
        yield _by_size(history, rows, sizes)


def _by_depth(profile: Profile, ratio: float, has_grown: np.ndarray) -> Finding:
    names = tuple(profile.names[: len(profile.names) // 3])
    sizes = np.median(profile.sizes[has_grown], axis=0)
    return Finding(
        "exploding-gradients",
        "warning",
        "likely",
        int(profile.steps[np.flatnonzero(has_grown)[0]]),
        f"gradients in the first third of the layers are {ratio:.1g} times those in the last, at "
        f"{has_grown.sum()} of {len(has_grown)} looks: {listed(names)}",
        "each layer passes back more than it gets; a rate that the last layers need is far too "
        "high for the first, and small changes of the input are blown up on the way as well",
        (TRIES[1], "a smaller scale of the initial weights", TRIES[0]),
        names,
        {
            "ratio": ratio,
            "num_looks": int(has_grown.sum()),
            "relative_gradients": dict(zip(profile.names, sizes.tolist(), strict=True)),
        },
    )


def _enormous(history: History) -> tuple[np.ndarray, np.ndarray]:
    """Rows of updates with a gradient out of all proportion, and its size, `[found]` each.

    Where a run diverges, loss and gradient grow together, and their ratio does not.
    """
    losses = history.column("loss")
    known = np.flatnonzero(np.isfinite(losses) & (losses > 0))
    if not len(known):
        return known, losses[:0]
    start = float(losses[known[:FIRST]].max())
    known = known[losses[known] >= NOT_FITTED * start]
    gradients, parameters = (
        history.column(f"{of}_norm")[known] for of in ("gradient", "parameter")
    )
    sizes = gradients * parameters / losses[known]
    found = np.isfinite(sizes) & (sizes >= ENORMOUS)
    return known[found], sizes[found]


def _by_size(history: History, rows: np.ndarray, sizes: np.ndarray) -> Finding:
    steps, norms = history.steps[rows], history.column("gradient_norm")[rows]
    names = _largest(history)
    where = f"; most of it is in {listed(names)}" if names else ""
    return Finding(
        "exploding-gradients",
        "warning",
        "likely",
        int(steps[0]),
        f"{counted(len(rows), 'update')} had a gradient of {ENORMOUS:.0e} or more times the loss "
        f"over the parameters' norm, up to {sizes.max():.1e} times; the first is step "
        f"{steps[0]:,}, with a gradient norm of {norms[0]:.3g}{where}",
        "the loss has cliffs: a step along such a gradient, at a rate that is right elsewhere, "
        "throws the parameters far away; below 1e3 is usual",
        (*TRIES, "if the loss was scaled for float16, record gradients after they are unscaled"),
        names,
        {"steps": steps[:100].tolist(), "sizes": sizes[:100].tolist(), "num_updates": len(rows)},
    )


def _largest(history: History) -> tuple[str, ...]:
    """The array with the largest gradient, at most looks."""
    gradients = history.looks.figure("gradient_norm")
    seen = gradients[np.isfinite(gradients).any(axis=1)] if gradients.size else gradients
    if not seen.size:
        return ()
    places, counts = np.unique(np.nanargmax(seen, axis=1), return_counts=True)
    return (history.looks.arrays[places[counts.argmax()]],)


RULE = Rule(
    code="exploding-gradients",
    looks_at="gradients of single arrays in the order of the layers, relative to their norms; the "
    "norms of gradient and parameters, and the loss, of every update",
    threshold=f"a median in the first third of at least {GROWN:g} times that in the last, with a "
    f"rank correlation with depth of {STEADY:g} or more, at two looks and {LASTING:.0%} of them; "
    f"or one update with gradient norm times parameter norm over loss of {ENORMOUS:.0e} or more, "
    "before nine tenths of the loss are gone",
    source="Pascanu et al. 2013, arXiv:1211.5063, section 2.3, for cliffs; Glorot and Bengio 2010, "
    "section 4.2.1, for layers; both numbers are ours",
    find=find,
)
