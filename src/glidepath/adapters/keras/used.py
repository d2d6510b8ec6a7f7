"""The numbers that an update of Keras really uses."""

from __future__ import annotations

from collections.abc import Iterator

import keras
from keras.optimizers import Optimizer

from glidepath.adapters.keras.driving import driven_by
from glidepath.adapters.keras.places import ATTRIBUTES, group_of, rate_of
from glidepath.adapters.keras.schedule import PlanSchedule
from glidepath.plan import Plan, values


def planned_by(optimizers: list[Optimizer]) -> Plan | None:
    """The plan, with its events, that optimizers follow; None where none does."""
    for optimizer in optimizers:
        driven, rate = driven_by(optimizer), rate_of(optimizer)
        if driven is not None or rate is not None:
            return rate.plan if driven is None else driven.plan
    return None


def resting_rates(optimizers: list[Optimizer]) -> dict[int, float]:
    """Rates that are variables, by the place of their optimizer: what other callbacks may set."""
    rates = {i: one._learning_rate for i, one in enumerate(optimizers)}
    return {i: float(rate.value) for i, rate in rates.items() if isinstance(rate, keras.Variable)}


def used_values(
    plan: Plan | None,
    optimizers: list[Optimizer],
    step: int,
    batches: int,
    resting: dict[int, float],
) -> dict[str, float]:
    """What an update used, by the plan's keys; the first optimizer's rate at least.

    Args:
        plan: that the run follows, or None.
        optimizers: that update variables themselves.
        step: of the update.
        batches: taken in before its last one, which Keras asks a schedule with.
        resting: of `resting_rates`.
    """
    found: dict[str, float] = {}
    for name in plan.names if plan is not None else ():
        for number in _numbers(name, optimizers, step, batches, resting):
            found.setdefault(name, number)
    if "lr" not in map(values.quantity_of, found):
        rate = _rate(optimizers, 0, step, batches, resting)
        found |= {} if rate is None else {"lr": rate}
    return found


def _numbers(
    name: str, optimizers: list[Optimizer], step: int, batches: int, resting: dict[int, float]
) -> Iterator[float]:
    """A quantity in each optimizer that is for the group of the name."""
    quantity, group = values.quantity_of(name), values.group_of(name)
    for i, optimizer in enumerate(optimizers):
        if group_of(optimizer) != group:
            continue
        if quantity == "lr":
            number = _rate(optimizers, i, step, batches, resting)
        else:
            number = _setting(name, quantity, optimizer, step)
        if number is not None:
            yield number


def _rate(
    optimizers: list[Optimizer], i: int, step: int, batches: int, resting: dict[int, float]
) -> float | None:
    rate = optimizers[i]._learning_rate
    if isinstance(rate, PlanSchedule):
        return float(rate.plan[rate.quantity](step))
    if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule):
        return float(rate(batches))
    return resting.get(i)


def _setting(name: str, quantity: str, optimizer: Optimizer, step: int) -> float | None:
    """What stands in an attribute: of a plan that drives it, or as it was made."""
    driven = driven_by(optimizer)
    if driven is not None and name in driven.plan:
        return float(driven.plan[name](step))
    names = ATTRIBUTES.get(quantity, ())
    if quantity == "beta2" and isinstance(optimizer, keras.optimizers.RMSprop):
        names = ("rho",)
    found = next((getattr(optimizer, one) for one in names if hasattr(optimizer, one)), None)
    return float(found) if isinstance(found, int | float) else None
