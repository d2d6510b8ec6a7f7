"""Units that no sample reaches any more, told by biases whose gradient is exactly 0."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import counted, listed
from glidepath.diagnosis.rule import Rule
from glidepath.record import History
from glidepath.record.looks import Looks

DEAD = 0.75
"""Share of a layer's units; a transformer with ReLU that is well may have half of them silent for a
batch (Li et al. 2023, arXiv:2210.06313)."""
LEAST_UNITS = 4
EARLY = 10
"""Step before which units may still wake up."""
LEAST_LOOKS = 2
FEW_SAMPLES = 4
"""In a batch: of fewer, a unit that half of all samples reach may often get none."""


def find(history: History) -> Iterator[Finding]:
    """One finding for all layers together.

    Only biases are looked at, arrays of one dimension beside weights: a row of an embedding whose
    word is not in the batch has a gradient of 0, and is well. And the weights must tell the same,
    for those of a dead unit have no gradient either: the bias of an attention's keys has none by
    construction, since softmax takes no notice of what is added to all, and its weights have.
    """
    looks = history.looks
    late = np.flatnonzero(looks.steps >= EARLY)
    batch = _batch_size(history)
    if len(late) < LEAST_LOOKS or (batch is not None and batch < FEW_SAMPLES):
        return
    zeros, gradients = looks.figure("gradient_zeros"), looks.figure("gradient_norm")
    ever = np.any(gradients > 0, axis=0)  # what never had a gradient is not used at all
    late = late[len(late) // 2 :] if len(late) > LEAST_LOOKS else late
    is_dead = np.all(zeros[late] >= DEAD, axis=0)
    dead = [i for i in np.flatnonzero(ever & is_dead) if any(is_dead[_weights_of(looks, i)])]
    if dead:
        yield _finding(history, dead, zeros[late][:, dead].min(axis=0), late)


def _batch_size(history: History) -> float | None:
    """The smallest number of samples in an update; None where nobody says."""
    _, samples = history.known("samples")
    if len(samples):
        return float(samples.min())
    return None if history.plan is None else history.plan.horizon.batch


def _weights_of(looks: Looks, i: int) -> list[int]:
    """Arrays in the same place with a dimension as long as a bias; none if it is no bias."""
    name, shape = looks.arrays[i], _shape(looks, looks.arrays[i])
    if len(shape) != 1 or shape[0] < LEAST_UNITS or not _is_trained(looks.about[name]):
        return []
    place = name.rpartition("/")[0]
    return [
        j
        for j, other in enumerate(looks.arrays)
        if other.rpartition("/")[0] == place
        and len(_shape(looks, other)) >= 2
        and shape[0] in _shape(looks, other)
    ]


def _shape(looks: Looks, name: str) -> list[int]:
    return looks.about.get(name, {}).get("shape") or []


def _is_trained(about: dict[str, Any]) -> bool:
    return about.get("trainable") is not False and not about.get("idle")


def _finding(history: History, dead: list[int], shares: np.ndarray, late: np.ndarray) -> Finding:
    looks = history.looks
    names = tuple(looks.arrays[i] for i in dead)
    alive = np.flatnonzero(looks.figure("gradient_zeros")[:, dead].max(axis=1) < DEAD)
    first = int(looks.steps[alive[-1] + 1 if len(alive) else 0])
    told = [f"{name} ({share:.0%})" for name, share in zip(names, shares, strict=True)]
    return Finding(
        "dead-units",
        "warning",
        "possible" if _batch_size(history) is None else "likely",
        first,
        f"in {counted(len(names), 'layer')} three quarters of the units or more had a gradient of "
        f"exactly 0 at each of the last {len(late)} looks: {listed(told)}",
        "a ReLU that gets a negative number from every sample gives 0 and passes no gradient back, "
        "so that it never changes again; a layer that is all dead cuts off what is before it",
        (
            "a lower rate or a longer warm-up: one step that is too large kills many at once",
            "an activation that passes something on everywhere: leaky ReLU, GELU, SiLU",
            "biases that start at 0 and weights as of He et al., or normalisation before the "
            "activation",
            "a larger batch, if yours is small: a unit that only few samples reach looks dead",
        ),
        names,
        {"shares": dict(zip(names, shares.tolist(), strict=True)), "num_looks": len(late)},
    )


RULE = Rule(
    code="dead-units",
    looks_at="the share of the gradient that is exactly 0, of biases and of their weights",
    threshold=f"{DEAD:g} or more of both, in a layer of {LEAST_UNITS} units or more, at each look "
    f"of the later half of those from step {EARLY} on, {LEAST_LOOKS} at least; batches of fewer "
    f"than {FEW_SAMPLES} samples are left alone",
    source="Lu et al. 2019, arXiv:1903.06733, for how ReLU networks die; the three quarters are "
    "ours",
    find=find,
)
