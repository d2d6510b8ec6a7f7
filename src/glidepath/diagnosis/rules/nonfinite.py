"""NaN and infinity: the first array that had one, and where it came from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import counted, listed
from glidepath.diagnosis.rule import Rule
from glidepath.record import History

WINDOW = 100
"""Updates before the first one, in which divergence is looked for."""
NEAR = 10
"""Updates that are compared with the earlier ones."""
GROWN = 10.0
"""Times the median loss, or the median gradient norm, from which on a run had been diverging."""


MANY = 17
"""Updates left out in a row: GradScaler begins at 2^16 and halves it each time, and from here on it
scales by less than 1. Where it is found again later, every 2,000 updates, one or two are."""
MOST_SCALED = 0.1
"""Of the updates, that are left out in a run of `LEAST` or more. Ours."""
LEAST = 200

TOLD = ("gradients", "parameters", "batch", "samples", "sample_names", "policy")
"""What of the record's line goes into the evidence."""
DETECT = "torch.autograd.set_detect_anomaly(True), or jax.config.update('jax_debug_nans', True)"

SOURCES: dict[str, tuple[str, tuple[str, ...]]] = {
    "data": (
        "the data has it, and nothing that is computed from it can be finite",
        (
            "mend these samples or leave them out, and check the rest: missing values, units, "
            "division by a variance of 0",
            "a policy that skips such updates, if they are few",
        ),
    ),
    "divergence": (
        "loss or gradients had grown in the updates before: it diverged, and overflowed in the end",
        (
            "a lower rate, or a longer warm-up",
            "clip the global norm of the gradients",
            "go on from a checkpoint before the growth, with a lower rate",
        ),
    ),
    "parameters": (
        "an update before made them so, or they were loaded so: a gradient of infinity, or a "
        "division by 0 in the optimizer",
        (
            "record norms at every update, to see the one that made it: Recorder(norms_every=1)",
            "look at the optimizer's eps, and at its state, which may be of another precision",
        ),
    ),
    "unseen": (
        "the arrays were not looked at in this update: either the loss came out so, by a "
        "logarithm or a division by 0, or parameters had become so in one before",
        (
            "record norms at every update, to see which array came first: Recorder(norms_every=1)",
            DETECT,
            "compute losses from logits: `cross_entropy`, `log_softmax`, `logsumexp`",
        ),
    ),
    "derivative": (
        "the loss is a number and its derivative is none: a logarithm, a root, a norm or a "
        "standard deviation at 0 or next to it, or the branch of `where` that is not taken",
        (
            "compute losses from logits: `cross_entropy`, `log_softmax`, `logsumexp`",
            "add a small number under roots and norms; make the input of `where` safe, not only "
            "its output",
            DETECT,
            "with float16, scale the loss less: gradients overflow from 65,504 on",
        ),
    ),
    "loss": (
        "it came at once, from numbers that were well: a logarithm or a division by 0, an "
        "exponential that overflows, or an empty mean",
        (
            "compute losses from logits: `cross_entropy`, `log_softmax`, `logsumexp`",
            "see whether a batch may be empty, all masked, or have a variance of 0",
            DETECT,
        ),
    ),
}
"""Where it may come from: why it is so, and what to try."""


def find(history: History) -> Iterator[Finding]:
    """One finding, about the first update that met any; none where a loss scale was looked for."""
    scaled_down = _scaled_down(history)
    lines = [line for line in history.nonfinite if not _is_of_scaler(history, line, scaled_down)]
    if not lines:
        return
    line = min(lines, key=lambda one: one["step"])
    grown, goes_on = _growth(history, line["step"]), _goes_on(history)
    source = _source(history, line, grown)
    why, tries = SOURCES[source]
    later = "; later updates were finite again" if goes_on else ""
    told = {key: line[key] for key in TOLD if line.get(key)}
    yield Finding(
        "not-finite",
        "warning" if goes_on else "error",
        "certain",
        line["step"],
        f"step {line['step']:,} met NaN or infinity: {_first(history, line)}{_samples(line)}"
        f"{later}",
        why,
        tries,
        _names(line),
        {"source": source, "loss": _told(_loss(history, line["step"])), "growth": grown}
        | {"num_lines": len(lines), "num_skipped": int(np.sum(history.column("skipped") == 1))}
        | told,
    )


def _scaled_down(history: History) -> set[int]:
    """Steps that were left out, with few before and after them: so a scaler finds its scale."""
    skipped = history.column("skipped") == 1
    if len(skipped) >= LEAST and np.mean(skipped) > MOST_SCALED:
        return set()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], skipped, [0]])))
    runs = zip(edges[::2], edges[1::2], strict=True)
    return {
        step for begin, end in runs if end - begin < MANY
        for step in history.steps[begin:end].tolist()
    }  # fmt: skip


def _is_of_scaler(history: History, line: dict[str, Any], scaled_down: set[int]) -> bool:
    """Whether gradients alone overflowed, in an update that was left out by no policy of ours."""
    if line["step"] not in scaled_down or not line.get("gradients"):
        return False
    has_losses = bool(len(history.known("loss")[0]))
    is_finite = np.isfinite(_loss(history, line["step"])) or not has_losses
    return is_finite and not any(line.get(key) for key in ("parameters", "batch", "policy"))


def _names(line: dict[str, Any]) -> tuple[str, ...]:
    """The arrays of the first place that had any: batch, then parameters, then gradients."""
    places = (line.get(place) or [] for place in ("batch", "parameters", "gradients"))
    return tuple(next((place for place in places if place), []))


def _first(history: History, line: dict[str, Any]) -> str:
    """The first array, in words."""
    for place, told in (("batch", "the batch had it"), ("parameters", "the parameters had it")):
        if line.get(place):
            return f"{told}, first {listed(line[place])}"
    loss = _loss(history, line["step"])
    of_loss = "the loss was finite" if np.isfinite(loss) else f"the loss was {_told(loss)}"
    if not line.get("gradients"):
        return of_loss
    total = len(history.looks.arrays)
    share = f" of {total:,}" if total else ""
    return (
        f"{of_loss}, the parameters were finite, and the gradients of "
        f"{counted(len(line['gradients']))}{share} were not: {listed(line['gradients'])}"
    )


def _samples(line: dict[str, Any]) -> str:
    names = line.get("sample_names") or [f"sample {one}" for one in line.get("samples") or []]
    return f"; it came with {listed(names)}" if names else ""


def _source(history: History, line: dict[str, Any], grown: float | None) -> str:
    """Where it came from, of `SOURCES`."""
    if line.get("batch"):
        return "data"
    if grown is not None and grown >= GROWN:
        return "divergence"
    if line.get("parameters"):
        return "parameters"
    loss = _loss(history, line["step"])
    if np.isfinite(loss):
        return "derivative"
    # Parameters that are NaN make a loss that is NaN, and norms are not taken at every update.
    is_seen = np.isfinite(_at(history, "parameter_norm", line["step"])) or np.isinf(loss)
    return "loss" if is_seen else "unseen"


def _loss(history: History, step: int) -> float:
    return _at(history, "loss", step)


def _at(history: History, name: str, step: int) -> float:
    found = history.column(name)[history.steps == step]
    return float(found[0]) if len(found) else np.nan


def _told(value: float) -> float | str:
    """A number as JSON may hold it."""
    return value if np.isfinite(value) else "NaN" if np.isnan(value) else f"{value}"


def _growth(history: History, step: int) -> float | None:
    """How far loss and gradient norm had grown in the updates before; None where there are few.

    The most in the last `NEAR` of them, over the median of those before; of the two the larger.
    """
    found = []
    for name in ("loss", "gradient_norm"):
        steps, values = history.known(name)
        before = values[(steps < step) & (values > 0)][-WINDOW:]
        if len(before) >= 2:
            late = max(1, min(NEAR, len(before) // 2))
            with np.errstate(over="ignore"):
                found.append(before[-late:].max() / np.median(before[:-late]))
    return None if not found else float(min(np.max(found), np.finfo(np.float64).max))


def _goes_on(history: History) -> bool:
    """Whether the last update was finite again: such ones were skipped, or scaled away."""
    last = max(line["step"] for line in history.nonfinite)
    later = history.steps > last
    if not later.any():
        return False
    loss, norm = history.column("loss")[later][-1], history.column("parameter_norm")[later]
    known = norm[~np.isnan(norm)]
    return bool(np.isfinite(loss)) and (not len(known) or bool(np.isfinite(known[-1])))


RULE = Rule(
    code="not-finite",
    looks_at="updates that met NaN or infinity, the names of arrays that had it, and loss and "
    "gradient norm before",
    threshold="one such update; of those that were left out with a finite loss, as by a gradient "
    f"scaler, {MANY} in a row, or {MOST_SCALED:.0%} of {LEAST} or more; it diverged if the loss or "
    f"the norm of the {NEAR} updates before was {GROWN:g} times the "
    f"median of up to {WINDOW} earlier ones",
    source="it follows; torch.amp.GradScaler's first scale is 2^16 and it halves; the "
    "other numbers are ours",
    find=find,
)
