"""What an update, or many, did to a model's arrays: which moved, how far, and why some did not."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, final

from glidepath.diagnosis.finding import Finding
from glidepath.diagnosis.listing import counted, listed
from glidepath.diagnosis.movement.array_movement import STATES, ArrayMovement, compared
from glidepath.diagnosis.movement.holding import Holding, holding
from glidepath.diagnosis.movement.matching import matched, without_buffers
from glidepath.diagnosis.movement.snapshot import (
    Parameter,
    is_keras_model,
    is_torch_module,
    parameters_of,
)
from glidepath.diagnosis.movement.stillness import CAUSES, NEGLIGIBLE, Clues, cause_of, is_short
from glidepath.record.arrays import is_torch

GUESSED = ("update-never-applied", "unapplied-or-rounded", "rounded-away")
"""Causes that are what is left, and may be another: a step at a rate of 0 leaves no trace."""
MOST_ROWS = 40
"""Of the printed table; those that stand still come first."""


@final
@dataclass(frozen=True)
class Movement:
    """What happened to all arrays; print it.

    Attributes:
        arrays: in the model's order.
        facts: what else was known: the rate, and updates that the optimizer has counted.
    """

    arrays: tuple[ArrayMovement, ...]
    facts: dict[str, Any] = field(default_factory=dict)

    def names(self, state: str) -> tuple[str, ...]:
        """The arrays in a state, such as "still".

        Raises:
            ValueError: if there is no such state.
        """
        if state not in STATES:
            raise ValueError(f"`state` must be one of {', '.join(STATES)}, got {state!r}")
        return tuple(one.name for one in self.arrays if one.state == state)

    def findings(self) -> list[Finding]:
        """What is wrong, one finding for each cause; empty where nothing is."""
        still = [one for one in self.arrays if one.state == "still"]
        if still:
            by_cause = {name: [one for one in still if one.cause == name] for name in CAUSES}
            return [self._finding(name, found) for name, found in by_cause.items() if found]
        others = [one for one in self.arrays if one.state != "idle" and one.is_number]
        if others and all(one.state == "frozen" for one in others):
            return [self._finding("frozen", others)]
        if others and all(one.state in ("frozen", "without gradient") for one in others):
            return [self._finding("no-gradient", others)]
        return []

    def _finding(self, name: str, arrays: list[ArrayMovement]) -> Finding:
        cause, total = CAUSES[name], len(self.arrays)
        gradients = [one.gradient_norm for one in arrays if one.gradient_norm is not None]
        is_all = not any(one.has_moved for one in self.arrays if one.is_trained)
        is_seen = bool(gradients) or name == "frozen"
        is_sure = is_all and (name not in GUESSED or self.facts.get("num_updates") == 0)
        names = tuple(one.name for one in arrays)
        told = {"cause": name, "num_arrays": total, "gradient_norms": gradients}
        return Finding(
            "never-moved",
            "error" if is_all else "warning" if is_seen else "note",
            ("certain" if is_sure else "likely") if is_seen else "possible",
            None,
            f"{len(arrays):,} of {counted(total)} bit for bit as before, {_with(gradients)}: "
            f"{cause.says} ({listed(names)})",
            cause.why,
            cause.tries,
            names,
            told | self.facts,
        )

    def __str__(self) -> str:
        return "\n".join([*self._verdict(), "", *_table(self.arrays)])

    def _verdict(self) -> Iterator[str]:
        findings = self.findings()
        for finding in findings:
            yield f"{finding.level}, {finding.sure}: {finding.what}"
            yield f"  why: {finding.why}"
            yield from (f"  try: {one}" for one in finding.tries)
        if not findings and not any(one.is_number for one in self.arrays):
            yield "Nothing here is trained by gradients: whole numbers, or arrays of no elements."
        elif not findings:
            yield f"All is well: {counted(len(self.names('moved')))} moved."


def moved(
    before: Any,
    after: Any,
    grads: Any = None,
    *,
    updates: Any = None,
    optimizer: Any = None,
    rate: float | None = None,
    idle: Iterable[str] = (),
) -> Movement:
    """Whether updates have moved a model's arrays, and if not, why.

    An array has moved if any of its bits is another. One that has not, though its gradient is not
    0, is "still", and the cause is told as far as the arguments allow.

    Args:
        before: arrays before the update: a `snapshot` of the model, a tree of arrays that nothing
            changes in place, or what Keras' `get_weights` gave.
        after: the model now: a torch module, a Keras model, or a tree of arrays.
        grads: of the last update, like the model; those of a torch module are found by themselves.
        updates: what the optimizer made of them, to be added; like the model.
        optimizer: of torch or Keras: what it holds is told by identity.
        rate: the learning rate, where the optimizer does not say.
        idle: names of arrays that are known to have no gradient.
    Returns:
        What happened to each array; print it, or see `findings`.
    Raises:
        TypeError: if `before` is the live model itself, or an argument is none of these.
        ValueError: if the arrays are others, or share memory, or the rate is negative.
    Example:
        >>> import numpy as np
        >>> before, after = {"w": np.ones(2), "b": np.zeros(1)}, {"w": np.ones(2), "b": np.ones(1)}
        >>> movement = moved(before, after, {"w": np.ones(2), "b": np.ones(1)})
        >>> movement.names("moved"), movement.names("still")
        (('b',), ('w',))
    """
    _refuse_live(before)
    _check_rate(rate)
    parameters = parameters_of(after)
    known_idle = _idle(idle, parameters)
    first = matched("before", without_buffers(before, after, parameters), parameters)
    gradients, changes = _gradients(grads, parameters), _each("updates", updates, parameters)
    found = [
        compared(name, array, parameters[name], gradients[name], changes[name],
                 is_idle=name in known_idle)
        for name, array in first.items() if array is not None
    ]  # fmt: skip
    holds = holding(optimizer, parameters)
    found = _without_rounding(found)
    others_move = any(one.has_moved for one in found if one.is_trained)
    arrays = tuple(_explained(one, holds, rate, others_move) for one in found)
    facts = {"rate": rate, "num_updates": holds.num_updates}
    return Movement(arrays, {key: value for key, value in facts.items() if value is not None})


def _refuse_live(before: Any) -> None:
    if is_torch_module(before) or is_keras_model(before):
        raise TypeError(
            "`before` is a live model, which updates change in place, so that it is the same as "
            "`after`: take `before = snapshot(model)` before the update, or "
            "{name: one.detach().clone() for name, one in model.named_parameters()}"
        )


def _check_rate(rate: float | None) -> None:
    if rate is not None and not (math.isfinite(rate) and rate >= 0):
        raise ValueError(f"`rate` must be a number from 0, got {rate!r}")


def _idle(idle: Iterable[str], parameters: dict[str, Parameter]) -> set[str]:
    names = set(idle)
    if unknown := sorted(names - set(parameters)):
        raise ValueError(
            f"`idle` has {unknown[0]!r}, and `after` has no such array; it has "
            f"{listed(list(parameters))}"
        )
    return names


def _gradients(grads: Any, parameters: dict[str, Parameter]) -> dict[str, Any]:
    if grads is not None:
        return _each("grads", grads, parameters)
    own = {
        name: one.array.grad
        for name, one in parameters.items()
        if is_torch(one.array) and one.array.is_leaf
    }
    return _each("grads", own if any(one is not None for one in own.values()) else None, parameters)


def _each(argument: str, tree: Any, parameters: dict[str, Parameter]) -> dict[str, Any]:
    """An array for each; 0 for one that the tree lacks, None for all where there is no tree."""
    if tree is None:
        return dict.fromkeys(parameters)
    found = matched(argument, tree, parameters, may_lack=True)
    return {name: 0.0 if array is None else array for name, array in found.items()}


def _without_rounding(arrays: list[ArrayMovement]) -> list[ArrayMovement]:
    """Arrays that stand still by a gradient that is nothing but rounding have none."""
    largest = max((one.gradient_size for one in arrays), default=0.0)
    return [
        replace(one, state="without gradient")
        if one.state == "still"
        and one.gradient_norm is not None
        and one.gradient_size < NEGLIGIBLE * largest
        else one
        for one in arrays
    ]


def _explained(
    one: ArrayMovement, holds: Holding, rate: float | None, others_move: bool
) -> ArrayMovement:
    """With its cause, if it is still."""
    if one.state != "still":
        return one
    # The optimizer counts from its beginning, and nobody knows how many of these lie in between.
    is_telling = holds.num_updates == 0 or is_short(one.dtype)
    clues = Clues(
        rate=holds.rates.get(one.name) if rate is None else rate,
        is_held=None if holds.names is None else one.name in holds.names,
        num_updates=holds.num_updates if is_telling else None,
        update_norm=one.update_norm,
        norm=one.norm,
        dtype=one.dtype,
        others_move=others_move,
    )
    return replace(one, cause=cause_of(clues))


def _with(gradients: list[float]) -> str:
    """Which gradients they had, in words."""
    if not gradients:
        return "with gradients unknown"
    if not any(gradients):
        return "without a gradient"
    if len(gradients) == 1:
        return f"with a gradient of norm {gradients[0]:.3g}"
    return f"with gradients of norms {min(gradients):.3g} to {max(gradients):.3g}"


def _table(arrays: tuple[ArrayMovement, ...]) -> Iterator[str]:
    """A line for each, those that did not move first."""
    rows = sorted(arrays, key=lambda one: STATES.index(one.state))[:MOST_ROWS]
    width = max(len(one.name) for one in rows)
    yield f"{'array':{width}}  {'moved by':>10}  {'relative':>10}  {'gradient':>10}  state"
    for one in rows:
        gradient = "unknown" if one.gradient_norm is None else f"{one.gradient_norm:.3g}"
        cause = "" if one.cause is None else f": {one.cause}"
        yield (
            f"{one.name:{width}}  {one.distance:10.3g}  {one.relative:10.3g}  {gradient:>10}  "
            f"{one.state}{cause}"
        )
    if len(arrays) > MOST_ROWS:
        yield f"and {len(arrays) - MOST_ROWS:,} more"
