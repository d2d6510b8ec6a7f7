"""The lines of a record: what kinds there are, and what stands in each."""

from __future__ import annotations

import json
import math
from typing import Any

VERSION = 1
FILE_NAME = "record.jsonl"

KINDS: dict[str, dict[str, str]] = {
    "run": {
        "schema": "version of this table",
        "name": "of the run",
        "plan": "text of its TOML file, null where there is none or it has a function",
        "fingerprint": "of the plan",
        "total_steps": "updates that the run will do, null where that is not known",
        "environment": "versions, devices, the time zone's offset",
        "configuration": "what else the run was started with",
        "events": "that had happened to the plan by then: step, kind and target of each",
    },
    "restart": {"step": "the run goes on at it"},
    "rollback": {
        "step": "the run came back to it",
        "broken": "the later update that met NaN or infinity",
        "attempt": "which other choice of samples the updates in between get",
        "reason": "what broke, and where",
    },
    "model": {
        "step": "when it was looked at",
        "arrays": "by name: shape, dtype; trainable, held (by the optimizer), idle (known to have "
        "no gradient), where that is known",
    },
    "update": {
        "step": "the update, counted from 0",
        "phase": "of the plan",
        "loss": "of the update's batch, before the update",
        "lr, weight_decay, ...": "every scheduled value, as it was really used",
        "planned": "true where the values are the plan's, and nobody saw what was used",
        "gradient_norm": "L2, over all parameters, before clipping",
        "parameter_norm": "L2, over all parameters, before the update",
        "update_ratio": "L2 norm of the update over that of the parameters",
        "samples": "in the batch",
        "batch": "fingerprint of the batch, a text",
        "skipped": "true where the update was left out",
        "data_seconds": "spent waiting for the batch",
        "seconds": "since the update before; null after a pause",
        "memory_bytes": "on the device, the most so far; of the process where there is no device",
        "num_updates": "of the optimizer so far, where a hook counts them",
    },
    "layers": {
        "step": "the update",
        "arrays": "by name: norm, gradient_norm, update_norm (L2), gradient_zeros (share of the "
        "gradient that is exactly 0), checksum (of the bits, before the update), step_size (its "
        "5th, 50th and 95th percentile), eps_share (where eps is the larger part of the divisor)",
        "memory": "updates that the second moment has seen, over those that it remembers",
    },
    "evaluation": {
        "step": "updates done before it",
        "val_loss, ...": "what was measured",
        "seconds": "that it took",
    },
    "event": {"step": "the first one with the new values", "event": "its kind", "target": "of it"},
    "checkpoint": {"step": "updates done before it"},
    "nonfinite": {
        "step": "the update that met NaN or infinity",
        "gradients, parameters, batch": "names of the arrays with such numbers, in order",
        "samples": "that brought them, by their index in the data",
        "sample_names": "what their owner calls them, such as their times",
        "policy": "what was done: stop, skip, rollback or ignore",
    },
    "notice": {"text": "what its owner should know, such as a tracker that failed"},
    "end": {
        "step": "updates done",
        "state": "finished, stopped or failed",
        "reason": "why, where it is not finished",
    },
}
"""Every line also has "kind", and "time" in seconds of Unix time."""

STATES = ("finished", "stopped", "failed")

WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
"""JSON has no such numbers: they stand as texts, in every place where a number may."""


def as_text(line: dict[str, Any]) -> str:
    """One line as strict JSON, with the line's end."""
    return json.dumps(_with_words(line), allow_nan=False) + "\n"


def _with_words(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, dict):
        return {key: _with_words(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_words(item) for item in value]
    return value


def as_number(value: Any) -> float:
    """A number of a line, NaN where there is none."""
    if isinstance(value, str):
        return WORDS.get(value, math.nan)
    return math.nan if value is None else float(value)


def is_before(line: dict[str, Any], step: int) -> bool:
    """Whether a line is about what had happened when the run was at a step.

    An update is named by its own step, all else by the number of updates before it.
    """
    at = line.get("step", 0)
    return at < step if line["kind"] in ("update", "layers", "nonfinite") else at <= step
