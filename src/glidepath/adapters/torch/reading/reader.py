"""From a live scheduler to its schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch.optim import lr_scheduler as torchs

from glidepath.adapters.torch.cyclic_cosine import CyclicCosineDecayLR
from glidepath.adapters.torch.reading import leaves
from glidepath.adapters.torch.reading.chains import chained
from glidepath.adapters.torch.reading.cyclic import cyclic_lr, momentum_of_cyclic_lr
from glidepath.adapters.torch.reading.motion import Motion, Start
from glidepath.adapters.torch.reading.one_cycle import momentum_of_one_cycle_lr, one_cycle_lr
from glidepath.adapters.torch.reading.refusals import (
    refuse_momentum,
    refuse_plateau,
    refuse_unknown,
)
from glidepath.adapters.torch.reading.sequences import sequential
from glidepath.adapters.torch.scheduler import PlanScheduler
from glidepath.plan import Schedule
from glidepath.plan.numbers import count_from_0

SINGLE: dict[type, Callable[[Any, int], Motion]] = {
    torchs.StepLR: leaves.step_lr,
    torchs.MultiStepLR: leaves.multi_step_lr,
    torchs.ConstantLR: leaves.constant_lr,
    torchs.LinearLR: leaves.linear_lr,
    torchs.ExponentialLR: leaves.exponential_lr,
    torchs.PolynomialLR: leaves.polynomial_lr,
    torchs.CosineAnnealingLR: leaves.cosine_annealing_lr,
    torchs.CosineAnnealingWarmRestarts: leaves.warm_restarts,
    torchs.LambdaLR: leaves.lambda_lr,
    torchs.MultiplicativeLR: leaves.multiplicative_lr,
    torchs.CyclicLR: cyclic_lr,
    torchs.OneCycleLR: one_cycle_lr,
    torchs.ReduceLROnPlateau: refuse_plateau,
}
"""How each scheduler is read, by its exact type: a subclass may compute anything."""

COMPOSED: dict[type, Callable[..., Motion]] = {
    torchs.SequentialLR: sequential,
    torchs.ChainedScheduler: chained,
}
"""How those are that hold others."""

OURS: dict[type, Callable[[Any, int], Schedule]] = {
    PlanScheduler: lambda scheduler, group: scheduler.schedule_of(group),
    CyclicCosineDecayLR: lambda scheduler, group: scheduler.schedule_of(group),
}
"""glidepath's own, which have schedules already."""

MOMENTUM: dict[type, Callable[[Any, int], Schedule]] = {
    torchs.CyclicLR: momentum_of_cyclic_lr,
    torchs.OneCycleLR: momentum_of_one_cycle_lr,
}
"""How those are that move the momentum too."""


def read(scheduler: torchs.LRScheduler, *, group: int = 0, quantity: str = "lr") -> Schedule:
    """What a scheduler of torch, or of ours, computes: a Schedule that is equal at every step.

    It is the whole schedule, from the scheduler's constants and base rates, however often it has
    been stepped since, as if nothing else had moved the rate. Neither it nor its optimizer is
    changed. The schedule can be printed, drawn, checked, and, but for functions, saved as a file.
    Functions stand in it where torch has them (LambdaLR, MultiplicativeLR, CyclicLR's scale_fn),
    where a length is no whole number of steps (a OneCycleLR whose cosines meet between two steps),
    and where schedulers in a chain disturb each other, so that only the steps before tell the rate.

    Past the end of a OneCycleLR, where torch fails, its last value holds. The schedulers of a
    ChainedScheduler are taken to have been built in their order.

    Args:
        scheduler: one of torch's own, alone, in a SequentialLR or in a ChainedScheduler; or one of
            ours, alone.
        group: the index of the optimizer's parameter group.
        quantity: "lr"; or "momentum", which OneCycleLR and CyclicLR move too (beta1, where the
            optimizer has betas).
    Raises:
        TypeError: if it is none of torch's own, be it a subclass of one.
        ValueError: if it listens to the run, if torch itself fails on the way, or if there is no
            such group or quantity.
    Example:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        >>> warmup = torch.optim.lr_scheduler.LinearLR(optimizer, 0.25, total_iters=4)
        >>> decay = torch.optim.lr_scheduler.StepLR(optimizer, 30, gamma=0.5)
        >>> read(torch.optim.lr_scheduler.SequentialLR(optimizer, [warmup, decay], [4]))(34)
        0.05
    """
    if not any(type(scheduler) in known for known in (SINGLE, COMPOSED, OURS)):
        refuse_unknown(scheduler)
    _check_group(scheduler, group)
    if type(scheduler) in OURS and quantity == "lr":
        return OURS[type(scheduler)](scheduler, group)
    if quantity == "momentum":
        return _momentum(scheduler, group)
    if quantity != "lr":
        raise ValueError(f'`quantity` must be "lr" or "momentum", got {quantity!r}')
    motion = _motion(scheduler, group, 0)
    return motion.schedule(motion.base, Start.BUILT)


def _motion(scheduler: Any, group: int, depth: int) -> Motion:
    """How a scheduler moves the rate, with all that is inside it."""
    kind = type(scheduler)
    if kind in COMPOSED:
        return COMPOSED[kind](scheduler, group, depth, _motion)
    if kind not in SINGLE:
        refuse_unknown(scheduler)
    return SINGLE[kind](scheduler, group)


def _momentum(scheduler: Any, group: int) -> Schedule:
    if type(scheduler) not in MOMENTUM or not scheduler.cycle_momentum:
        refuse_momentum(scheduler)
    return MOMENTUM[type(scheduler)](scheduler, group)


def _check_group(scheduler: Any, group: int) -> None:
    groups = len(scheduler.optimizer.param_groups)
    if count_from_0("group", group) >= groups:
        raise ValueError(f"`group` must be below {groups}, for so many the optimizer has, "
                         f"got {group}")  # fmt: skip
