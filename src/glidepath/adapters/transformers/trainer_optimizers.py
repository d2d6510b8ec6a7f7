"""The optimizer and the scheduler that `Trainer(optimizers=...)` takes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from transformers import Trainer

from glidepath.adapters.torch.clipping import clip_before_updates
from glidepath.adapters.torch.optimizer import make_optimizer
from glidepath.adapters.torch.parameters import Groups, trained_by_group, without_decay
from glidepath.adapters.torch.scheduler import PlanScheduler
from glidepath.plan import Plan, Schedule
from glidepath.plan.as_plan import as_plan

ANY_RATE = 1.0
"""For the constructor alone: the scheduler sets the plan's."""


def optimizers(
    model: nn.Module, plan: Plan | Schedule, *, groups: Groups | None = None
) -> tuple[torch.optim.Optimizer, PlanScheduler]:
    """What lets a Trainer follow a plan: `Trainer(optimizers=optimizers(model, plan), ...)`.

    The optimizer is the one that the plan names, as in plain torch. If it names none, it is torch's
    AdamW, with torch's constants where the plan gives none, and weight decay acts on what the
    Trainer lets it act on: on no bias and no normalization. What TrainingArguments say about the
    optimizer and the rate does not count then: learning_rate, lr_scheduler_type, warmup_steps,
    weight_decay, optim, adam_beta1 and the like. `max_grad_norm` does: set it to 0 where the plan
    clips.

    Args:
        model: to be trained, on its device.
        plan: to follow; a schedule is one of the learning rate.
        groups: which parameter belongs to which group of the plan, as for `make_optimizer`.
    Returns:
        The optimizer and its scheduler, new for each run.
    Raises:
        TypeError, ValueError: if the plan or the groups do not fit.
    Example:
        >>> from glidepath import cosine
        >>> model = nn.Linear(2, 1)
        >>> optimizer, scheduler = optimizers(model, cosine(1e-3, 0.0).over(1000))
        >>> [group["decays"] for group in optimizer.param_groups]
        [True, False]
    """
    whole = as_plan(plan)
    if whole.optimizer is not None:
        optimizer = make_optimizer(whole, model, groups=groups)
    else:
        optimizer = _adamw(model, whole, groups)
    return optimizer, PlanScheduler(optimizer, plan)


def _adamw(model: nn.Module, plan: Plan, groups: Groups | None) -> torch.optim.Optimizer:
    dicts = list(_dicts(model, plan, groups))
    optimizer = torch.optim.AdamW(dicts, lr=ANY_RATE)
    if "clip" in plan:
        for group in optimizer.param_groups:
            group["clip"] = plan["clip"](0)
        clip_before_updates(optimizer)
    return optimizer


def _dicts(model: nn.Module, plan: Plan, groups: Groups | None) -> Iterator[dict[str, Any]]:
    """The parameter groups of each group of the plan: what decays, and what does not."""
    # Without a Trainer, for the rule asks it nothing.
    decaying = set(Trainer.get_decay_parameter_names(None, model))
    named = model.named_parameters(remove_duplicate=False)
    ids = {id(parameter) for name, parameter in named if name in decaying}
    for group, inside in trained_by_group(model, plan.groups, groups).items():
        decays = [one for one in inside if id(one) in ids]
        if decays:
            yield {"params": decays, "name": group, "decays": True}
        if len(decays) < len(inside):
            rest = [one for one in inside if id(one) not in ids]
            yield {"params": rest, "decays": False} | without_decay(group)
