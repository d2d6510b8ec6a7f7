"""Gradients that fade from layer to layer on their way back to the input."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from glidepath.diagnosis.depth import STEADY, Profile, profiles
from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import listed
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

FADED = 1e-3
"""Of the gradients at the output, those at the input."""
LASTING = 0.75
"""Of the looks."""


def find(history: History) -> Iterator[Finding]:
    """One finding, of weights where they show it, else of biases."""
    for profile in profiles(history):
        ratios = profile.ratios()
        has_faded = ratios <= FADED
        if has_faded.sum() >= 2 and has_faded.mean() >= LASTING:
            yield _finding(profile, float(np.median(ratios[has_faded])), has_faded)
            return


def _finding(profile: Profile, ratio: float, has_faded: np.ndarray) -> Finding:
    third = len(profile.names) // 3
    names = tuple(profile.names[:third])
    first = int(profile.steps[np.flatnonzero(has_faded)[0]])
    sizes = np.median(profile.sizes[has_faded], axis=0)
    return Finding(
        "vanishing-gradients",
        "warning",
        "likely",
        first,
        f"gradients in the first third of the layers are {ratio:.1g} times those in the last, at "
        f"{has_faded.sum()} of {len(has_faded)} looks: {listed(names)}",
        "each layer passes back a part of what it gets; those near the input hardly learn, and "
        "an optimizer that rescales them rescales their noise, too",
        (
            "residual connections, or normalisation in every layer",
            "an activation that does not saturate, with its own initialisation: ReLU with that "
            "of He, tanh with that of Glorot",
            "fewer layers; for a recurrent network, an LSTM or GRU, or shorter sequences",
        ),
        names,
        {
            "ratio": ratio,
            "num_looks": int(has_faded.sum()),
            "relative_gradients": dict(zip(profile.names, sizes.tolist(), strict=True)),
        },
    )


RULE = Rule(
    code="vanishing-gradients",
    looks_at="gradients of single arrays in the order of the layers, relative to their norms",
    threshold=f"a median in the first third of at most {FADED:g} times that in the last, with a "
    f"rank correlation with depth of {STEADY:g} or more, at two looks and {LASTING:.0%} of them; 6 "
    "weights or 6 biases at least",
    source="Glorot and Bengio 2010, section 4.2.1: with a good initialisation gradients are alike "
    "in all layers; He et al. 2015, arXiv:1502.01852, for ReLU; three orders are ours",
    find=find,
)
