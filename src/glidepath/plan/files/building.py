"""From the plain tables of a file to the values that they stand for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, get_type_hints

from glidepath.plan.algebra import OPERATIONS, Segment, Term
from glidepath.plan.duration import Duration
from glidepath.plan.files.keys import keys_of
from glidepath.plan.files.lines import Path
from glidepath.plan.groups import Scaled
from glidepath.plan.optimizer import Optimizer, algorithm_of, check_constant
from glidepath.plan.plateau import Plateau
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import SHAPES, Shape

Placed = Callable[[Path], AbstractContextManager[None]]
"""What tells where in the file an error inside comes from."""

CLOCK = ("for", "at", "per")
NUMBER, GROUPS = "number", "groups"


def tag_of(value: Any) -> str:
    """Which kind of value this is: a number, a shape's or an operation's name, or groups."""
    if not isinstance(value, dict):
        return NUMBER
    if "shape" in value:
        return str(value["shape"]) if value["shape"] in SHAPES else f"shape {value['shape']}"
    return next((name for name in (*OPERATIONS, Scaled.name) if name in value), GROUPS)


def build_value(table: Any, path: Path, placed: Placed) -> Any:
    """What stands for a quantity: a number, a shape, a schedule, or these by group."""
    tag = tag_of(table)
    if tag == NUMBER:
        return table
    if tag == GROUPS:
        return {group: build_value(one, (*path, group), placed) for group, one in table.items()}
    if tag == Scaled.name:
        return _build_named(Scaled, table, path, placed)
    if tag in SHAPES and "for" not in table:
        return _build_shape(table, path, placed)
    return Schedule(build_term(table, path, placed))


def build_term(table: Any, path: Path, placed: Placed) -> Term:
    """What stands inside an operation, which needs a length of its own."""
    with placed(path):
        if not isinstance(table, dict):
            raise ValueError(f"expected a shape with a length or an operation, got {table!r}")
        if "shape" in table:
            shape = _build_shape({k: v for k, v in table.items() if k not in CLOCK}, path, placed)
            if "for" not in table:
                raise ValueError('needs a length of its own here, such as `for = "10 epochs"`')
            clock = {key: table[key] for key in ("at", "per") if key in table}
            return Segment(shape, Duration.of(table["for"]), **clock)
        made = next((made for name, made in OPERATIONS.items() if name in table), None)
        if made is None:
            raise ValueError(f"expected a shape or an operation, one of {', '.join(OPERATIONS)}")
        term = _build_named(made, table, path, placed)
        assert isinstance(term, Term)
        return term


def build_condition(table: dict[str, Any], path: Path, placed: Placed) -> Plateau:
    """What stands for `until` and `on`."""
    condition = _build_named(Plateau, table, path, placed)
    assert isinstance(condition, Plateau)
    return condition


def build_optimizer(table: Any, placed: Placed) -> Optimizer | None:
    """What stands under `optimizer`, each constant checked where it stands."""
    path: Path = ("optimizer",)
    if table is None:
        return None
    with placed(path):
        if not isinstance(table, dict) or "name" not in table:
            raise ValueError(f'expected a table such as {{ name = "adamw", beta2 = 0.95 }}, '
                             f"got {table!r}")  # fmt: skip
    constants = dict(table)
    with placed((*path, "name")):
        algorithm = algorithm_of(constants.pop("name"))
    for name, value in constants.items():
        with placed((*path, name)):
            check_constant(algorithm, name, value)
    return Optimizer(**table)


def _build_shape(table: dict[str, Any], path: Path, placed: Placed) -> Shape:
    made = SHAPES[table["shape"]]
    with placed(path):
        for key in ("at", "per"):
            if key in table:
                raise ValueError(
                    f"`{key}` belongs to the phase, beside its `for`, and holds for all of its "
                    "quantities"
                )
        return made(**_arguments(made, table, path, placed))


def _build_named(made: Any, table: dict[str, Any], path: Path, placed: Placed) -> Any:
    """An operation, whose first field stands under its name."""
    with placed(path):
        return made(**_arguments(made, table, path, placed))


def _arguments(made: type, table: dict[str, Any], path: Path, placed: Placed) -> dict[str, Any]:
    """The arguments of a class, from the keys of a table."""
    hints = get_type_hints(made)
    return {
        name: _argument(hints[name], table[key], (*path, key), placed)
        for key, name in keys_of(made).items()
        if key in table
    }


def _argument(hint: Any, value: Any, path: Path, placed: Placed) -> Any:
    if hint is Term:
        return build_term(value, path, placed)
    if hint is Plateau:
        return build_condition(value, path, placed)
    if hint in (Duration, Duration | None):
        with placed(path):
            return Duration.of(value)
    if getattr(hint, "__origin__", None) is tuple and hint.__args__[0] is not int:
        are_numbers = hint.__args__[0] is not Term
        return tuple(
            one if are_numbers and not isinstance(one, dict)
            else build_term(one, (*path, i), placed)
            for i, one in enumerate(value)
        )  # fmt: skip
    return tuple(value) if isinstance(value, list) else value
