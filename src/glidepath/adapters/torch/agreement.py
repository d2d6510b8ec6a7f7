"""A trainer and its plan: that one follows the other, and that they begin and end together."""

from __future__ import annotations

from collections.abc import Iterable

from glidepath.adapters.torch.scheduler import PlanScheduler
from glidepath.plan import Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.plan.identity import identity


def following(schedulers: Iterable[object], plan: Plan | Schedule, way_out: str) -> PlanScheduler:
    """The scheduler among a trainer's that follows a plan.

    Args:
        schedulers: of the trainer, also inside of what accelerate puts around one.
        plan: as it was given to the scheduler.
        way_out: how to give it to the trainer.
    Raises:
        ValueError: if there is none.
    """
    inner = [one if isinstance(one, PlanScheduler) else getattr(one, "scheduler", one)
             for one in schedulers]  # fmt: skip
    ours = [one for one in inner if isinstance(one, PlanScheduler)]
    wanted = identity(as_plan(plan)).items()
    for one in ours:
        if wanted <= one.state_dict().items():
            return one
    if ours:
        raise ValueError(f"the trainer's PlanScheduler has another plan; {way_out}")
    found = ", ".join(type(one).__name__ for one in inner if one is not None)
    raise ValueError(f"the trainer has no PlanScheduler, but {found or 'none at all'}; {way_out}")


def check_begin(scheduler: PlanScheduler, updates_done: int, *, may_skip: bool = False) -> None:
    """Refuse a run that begins at another step than its plan does.

    Args:
        scheduler: whose plan it is.
        updates_done: by the trainer, so far.
        may_skip: whether the trainer also counts updates that were skipped, as those that float16
            makes overflow are.
    Raises:
        ValueError: if one is ahead of the other.
    """
    step = scheduler.last_epoch
    if step == updates_done or (may_skip and step < updates_done):
        return
    if step > updates_done:
        raise ValueError(
            f"the trainer begins at update {updates_done}, and the plan is at step {step} already: "
            "a new run needs a new optimizer and a new scheduler"
        )
    raise ValueError(
        f"the trainer goes on at update {updates_done}, and the plan is at step {step}: the "
        "scheduler's state was not loaded. If there is none, go there before you train: "
        f"scheduler.step({updates_done})"
    )


def check_end(given: Plan | Schedule, updates: float, way_out: str) -> None:
    """Refuse a run that ends before its plan does, or after it.

    A run may go on past the end of a schedule that is not in a plan, for many have none, and the
    last value holds. Phases that listen may end sooner.

    Args:
        given: what the run follows.
        updates: that the trainer will do, perhaps infinitely many.
        way_out: how to tell the trainer the right number; `{steps}` stands for it.
    Raises:
        ValueError: with both numbers.
    """
    is_plan = isinstance(given, Plan)
    steps = given.total_steps
    if steps is None or updates == steps or (updates > steps and not is_plan):
        return
    raise ValueError(
        f"the {'plan' if is_plan else 'schedule'} has {steps} updates, and the trainer would do "
        f"{updates}: {way_out.format(steps=steps)}, or say any_length=True to the PlanCallback if "
        "that is what you mean"
    )


def is_over(scheduler: PlanScheduler, given: Plan) -> bool:
    """Whether a plan has come to its end sooner than it was given, for a phase ended early."""
    return scheduler.last_epoch >= scheduler.plan.total_steps < given.total_steps
