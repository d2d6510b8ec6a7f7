"""Second moments in the state of a torch optimizer."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from glidepath.record.arrays import named_arrays
from glidepath.record.step_sizes.moment import Moment
from glidepath.record.step_sizes.rectification import averaged_updates, rectification
from glidepath.record.step_sizes.sampling import local, sampled

Group = Mapping[str, Any]
State = Mapping[str, Any]


def moments_of_torch(
    optimizer: Any, rate: float | None, params: Any
) -> tuple[dict[str, Moment], float]:
    """The second moments after the last update, by name, and the memory.

    Args:
        optimizer: one of `KNOWN`, or of a class that is made of one.
        rate: of the last update; the groups' own where None.
        params: what gives the names, or None.
    Returns:
        Moments of the arrays that have had an update, of their part in this process where they are
        sharded; and updates seen over updates remembered:
        of each group its oldest array's, and the least of the groups. 0 before the first update.
    Raises:
        TypeError: if the optimizer is none of these.
    """
    read = _reader(optimizer)
    names = None if params is None else {id(p): name for name, p in named_arrays(params).items()}
    found: dict[str, Moment] = {}
    memories = []
    for g, group in enumerate(optimizer.param_groups):
        own = group | {"lr": float(group["lr"] if rate is None else rate)}
        counts = []
        for i, p in enumerate(group["params"]):
            name, state = f"{g}/{i}" if names is None else names.get(id(p)), optimizer.state.get(p)
            if name is None or not state or not float(state["step"]) or not local(p).numel():
                continue
            found[name] = read(own, state)
            counts.append(float(state["step"]))
        if counts:
            memories.append(max(counts) * (1 - _beta2(group)) or math.inf)
    return found, min(memories, default=0.0)


def _reader(optimizer: Any) -> Callable[[Group, State], Moment]:
    classes = sys.modules["torch"].optim
    for name, read in KNOWN.items():
        if isinstance(optimizer, getattr(classes, name)):
            return read
    raise TypeError(
        f"{type(optimizer).__name__} is no optimizer whose second moment is known here; of torch "
        f"these are: {', '.join(KNOWN)}"
    )


def _beta2(group: Group) -> float:
    """How much of the second moment is kept at an update; 1 for AdaGrad, which keeps all."""
    if "betas" in group:
        return float(group["betas"][1])
    return float(group.get("alpha", 1.0))


def _adam(group: Group, state: State) -> Moment:
    """Adam, AdamW and NAdam: lr / (sqrt(v) / sqrt(1 - beta2^t) + eps); v the largest in AMSGrad."""
    second = state["max_exp_avg_sq"] if group.get("amsgrad") else state["exp_avg_sq"]
    corrected = sampled(second) / (1 - _beta2(group) ** float(state["step"]))
    return Moment(group["lr"], corrected, outside=group["eps"])


def _radam(group: Group, state: State) -> Moment:
    """Of RAdam: r * lr * sqrt(1 - beta2^t) / (sqrt(v) + eps), and lr as long as rho_t <= 5."""
    count, beta2 = float(state["step"]), _beta2(group)
    averaged, most = averaged_updates(count, beta2)
    second = sampled(state["exp_avg_sq"])
    if averaged <= 5:
        return Moment(group["lr"], second * 0 + 1)
    correction = 1 - beta2**count
    factor = rectification(averaged, most)
    return Moment(
        factor * group["lr"], second / correction, outside=group["eps"] / math.sqrt(correction)
    )


def _adamax(group: Group, state: State) -> Moment:
    """Of Adamax: lr / u, where u = max(beta2 * u, |g| + eps) has eps in it."""
    return Moment(
        group["lr"], (sampled(state["exp_inf"]) - group["eps"]) ** 2, outside=group["eps"]
    )


def _rmsprop(group: Group, state: State) -> Moment:
    """Of RMSprop: lr / (sqrt(v) + eps), of v - m^2 if it is centred; no bias is corrected."""
    second = sampled(state["square_avg"])
    if group["centered"]:
        second = second - sampled(state["grad_avg"]) ** 2
    return Moment(group["lr"], second, outside=group["eps"])


def _adagrad(group: Group, state: State) -> Moment:
    """Of Adagrad: lr / (1 + (t - 1) * lr_decay) / (sqrt(sum) + eps)."""
    rate = group["lr"] / (1 + (float(state["step"]) - 1) * group["lr_decay"])
    return Moment(rate, sampled(state["sum"]), outside=group["eps"])


KNOWN: dict[str, Callable[[Group, State], Moment]] = {
    "Adam": _adam,
    "AdamW": _adam,
    "NAdam": _adam,
    "RAdam": _radam,
    "Adamax": _adamax,
    "RMSprop": _rmsprop,
    "Adagrad": _adagrad,
}
"""Classes of torch.optim, with how they divide in torch 2.13 (the functions `_single_tensor_...`;
fused and grouped ones do the same). t counts the updates of the array, from 1."""
