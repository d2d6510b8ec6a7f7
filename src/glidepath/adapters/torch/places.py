"""Where in a torch optimizer each number of a plan goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch.optim import Optimizer

from glidepath.plan import Plan, Schedule
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
            self.others.append(_Tensor(number))
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
                raise RuntimeError(self._changed(other.group[other.name]))

    def _check_replaced(self, group: Group, name: str) -> None:
        found = group[name]
        if isinstance(found, torch.Tensor):  # made one since, to be compiled
            self.places = [one for one in self.places if one[0] is not group]
            self.others.append(_Tensor(found))
        elif found != self.last:
            raise RuntimeError(self._changed(found))

    def _changed(self, found: object) -> str:
        return (
            f"the plan gave `{self.key}` {self.last}, and now it is {found}: something else "
            "changes it. If it is another scheduler, multiply the schedules, "
            '`plan["lr"] * read(other)`; if it is a checkpoint, load the state of this '
            "scheduler, too; if it was you, `plan.branch` makes it part of the plan"
        )

    def set(self, step: int) -> None:
        """Put the value of a step everywhere."""
        self.last = value = self.schedule(step)
        for group, name in self.places:
            group[name] = value
        for other in self.others:
            other.set(value)


class _Tensor:
    """A tensor, which is filled in place, for compiled code holds on to it."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self.tensor = tensor

    def differs(self, last: float | None) -> bool:  # noqa: ARG002
        """Nobody looks, for that would wait for the device."""
        return False

    def set(self, value: float) -> None:
        self.tensor.fill_(value)


class _InPair:
    """A number that is one of a pair, as beta2 is of `betas`."""

    def __init__(self, group: Group, name: str, which: int) -> None:
        self.group, self.name, self.which = group, name, which

    def differs(self, last: float | None) -> bool:
        """Whether something else has changed it."""
        return bool(self.group[self.name][self.which] != last)

    def set(self, value: float) -> None:
        pair = list(self.group[self.name])
        pair[self.which] = value
        self.group[self.name] = tuple(pair)


def followed(plan: Plan, optimizer: Optimizer) -> list[Followed]:
    """Every number of an optimizer that a plan gives values to, by the plan's keys.

    Raises:
        ValueError: naming a quantity that the optimizer lacks, or has as several numbers.
    """
    _mark_what_decays(plan, optimizer)
    found: dict[str, Followed] = {}
    for quantity in sorted(set(map(quantity_of, plan.names))):
        places = list(_places(quantity, optimizer))
        if not places and quantity in ("lr", *OPTIMIZERS_OWN):
            raise ValueError(
                f"the plan has `{quantity}`, and {type(optimizer).__name__} has none; it has "
                f"{', '.join(sorted(optimizer.defaults))}"
            )
        for group, name, which in places:
            key = key_of(plan, quantity, group)
            if key is not None:
                found.setdefault(key, Followed(key, plan[key])).add(group, name, which)
    return list(found.values())


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
        name, which = _name_of(quantity, group, optimizer)
        if name not in group or (quantity == "weight_decay" and not group["decays"]):
            continue
        if which is None and isinstance(group[name], tuple | list):
            raise ValueError(
                f"`{name}` of {type(optimizer).__name__} is {group[name]}, and the plan gives one "
                "number: leave it out of the plan"
            )
        yield group, name, which


def _name_of(quantity: str, group: Group, optimizer: Optimizer) -> tuple[str, int | None]:
    if quantity == "beta2" and isinstance(optimizer, torch.optim.RMSprop):
        return "alpha", None
    if quantity in ("beta1", "beta2") and quantity not in group:
        return "betas", int(quantity[-1]) - 1
    return quantity, None


def _mark_what_decays(plan: Plan, optimizer: Optimizer) -> None:
    """Leave weight decay at 0 in a group that has 0 while another has not: biases and norms.

    The mark, `decays`, stays in the group, and goes into the optimizer's saved state.
    """
    if "weight_decay" not in map(quantity_of, plan.names):
        return
    groups = [group for group in optimizer.param_groups if "weight_decay" in group]
    any_decays = any(float(group["weight_decay"]) != 0 for group in groups)
    for group in groups:
        group.setdefault("decays", float(group["weight_decay"]) != 0 or not any_decays)


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
