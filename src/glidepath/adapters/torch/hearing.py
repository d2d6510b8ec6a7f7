"""What a trainer's evaluations tell a plan that listens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glidepath.adapters.torch.scheduler import PlanScheduler
from glidepath.plan.listener import listened


def hear(scheduler: PlanScheduler, measured: Mapping[str, Any]) -> bool:
    """Tell a scheduler's plan what an evaluation has measured after the updates so far.

    An evaluation before the first update says nothing about any. Of several after the same update
    the first counts: trainers evaluate again at the end of an epoch, or of a run.

    Args:
        scheduler: whose plan listens.
        measured: metrics by name, of which only those that the plan listens to are kept.
    Returns:
        Whether the plan has heard any of them, now or before.
    Raises:
        RuntimeError: if the plan listens to two evaluations after the same update.
    """
    found = {name: float(measured[name]) for name in listened(scheduler.plan) if name in measured}
    if not found or not scheduler.last_epoch:
        return bool(found)
    heard = scheduler.heard
    if not heard or heard[-1][0] != scheduler.last_epoch:
        scheduler.hear(found)
        return True
    late = sorted(set(found) - set(heard[-1][1]))
    if late:
        raise RuntimeError(
            f"the plan has heard {', '.join(heard[-1][1])} after update {scheduler.last_epoch - 1}"
            f", and now {', '.join(late)} come from another evaluation after the same one: a plan "
            "can listen to one evaluation alone"
        )
    return True
