"""The optimizer that a plan names, in torch."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

from glidepath.adapters.optimizers import TABLE, Peer
from glidepath.adapters.torch.clipping import clip_before_updates
from glidepath.adapters.torch.parameters import Groups, Named, trained_by_group, without_decay
from glidepath.plan import Optimizer, Plan
from glidepath.plan.groups import DEFAULT
from glidepath.plan.values import quantity_of

OPTIONS = ("foreach", "fused")
"""Ways to compute the same."""

FOR_CONSTRUCTORS = {"lr": 1.0, "weight_decay": 0.0}
"""What each group has of its own: constructors refuse a rate of 0, or remark on decay."""


def make_optimizer(
    plan: Plan, model: nn.Module | Named, *, groups: Groups | None = None, **options: bool
) -> torch.optim.Optimizer:
    """The optimizer that a plan names, with the plan's values of step 0 and every constant.

    Give it to `PlanScheduler`, which changes what changes. Each parameter group is called as its
    group of the plan is, under "name"; with decays="matrices" its biases and norms are in one of
    their own, which has "decays": False and a weight decay of 0. Gradients are clipped in `step`.
    Schedule-free optimizers are in their training mode.

    Args:
        plan: with an optimizer and `lr`.
        model: a module, or pairs of a name and a parameter. What is not trained is left out.
        groups: which parameter belongs to which group of the plan: a function from a parameter's
            name to a group's, or None; or by group a prefix of its parameters' names, or several;
            the longest that fits counts, and in no group is what none fits.
        **options: `fused` and `foreach`, as torch has them.
    Raises:
        ModuleNotFoundError: if the optimizer is from a package that is not installed.
        TypeError, ValueError: if the plan has no optimizer, torch has no such one, or the groups
            do not fit.
    Example:
        >>> from glidepath import Optimizer, Phase, Plan, linear
        >>> plan = Plan(
        ...     Phase("training", 10, lr=linear(0.1, 0.0)),
        ...     optimizer=Optimizer("adamw", beta2=0.95),
        ... )
        >>> optimizer = make_optimizer(plan, torch.nn.Linear(2, 1))
        >>> type(optimizer).__name__, optimizer.param_groups[0]["betas"]
        ('AdamW', (0.9, 0.95))
    """
    optimizer = _check(plan)
    peer = _peer(optimizer)
    made = peer.load()
    _check_options(made, options)
    found = trained_by_group(model, plan.groups, groups)
    _check_dimensions(optimizer.name, found.values())
    dicts = [one for group, inside in found.items() for one in _dicts(plan, peer, group, inside)]
    constants = _arguments(peer, optimizer.settings() | FOR_CONSTRUCTORS)
    torch_optimizer = made(dicts, **constants, **options)
    torch_optimizer.defaults |= _arguments(peer, _values(plan, DEFAULT))
    if "clip" in dicts[0]:
        torch_optimizer.defaults["clip"] = dicts[0]["clip"]
        clip_before_updates(torch_optimizer)
    if optimizer.name.startswith("schedule_free"):
        torch_optimizer.train()
    return torch_optimizer


def _check(plan: Plan) -> Optimizer:
    if not isinstance(plan, Plan):
        raise TypeError(f"expected a Plan, which names its optimizer, got {plan!r}")
    if plan.optimizer is None:
        raise ValueError(
            'the plan names no optimizer: Plan(..., optimizer="adamw"), or in its file [optimizer] '
            'with name = "adamw"'
        )
    if "lr" not in plan:
        raise ValueError("the plan has no `lr`, and nothing can be trained without one")
    if "momentum" in plan:
        schedule = plan["momentum"]
        if schedule(0) == 0 and schedule.term.extremes[1] > 0:
            raise ValueError(
                "`momentum` is 0 at step 0 and not later, and torch would begin without what it "
                "adds up: begin with a small one, such as 1e-6"
            )
    return plan.optimizer


def _peer(optimizer: Optimizer) -> Peer:
    peer = TABLE[optimizer.name].torch
    if peer is None:
        known = ", ".join(name for name, row in TABLE.items() if row.torch is not None)
        raise ValueError(f"torch has no {optimizer.name}; it has {known}")
    return peer


def _check_options(made: type, options: Mapping[str, bool]) -> None:
    possible = [name for name in OPTIONS if name in inspect.signature(made).parameters]
    for name in options:
        if name not in possible:
            raise TypeError(
                f"{made.__name__} has no option `{name}` here; it has {', '.join(possible)}"
            )


def _check_dimensions(name: str, found: Iterable[list[torch.Tensor]]) -> None:
    shapes = [tuple(one.shape) for inside in found for one in inside if one.ndim != 2]
    if name == "muon" and shapes:
        raise ValueError(
            f"torch's Muon takes matrices alone, and a parameter has the shape {shapes[0]}: give "
            "it the pairs (name, parameter) of those with 2 dimensions, and an `adamw` of its own "
            "to the others"
        )


def _dicts(plan: Plan, peer: Peer, group: str, inside: list[torch.Tensor]) -> list[dict[str, Any]]:
    """The parameter groups of one group of the plan: one, or two if a part does not decay."""
    values = _values(plan, group)
    whole = {"params": inside, "name": group} | _clip(plan) | _arguments(peer, values)
    if "decays" in values:
        whole["decays"] = True
    if values.get("decays", "all") == "all":
        return [whole]
    halves = [
        whole | {"params": [one for one in inside if one.ndim >= 2]},
        whole | {"params": [one for one in inside if one.ndim < 2], "decays": False}
        | without_decay(group),
    ]  # fmt: skip
    return [half for half in halves if half["params"]]


def _clip(plan: Plan) -> dict[str, float]:
    """The largest norm of the gradients, if the plan or its optimizer has one."""
    assert plan.optimizer is not None
    clip = plan["clip"](0) if "clip" in plan else plan.optimizer["clip"]
    return {} if clip is None else {"clip": clip}


def _values(plan: Plan, group: str) -> dict[str, Any]:
    """Every number of the optimizer at step 0, for one group."""
    assert plan.optimizer is not None
    values = plan.optimizer.settings()
    for quantity in sorted({quantity_of(key) for key in plan.names}):
        key = f"{quantity}.{group}"
        if key in plan or quantity in plan:
            values[quantity] = plan[key if key in plan else quantity](0)
    return values


def _arguments(peer: Peer, values: Mapping[str, Any]) -> dict[str, Any]:
    """What torch calls these values, with those of a pair put together."""
    given = dict(peer.fixed)
    given |= {peer.arguments[name]: value for name, value in values.items()
              if name in peer.arguments}  # fmt: skip
    pairs = sorted({key.partition(".")[0] for key in given if "." in key})
    whole = {key: value for key, value in given.items() if "." not in key}
    return whole | {pair: (given[f"{pair}.0"], given[f"{pair}.1"]) for pair in pairs}
