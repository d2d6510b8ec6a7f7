"""What `configure_optimizers` returns."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer

from glidepath.adapters.torch.scheduler import PlanScheduler
from glidepath.plan import Plan, Schedule


def configure(optimizer: Optimizer, plan: Plan | Schedule) -> dict[str, Any]:
    """What `configure_optimizers` returns, for Lightning to follow a plan.

    The scheduler is called after every update, whatever `accumulate_grad_batches`; Lightning's own
    default is once an epoch, which the scheduler refuses. Its state is in Lightning's checkpoints,
    and `trainer.fit(model, ckpt_path=...)` goes on in the middle of an epoch, too.

    With manual optimization Lightning calls no scheduler. Return such a dictionary for each
    optimizer, and call each scheduler after the `step()` of its optimizer:

        optimizer, scheduler = self.optimizers(), self.lr_schedulers()
        self.manual_backward(loss)
        optimizer.step()
        scheduler.step()

    Where a step is skipped to accumulate gradients, the scheduler may be called or not: it counts
    updates.

    Args:
        optimizer: such as `make_optimizer(plan, self)`.
        plan: to follow; a schedule is one of the learning rate.
    Returns:
        For `configure_optimizers`: the optimizer, and a PlanScheduler for every update.
    Raises:
        TypeError, ValueError: as PlanScheduler, if the optimizer can't follow the plan.
    Example:
        >>> import torch
        >>> from glidepath import linear
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        >>> configure(optimizer, linear(0.5, 0.0).over(10))["lr_scheduler"]["interval"]
        'step'
    """
    scheduler = PlanScheduler(optimizer, plan)
    timing = {"interval": "step", "frequency": 1}
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler} | timing}
