"""What arrays a model has, and what is known of each."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from glidepath.record.arrays import named_arrays


def about_arrays(
    params: Any, held: Iterable[str] | None = None, idle: Iterable[str] = ()
) -> dict[str, dict[str, Any]]:
    """What stands in a "model" line.

    Args:
        params: a module or a tree of arrays.
        held: names of the arrays that the optimizer holds, None where it is not known.
        idle: names of those that are known to have no gradient.
    Raises:
        ValueError: if a name is none of an array.
    """
    named, idle = named_arrays(params), set(idle)
    holding = None if held is None else set(held)
    if unknown := sorted((idle | (holding or set())) - set(named)):
        raise ValueError(f"the model has no array {unknown[0]!r}; it has {', '.join(named)[:200]}")
    about = {}
    for name, array in named.items():
        dtype = str(array.dtype).removeprefix("torch.")
        facts: dict[str, Any] = {"shape": list(array.shape), "dtype": dtype}
        if getattr(array, "requires_grad", False) or _is_parameter(array):
            facts["trainable"] = bool(array.requires_grad)
        if holding is not None:
            facts["held"] = name in holding
        if name in idle:
            facts["idle"] = True
        about[name] = facts
    return about


def _is_parameter(array: Any) -> bool:
    """Whether it is one of torch's; a copy in a state_dict has no gradient and tells nothing."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(array, torch.nn.Parameter)
