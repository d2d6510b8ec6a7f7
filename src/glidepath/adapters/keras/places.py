"""Where in a Keras optimizer each quantity of a plan goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import keras
from keras.optimizers import Optimizer

from glidepath.adapters.keras.schedule import PlanSchedule
from glidepath.plan import Plan, Schedule, values

ATTRIBUTES = {
    "weight_decay": ("weight_decay", "adam_weight_decay"),
    "momentum": ("momentum",),
    "beta1": ("beta_1", "adam_beta_1"),
    "beta2": ("beta_2", "adam_beta_2"),
    "eps": ("epsilon",),
    "clip": ("global_clipnorm",),
}
"""The attributes that a quantity has, in one optimizer or another; Muon's Adam has its own."""

ASKED_IN_PYTHON = ("momentum", "global_clipnorm")
"""Keras' Python code asks whether they are 0; see `present`."""


@dataclass(frozen=True)
class Place:
    """An attribute of an optimizer that follows a plan.

    Attributes:
        optimizer: one that updates variables itself.
        attribute: its name.
        schedule: what it follows.
        resting: what it is outside of an update, and what Keras saves.
    """

    optimizer: Optimizer
    attribute: str
    schedule: Schedule
    resting: float | None

    @property
    def constant(self) -> float | None:
        """The value, where it never changes; a plain number is then what Keras computes best."""
        low, high = self.schedule.term.extremes
        return float(self.schedule(0)) if low == high else None


def unwrapped(optimizer: Optimizer) -> list[Optimizer]:
    """The optimizers that update variables: inside of loss scaling, and of a MultiOptimizer.

    Raises:
        TypeError: if it is no optimizer of Keras.
        ValueError: if it has not made its optimizers yet.
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"`optimizer` must be one of Keras', got {optimizer!r}")
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return unwrapped(optimizer.inner_optimizer)
    inside = getattr(optimizer, "optimizers", [optimizer])
    if not inside:
        raise ValueError("build the optimizer first: `optimizer.build(model.trainable_variables)`")
    return list(inside)


def rate_of(optimizer: Optimizer) -> PlanSchedule | None:
    """The plan's rate in an optimizer; None where it has another."""
    # `optimizer.learning_rate` is its value; that of Keras' TensorBoard callback reads this, too.
    rate = optimizer._learning_rate
    return rate if isinstance(rate, PlanSchedule) else None


def group_of(optimizer: Optimizer) -> str:
    """The group of the plan that an optimizer is for, by its rate, or ""."""
    rate = rate_of(optimizer)
    return values.group_of(rate.quantity) if rate else ""


def places(plan: Plan, optimizers: Sequence[Optimizer]) -> list[Place]:
    """Every attribute that follows the plan.

    Raises:
        ValueError: naming a quantity that no optimizer has, or can't follow, or a group that none
            is for.
    """
    _check_groups(plan, optimizers)
    found: list[Place] = []
    for quantity in ATTRIBUTES:
        if quantity in map(values.quantity_of, plan.names):
            found += _of_quantity(plan, quantity, optimizers)
    for place in found:
        _check(place)
    if len(optimizers) > 1 and "clip" in plan:
        raise ValueError(
            "the plan has `clip`, the largest norm of all gradients together, and each optimizer "
            "in a MultiOptimizer clips its own: take it out of the plan"
        )
    return found


def _check_groups(plan: Plan, optimizers: Sequence[Optimizer]) -> None:
    """Refuse a plan with a group of its own values that no optimizer is for."""
    groups = {*map(values.group_of, plan.names)} - {""}
    for group in sorted(groups - set(map(group_of, optimizers))):
        raise ValueError(
            f"the plan has a group {group!r}, and no optimizer is for it: put one with "
            f'`PlanSchedule(plan, quantity="lr.{group}")` into a keras.optimizers.MultiOptimizer'
        )


def _of_quantity(plan: Plan, quantity: str, optimizers: Sequence[Optimizer]) -> list[Place]:
    found = [
        Place(optimizer, attribute, schedule, getattr(optimizer, attribute))
        for optimizer in optimizers
        for attribute in _attributes(quantity, optimizer)
        if (schedule := _schedule(plan, quantity, group_of(optimizer))) is not None
    ]
    if not found:
        names = ", ".join(sorted({type(optimizer).__name__ for optimizer in optimizers}))
        raise ValueError(
            f"the plan has `{quantity}`, and {names} has none: take it out of the plan, or take "
            "an optimizer that has it"
        )
    if quantity == "weight_decay" and any(place.resting for place in found):
        return [place for place in found if place.resting]  # the others are to stay without
    return found


def _attributes(quantity: str, optimizer: Optimizer) -> Iterator[str]:
    names = ATTRIBUTES[quantity]
    if quantity == "beta2" and isinstance(optimizer, keras.optimizers.RMSprop):
        names = ("rho",)
    return (name for name in names if hasattr(optimizer, name))


def _schedule(plan: Plan, quantity: str, group: str) -> Schedule | None:
    name = f"{quantity}.{group}" if group else quantity
    return plan[name] if name in plan or quantity in plan else None


def _check(place: Place) -> None:
    """Refuse what Keras would ignore.

    Raises:
        ValueError: with the reason and a way out.
    """
    name = type(place.optimizer).__name__
    if place.attribute == "momentum" and not place.resting and place.constant != 0:
        raise ValueError(
            f"the plan has `momentum`, and {name} was made without, so it keeps no buffers for "
            f"it: make it with momentum={place.schedule(0) or 0.9:g}; the plan gives the values"
        )
    other = next((n for n in ("clipnorm", "clipvalue") if getattr(place.optimizer, n)), None)
    if place.attribute == "global_clipnorm" and other:
        raise ValueError(
            f"the plan has `clip`, the largest global norm, and {name} was made with `{other}`, "
            "and Keras clips one way only: leave one of them out"
        )
