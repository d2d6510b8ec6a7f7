"""What an optimizer object holds: which arrays, at which rates, and whether it ever stepped."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from glidepath.diagnosis.movement.snapshot import Parameter


@dataclass(frozen=True)
class Holding:
    """What is known of an optimizer.

    Attributes:
        names: of the model's arrays that it holds; None where that is not known.
        rates: learning rates by array, of those that it holds.
        num_updates: that it has counted; None where it does not count.
    """

    names: frozenset[str] | None = None
    rates: Mapping[str, float] = field(default_factory=dict)
    num_updates: int | None = None


def holding(optimizer: Any, parameters: Mapping[str, Parameter]) -> Holding:
    """What an optimizer of torch or Keras holds of a model.

    Args:
        optimizer: or None.
        parameters: of the model after the update, live: told by identity.
    Raises:
        TypeError: if it is neither.
        ValueError: if the parameters are copies, of which none can hold anything.
    """
    if optimizer is None:
        return Holding()
    if hasattr(optimizer, "param_groups"):
        return _of_torch(optimizer, parameters)
    if hasattr(optimizer, "iterations") and hasattr(optimizer, "learning_rate"):
        return _of_keras(optimizer, parameters)
    raise TypeError(
        f"`optimizer` must be one of torch or Keras, got {type(optimizer).__name__}; optax's hold "
        "no arrays: give what they made as `updates`"
    )


def _of_torch(optimizer: Any, parameters: Mapping[str, Parameter]) -> Holding:
    live = sys.modules["torch"].nn.Parameter
    if not any(isinstance(one.variable, live) for one in parameters.values()):
        raise ValueError(
            "`optimizer` can only be compared with live parameters, and `after` has copies of "
            "them: give the module itself as `after`"
        )
    rates = {
        id(held): float(group.get("lr", math.nan))
        for group in optimizer.param_groups
        for held in group["params"]
    }
    held = {
        name: rates[id(p.variable)] for name, p in parameters.items() if id(p.variable) in rates
    }
    counts = [state["step"] for state in optimizer.state.values() if "step" in state]
    num_updates = None if not counts else max(int(count) for count in counts)
    return Holding(frozenset(held), held, num_updates)


def _of_keras(optimizer: Any, parameters: Mapping[str, Parameter]) -> Holding:
    rate, num_updates = float(optimizer.learning_rate), int(optimizer.iterations)
    variables = getattr(optimizer, "_trainable_variables", None)
    if not variables:
        return Holding(None, dict.fromkeys(parameters, rate), num_updates)
    ids = {id(one) for one in variables}
    names = frozenset(name for name, one in parameters.items() if id(one.variable) in ids)
    return Holding(names, dict.fromkeys(names, rate), num_updates)
