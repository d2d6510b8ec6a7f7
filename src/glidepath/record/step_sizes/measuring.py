"""Effective step sizes of an optimizer, from its state."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glidepath.plan.numbers import finite
from glidepath.record.arrays import is_jax, is_torch, named_arrays
from glidepath.record.step_sizes.moment import Moment
from glidepath.record.step_sizes.of_optax import VARIANTS, moments_of_optax
from glidepath.record.step_sizes.of_torch import moments_of_torch
from glidepath.record.step_sizes.percentiles import PERCENTILES, percentiles
from glidepath.record.step_sizes.sizes import StepSizes
from glidepath.record.step_sizes.told import Told


def step_sizes(
    optimizer: Any,
    rate: Any = None,
    *,
    params: Any = None,
    beta2: Any = None,
    eps: Any = None,
    eps_root: Any = None,
    eps_in_sqrt: bool = True,
    count: Any = None,
    variant: str = "adam",
) -> StepSizes:
    """The effective step sizes of the last update that an optimizer has done.

        size = rate / (sqrt(second moment) + eps)

    exactly as the implementation divides, whose formula stands where its state is read, in
    `of_torch` and `of_optax`. It multiplies the gradient, or the mean of gradients that the
    optimizer keeps, corrected for its bias.

    Call it after the update, and before a scheduler sets the next rate. In JAX it may be called
    inside the compiled step.

    Args:
        optimizer: Adam, AdamW, NAdam, RAdam, Adamax, RMSprop or Adagrad of torch; or the state of
            an optax optimizer after the update, with one of the states in `of_optax.KNOWN`,
            however deep in chains and wrappers it lies.
        rate: of the last update. torch's optimizers say it themselves, and so do states of
            `optax.inject_hyperparams` and of glidepath's own `inject`. For the parts of
            `optax.multi_transform` it may be numbers by label. It may be traced, and so may all
            numbers below.
        params: the model that has the arrays. torch's need it for their names: without it they are
            called by group and place, "0/3". Those of the optimizer that it lacks are left out.
        beta2: what optax's optimizer was made with: of the second moment, `decay` in RMSprop.
        eps: the same.
        eps_root: the same, 0 where None.
        eps_in_sqrt: the same, of RMSprop.
        count: updates done, where the state has no count: optax's RMSprop without bias correction.
        variant: "radam" or "adamax" where optax's optimizer is that; their states are as Adam's.
    Returns:
        Figures of the arrays that have a second moment, in the framework's own arrays. An array of
        torch without an update yet is left out; optax's are NaN before their first update.
    Raises:
        TypeError: if there is no second moment that is known, or a number is missing.
        ValueError: if a number is out of range.
    Source: Duchi et al. 2011, JMLR 12, for AdaGrad; Tieleman and Hinton 2012, lecture 6.5, for
        RMSprop; Kingma and Ba 2015, arXiv:1412.6980, algorithm 1, for Adam.
    Example:
        >>> import torch
        >>> weight = torch.nn.Parameter(torch.zeros(3))
        >>> adam = torch.optim.Adam([weight], lr=0.1)
        >>> (weight * torch.tensor([1.0, 10.0, 100.0])).sum().backward()
        >>> adam.step()
        >>> sizes = step_sizes(adam, params={"weight": weight})
        >>> sizes.names, round(sizes.percentiles[0, 1].item(), 6)  # 0.1 / 10
        (('weight',), 0.01)
    """
    given = {"rate": rate, "beta2": beta2, "eps": eps, "eps_root": eps_root, "count": count}
    for name, value in given.items():
        _check(name, value)
    if variant not in VARIANTS:
        raise ValueError(f"`variant` must be one of {', '.join(VARIANTS)}, got {variant!r}")
    told = Told(**given, eps_in_sqrt=eps_in_sqrt, variant=variant)
    optimizer = _unwrapped(optimizer)
    # NumPy's warnings: of a variance that is rounded to below 0, or before the first update.
    with np.errstate(divide="ignore", invalid="ignore"):
        if _is_of_torch(optimizer):
            _check_alone(told)
            return _of_moments(*moments_of_torch(optimizer, rate, params))
        found, memories = moments_of_optax(optimizer, told)
        if params is not None:
            found = {name: found[name] for name in named_arrays(params) if name in found}
        return _of_moments(found, _least(memories))


def _unwrapped(optimizer: Any) -> Any:
    """The optimizer inside of what accelerate and torch's own wrappers put around it."""
    for name in ("optimizer", "optim"):
        inner = getattr(optimizer, name, None)
        if _is_of_torch(inner) and inner is not optimizer:
            return _unwrapped(inner)
    return optimizer


def _is_of_torch(optimizer: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(optimizer, torch.optim.Optimizer)


def _check(name: str, value: Any) -> None:
    """Refuse a number that makes no sense; one that is traced, or an array, is taken as it is.

    Raises:
        TypeError, ValueError: naming it.
    """
    if value is None or isinstance(value, Mapping) or hasattr(value, "shape"):
        return
    number = finite(name, value)
    if number < 0 or (name == "beta2" and number >= 1):
        most = " and below 1" if name == "beta2" else ""
        raise ValueError(f"`{name}` must be at least 0{most}, got {number}")


def _check_alone(told: Told) -> None:
    """Refuse what an optimizer of torch says itself.

    Raises:
        TypeError: naming it.
    """
    plain = Told(rate=told.rate)
    for name in ("beta2", "eps", "eps_root", "eps_in_sqrt", "count", "variant"):
        if getattr(told, name) != getattr(plain, name):
            raise TypeError(f"an optimizer of torch says its `{name}` itself: leave it out")
    if isinstance(told.rate, Mapping):
        raise TypeError("`rate` must be a number, or None for the groups' own rates")


def _least(memories: Sequence[Any]) -> Any:
    """The smallest, NaN if one is NaN; they may be traced."""
    if any(is_jax(one) for one in memories):
        return sys.modules["jax"].numpy.stack(list(memories)).min()
    return float(np.min(memories))


def _of_moments(found: Mapping[str, Moment], memory: Any) -> StepSizes:
    if not found:
        return StepSizes((), np.zeros((0, len(PERCENTILES)), np.float32), np.zeros(0), memory)
    sizes = [moment.sizes for moment in found.values()]
    shares = [_share(moment.is_mostly_eps) for moment in found.values()]
    if is_torch(sizes[0]):
        stacked = sys.modules["torch"].stack([one.to(shares[0].device) for one in shares])
    elif is_jax(sizes[0]):
        jnp = sys.modules["jax"].numpy
        # Of one kind whatever the optimizer, as the branches of a condition must be.
        stacked, memory = jnp.stack(shares), jnp.asarray(memory, jnp.float32)
    else:
        stacked = np.stack(shares)
    return StepSizes(tuple(found), percentiles(sizes), stacked, memory)


def _share(mask: Any) -> Any:
    return mask.float().mean() if is_torch(mask) else mask.mean()
