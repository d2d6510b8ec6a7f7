"""Where in a torch optimizer each number of a plan goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.optim import Optimizer

from glidepath.adapters.optimizers import TABLE
from glidepath.plan import Plan, Schedule, constant
from glidepath.plan.optimizer import OPTIMIZERS_OWN
from glidepath.plan.values import quantity_of

Group = dict[str, Any]
"""A parameter group's dictionary."""


class Followed:
    """The numbers in an optimizer that follow one key of a plan.

    Attributes:
        key: such as `lr` or `lr.backbone`.
        places: pairs of a parameter group's dictionary and a name in it.
        others: tensors, and numbers that are one of a pair.
        last: what was put there.
    """

    __slots__ = ("key", "last", "others", "places", "schedule")

    def __init__(self, key: str, schedule: Schedule) -> None:
        self.key, self.schedule = key, schedule
        self.places: list[tuple[Group, str]] = []
        self.others: list[_Tensor | _InPair] = []
        self.last: float | None = None

    def add(self, group: Group, name: str, which: int | None) -> None:
        """Take in one more number."""
        number = group[name] if which is None else group[name][which]
        if isinstance(number, torch.Tensor):
            self.others.append(_Tensor(group, name, which))
        elif which is None:
            self.places.append((group, name))
        else:
            self.others.append(_InPair(group, name, which))

    def expect(self, step: int) -> None:
        """Take it that the value of a step is everywhere already."""
        self.last = self.schedule(step)

    def check(self) -> None:
        """Refuse to go on where something else has changed a number.

        Raises:
            RuntimeError: if one is not what it was set to.
        """
        last = self.last
        for group, name in self.places:
            if group[name] is not last:
                self._check_replaced(group, name)
        for other in self.others:
            if other.differs(last):
                raise RuntimeError(self._changed(other.found()))

    def _check_replaced(self, group: Group, name: str) -> None:
        found = group[name]
        if isinstance(found, torch.Tensor):  # made one since, to be compiled
            self.places = [one for one in self.places if one[0] is not group]
            self.others.append(_Tensor(group, name, None))
        elif found != self.last:
            raise RuntimeError(self._changed(found))

    def _changed(self, found: object) -> str:
        return (
            f"the plan gave `{self.key}` {self.last}, and now it is {found}: something else "
            "changes it. If it is another scheduler, multiply the schedules, "
            '`plan["lr"] * read(other)`; if it is a checkpoint, load the state of this '
            "scheduler, too; if it was you, `plan.branch` makes it part of the plan"
        )

    def move(self, step: int) -> None:
        """Check, and put the value of a step everywhere.

        Raises:
            RuntimeError: as `check`.
        """
        if self.others or len(self.places) > 1:
            self.check()
            self.set(step)
            return
        ((group, name),) = self.places
        if group[name] is not self.last:
            self._check_replaced(group, name)
        self.set(step)

    def set(self, step: int) -> None:
        """Put the value of a step everywhere."""
        self.last = value = self.schedule(step)
        for group, name in self.places:
            group[name] = value
        for other in self.others:
            other.set(value)


class _Number:
    """A number in a parameter group that is a tensor, or one of a pair, as beta2 is of `betas`."""

    def __init__(self, group: Group, name: str, which: int | None) -> None:
        self.group, self.name, self.which = group, name, which

    def found(self) -> Any:
        """What stands there now."""
        value = self.group[self.name]
        return value if self.which is None else value[self.which]


class _Tensor(_Number):
    """A tensor, which is filled in place, for compiled code holds on to it.

    Whether something else has filled it is seen by torch's count of that, for to look at its value
    would be to wait for the device.
    """

    def __init__(self, group: Group, name: str, which: int | None) -> None:
        super().__init__(group, name, which)
        self.tensor = self.found()
        self.version: int | None = None

    def differs(self, last: float | None) -> bool:
        """Whether something else has filled or replaced it, and with another number."""
        found = self.found()
        if found is self.tensor and found._version == self.version:
            return False
        return last is None or bool(found != torch.tensor(last, dtype=self.tensor.dtype))

    def set(self, value: float) -> None:
        """Fill it."""
        self.tensor.fill_(value)
        self.version = self.tensor._version


class _InPair(_Number):
    """A number that is one of a pair."""

    def differs(self, last: float | None) -> bool:
        """Whether something else has changed it."""
        return bool(self.found() != last)

    def set(self, value: float) -> None:
        """Put it into a new pair."""
        pair = list(self.group[self.name])
        pair[self.which] = value
        self.group[self.name] = tuple(pair)


def followed(plan: Plan, optimizer: Optimizer) -> list[Followed]:
    """Every number of an optimizer that a plan gives values to, by the plan's keys.

    Raises:
        ValueError: naming a quantity that the optimizer lacks, or has as several numbers.
    """
    constants = constants_of(plan)
    if "weight_decay" in {*map(quantity_of, plan.names), *constants}:
        _mark_what_decays(optimizer)
    found: dict[str, Followed] = {}
    for quantity in sorted({*map(quantity_of, plan.names), *constants}):
        places = list(_places(quantity, optimizer))
        if not places and quantity in ("lr", *OPTIMIZERS_OWN):
            raise ValueError(
                f"the plan has `{quantity}`, and {type(optimizer).__name__} has none; it has "
                f"{', '.join(sorted(optimizer.defaults))}"
            )
        for group, name, which in places:
            key = quantity if quantity in constants else key_of(plan, quantity, group)
            if key is not None:
                schedule = constants[key] if key in constants else plan[key]
                found.setdefault(key, Followed(key, schedule)).add(group, name, which)
    return list(found.values())


def constants_of(plan: Plan) -> dict[str, Schedule]:
    """What holds throughout in the optimizer that a plan names, as schedules."""
    if plan.optimizer is None:
        return {}
    given = plan.optimizer.settings()
    numbers = {name: given[name] for name in (*OPTIMIZERS_OWN, "clip") if given.get(name)}
    held = (name for name in numbers if name not in map(quantity_of, plan.names))
    return {name: constant(numbers[name]).over(1) for name in held}


def key_of(plan: Plan, quantity: str, group: Group) -> str | None:
    """The plan's key for a quantity in a parameter group; None where it says nothing about it."""
    own = f"{quantity}.{group_in(group)}"
    return next((key for key in (own, quantity) if key in plan), None)


def group_in(group: Group) -> str | None:
    """The name of the plan's group that a parameter group says that it belongs to."""
    return group.get("follows", group.get("name"))


def _places(quantity: str, optimizer: Optimizer) -> Iterator[tuple[Group, str, int | None]]:
    """The groups that have a quantity, its name there, and its place in a pair."""
    for group in optimizer.param_groups:
        name, which = name_of(quantity, group, optimizer)
        if name not in group or (quantity == "weight_decay" and not group["decays"]):
            continue
        if which is None and isinstance(group[name], tuple | list):
            raise ValueError(
                f"`{name}` of {type(optimizer).__name__} is {group[name]}, and the plan gives one "
                "number: leave it out of the plan"
            )
        yield group, name, which


def name_of(quantity: str, group: Group, optimizer: Optimizer) -> tuple[str, int | None]:
    """What a parameter group calls a quantity, and its place where that is a pair."""
    if quantity == "beta2" and isinstance(optimizer, torch.optim.RMSprop):
        return "alpha", None
    if quantity in ("beta1", "beta2") and quantity not in group:
        return "betas", int(quantity[-1]) - 1
    return quantity, None


def _mark_what_decays(optimizer: Optimizer) -> None:
    """Leave weight decay at 0 in a group that has 0 while another has not: biases and norms.

    The mark, `decays`, stays in the group, and goes into the optimizer's saved state.
    """
    groups = [group for group in optimizer.param_groups if "weight_decay" in group]
    none_has_any = not any(float(group["weight_decay"]) for group in groups)
    elders: list[bool] = []
    for group in groups:
        decay = float(group["weight_decay"])
        # One that is added later has the optimizer's own number, if it was given none.
        as_made = bool(elders) and all(elders) and decay == optimizer.defaults["weight_decay"]
        elders.append(group.setdefault("decays", decay != 0 or none_has_any or as_made))


def check_kind(plan: Plan, optimizer: Optimizer) -> None:
    """Refuse an optimizer that does not use the plan's rate, or is not the one that it names.

    Raises:
        ValueError: naming it, and why.
    """
    if isinstance(optimizer, torch.optim.Rprop | torch.optim.ASGD):
        why = "makes its own after the first" if isinstance(optimizer, torch.optim.Rprop) else (
            "uses that of the update before"
        )  # fmt: skip
        raise ValueError(f"{type(optimizer).__name__} can't follow a rate: torch's {why}")
    row = TABLE[plan.optimizer.name] if plan.optimizer else None
    if row is None or row.torch is None:
        return
    kind = row.torch.load()
    if not isinstance(optimizer, kind):
        raise ValueError(
            f"the plan names its optimizer, {plan.optimizer.name}, and got "
            f"{type(optimizer).__name__}: make_optimizer(plan, model) makes it"
        )


def copied(rate: float | torch.Tensor) -> float | torch.Tensor:
    """A rate that stays as it is: a tensor may be filled later."""
    return rate.clone() if isinstance(rate, torch.Tensor) else rate


def check_rates(plan: Plan, optimizer: Optimizer) -> None:
    """Refuse parameter groups with rates of their own that would become one.

    Raises:
        ValueError: naming them.
    """
    rates: dict[str | None, list[float]] = {}
    for group in optimizer.param_groups:
        rates.setdefault(key_of(plan, "lr", group), []).append(float(group["lr"]))
    for key, found in rates.items():
        if key is not None and len(set(found)) > 1:
            raise ValueError(
                f"parameter groups that follow `{key}` have the rates {sorted(set(found))}, and "
                "the plan gives them one: let them be groups of the plan, such as "
                'lr={"default": ..., "backbone": scaled(0.1)}, or make them with the same rate'
            )


def check_groups(plan: Plan, optimizer: Optimizer, later: tuple[str, ...]) -> None:
    """Refuse a plan with a group that no parameter group is, or will be, named after.

    Raises:
        ValueError: naming it.
    """
    unknown = [name for name in later if name not in plan.groups]
    if unknown:
        raise ValueError(f"`later` has {unknown[0]!r}, which is no group of the plan")
    names = {group_in(group) for group in optimizer.param_groups}
    for name in plan.groups:
        if name not in names and name not in later:
            raise ValueError(
                f"the plan has a group {name!r}, and no parameter group is called so: call one "
                f'{{"params": ..., "name": {name!r}}}, or say later=[{name!r}] if it is added later'
            )
