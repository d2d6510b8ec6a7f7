"""A plan as plain dictionaries, lists, texts and numbers: what stands in its file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

from glidepath.plan.algebra import Segment, Term
from glidepath.plan.duration import Duration
from glidepath.plan.event import Event
from glidepath.plan.files.keys import key_of
from glidepath.plan.groups import DEFAULT, Scaled
from glidepath.plan.phase import Phase
from glidepath.plan.plateau import Plateau
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import Constant, Function, Shape
from glidepath.plan.values import Value, Values, by_quantity

if TYPE_CHECKING:
    from glidepath.plan.plan import Plan

VERSION = 1


def plan_table(plan: Plan) -> dict[str, Any]:
    """The whole plan.

    Raises:
        ValueError: if it has a function, which a file can't hold.
    """
    table: dict[str, Any] = {"version": VERSION}
    for name in ("quantities", "groups"):
        if getattr(plan, name):
            table[name] = list(getattr(plan, name))
    table |= _values_table(plan.values)
    if plan.horizon.given():
        table["horizon"] = plan.horizon.given()
    if plan.optimizer is not None:
        table["optimizer"] = plan.optimizer.as_table()
    table["phase"] = [_phase_table(phase) for phase in plan.phases]
    if plan.events:
        table["event"] = [_event_table(event) for event in plan.events]
    return table


def fingerprint(plan: Plan) -> str:
    """16 hexadecimal digits that equal plans share.

    Raises:
        ValueError: if it has a function.
    """
    table = plan_table(plan)
    del table["version"]  # of the file format, not of the plan
    text = json.dumps(_without_number_types(table), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _phase_table(phase: Phase) -> dict[str, Any]:
    table: dict[str, Any] = {"name": phase.name, "for": str(phase.duration)}
    table |= {"at": phase.at} if phase.at != "start" else {}
    table |= {"per": phase.per} if phase.per != "step" else {}
    table |= {"until": as_plain(phase.until)} if phase.until is not None else {}
    return table | _values_table(phase.values)


def _event_table(event: Event) -> dict[str, Any]:
    return {"step": event.step, event.kind: event.target}


def _values_table(values: Values) -> dict[str, Any]:
    """Values by quantity; those given by group as a table of groups."""
    plain = by_quantity((key, as_plain(value)) for key, value in values)
    return {
        name: groups[DEFAULT] if list(groups) == [DEFAULT] else groups
        for name, groups in plain.items()
    }


def as_plain(value: Value | Term | Plateau | Duration | float | str) -> Any:
    """A value as it stands in a file: a number, or a table with its name and numbers.

    Raises:
        ValueError: if there is a function in it.
    """
    if isinstance(value, Schedule):
        return as_plain(value.term)
    if isinstance(value, Segment):
        return _segment_table(value)
    if isinstance(value, Shape):
        return value.value if isinstance(value, Constant) else _shape_table(value)
    if isinstance(value, Term | Scaled | Plateau):
        return _named(value)
    if isinstance(value, tuple):
        return [as_plain(one) for one in value]
    return str(value) if isinstance(value, Duration) else value


def _shape_table(shape: Shape) -> dict[str, Any]:
    if isinstance(shape, Function):
        raise ValueError(
            f"{shape} can't be saved: a file holds no code. Use it in Python alone, or put a "
            "shape or piecewise_linear(...) in its place"
        )
    return {"shape": shape.name} | _numbers(shape)


def _segment_table(segment: Segment) -> dict[str, Any]:
    table = _shape_table(segment.shape) | {"for": str(segment.duration)}
    table |= {"at": segment.at} if segment.at != "start" else {}
    return table | ({"per": segment.per} if segment.per != "step" else {})


def _named(value: Any) -> dict[str, Any]:
    """A table whose first key is the name of what it is."""
    first = fields(value)[0].name
    return {value.name: as_plain(getattr(value, first))} | _numbers(value, skip=first)


def _numbers(value: Any, skip: str = "") -> dict[str, Any]:
    """The fields that are not what they are by default, under their keys in files."""
    return {
        key_of(one): as_plain(getattr(value, one.name))
        for one in fields(value)
        if one.name != skip and (one.default is MISSING or getattr(value, one.name) != one.default)
    }


def _without_number_types(value: Any) -> Any:
    """The same tree with 1 and 1.0 alike, for plans that compare equal."""
    if isinstance(value, dict):
        return {key: _without_number_types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_number_types(item) for item in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value).hex() if is_number else value
