"""An optimizer of Keras that follows a plan inside of its update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from keras.optimizers import Optimizer

from glidepath.adapters.keras.places import ASKED_IN_PYTHON, Place, places, rate_of, unwrapped
from glidepath.adapters.keras.present import present
from glidepath.adapters.keras.schedule import PlanSchedule
from glidepath.adapters.keras.value import value_at
from glidepath.plan import Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.plan.values import quantity_of


@final
class Driven:
    """An optimizer's `apply`, with a plan's values in its attributes while it runs.

    Keras reads `self.beta_1` and the like as it traces `apply`, so what stands there then is what
    compiled code uses: here a tensor, computed from the optimizer's own count of updates. Outside
    of `apply` they are the numbers that the optimizer was made with, and so what Keras saves.

    Attributes:
        plan: what it follows.
    """

    def __init__(self, optimizer: Optimizer, plan: Plan, found: Sequence[Place]) -> None:
        self.plan, self._optimizer = plan, optimizer
        self._resting = {place.attribute: place.resting for place in found}
        constants = {place.attribute: place.constant for place in found}
        self._constants = {name: one for name, one in constants.items() if one is not None}
        self._moving = {
            place.attribute: place.schedule
            for place in found
            if place.attribute not in self._constants
        }

    def __call__(self, grads: Any, trainable_variables: Any = None) -> None:
        """One update, or one more micro-batch."""
        optimizer = self._optimizer
        try:
            # Not by setattr, with which Keras tracks what an optimizer is made of.
            vars(optimizer).update(self._values())
            type(optimizer).apply(optimizer, grads, trainable_variables)
        finally:
            vars(optimizer).update(self._resting)

    def _values(self) -> dict[str, Any]:
        step = self._optimizer.iterations
        tensors = {one: value_at(one, step) for one in set(self._moving.values())}
        moving = {name: tensors[schedule] for name, schedule in self._moving.items()}
        asked = {name: present(moving[name]) for name in ASKED_IN_PYTHON if name in moving}
        return self._constants | moving | asked


def drive(optimizer: Optimizer, plan: Plan | Schedule) -> bool:
    """Let an optimizer follow a plan: weight decay, momentum, betas, epsilon, clipping.

    Each update, compiled or not, then uses the plan's values of its own step. Quantities that no
    optimizer has, such as `rollout`, are left to you. The rate has to follow the plan already, by
    a `PlanSchedule`. Compiled code that was made before has to be made again.

    Args:
        optimizer: of Keras; what loss scaling or a MultiOptimizer has inside follows, too.
        plan: what to follow.
    Returns:
        Whether it did not follow the plan before.
    Raises:
        TypeError: if an argument is neither.
        ValueError: naming a quantity that the optimizer lacks, or does not follow.
    Example:
        >>> import keras
        >>> from glidepath import Phase, Plan, linear
        >>> from glidepath.adapters.keras import PlanSchedule
        >>> plan = Plan(Phase("training", 10, lr=1.0, weight_decay=linear(0.5, 0.0)))
        >>> optimizer = keras.optimizers.AdamW(PlanSchedule(plan))
        >>> drive(optimizer, plan)
        True
        >>> weight = keras.Variable([1.0], trainable=False)
        >>> optimizer.apply([keras.ops.zeros(1)], [weight])
        >>> float(weight[0])
        0.5
    """
    plan = as_plan(plan)
    optimizers = unwrapped(optimizer)
    _check_rates(plan, optimizers)
    found = places(plan, optimizers)
    is_new = False
    for one in optimizers:
        driven = driven_by(one)
        if driven is None or driven.plan != plan:
            own = [place for place in found if place.optimizer is one]
            vars(one)["apply"] = Driven(one, plan, own)
            is_new = True
    return is_new


def driven_by(optimizer: Optimizer) -> Driven | None:
    """What drives an optimizer, if anything does."""
    apply = vars(optimizer).get("apply")
    return apply if isinstance(apply, Driven) else None


def _check_rates(plan: Plan, optimizers: Sequence[Optimizer]) -> None:
    """Refuse a plan with a rate that an optimizer does not follow.

    Raises:
        ValueError: with a way out.
    """
    has_rate = "lr" in map(quantity_of, plan.names)
    for optimizer in optimizers:
        rate = rate_of(optimizer)
        if rate is not None:
            _check_accumulation(optimizer, rate)
        elif has_rate:
            raise ValueError(
                f"the plan has `lr`, which {type(optimizer).__name__} does not follow: make it "
                "with learning_rate=PlanSchedule(plan)"
            )
        if has_rate and rate.plan != plan:
            raise ValueError(
                "the optimizer's rate follows another plan: give the same one to PlanSchedule. If "
                "only its events are more, it was saved by a run that listened: give what that "
                "heard, PlanCallback(plan, heard=...)"
            )


def _check_accumulation(optimizer: Optimizer, rate: PlanSchedule) -> None:
    steps = optimizer.gradient_accumulation_steps or 1
    if rate.gradient_accumulation_steps != steps:
        raise ValueError(
            f"the optimizer accumulates {steps} micro-batches, and its rate was told "
            f"{rate.gradient_accumulation_steps}: "
            f"PlanSchedule(plan, gradient_accumulation_steps={steps})"
        )
