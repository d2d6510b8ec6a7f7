"""What may stand in a plan's file, as pydantic models made from the plan's own registries.

This is the one module of the plan that needs more than the standard library; it is loaded when a
file is read, or its schema is asked for.
"""

from __future__ import annotations

import math
from dataclasses import MISSING, fields
from typing import Annotated, Any, ForwardRef, Literal, Union, get_type_hints

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model
from typing_extensions import TypeAliasType

from glidepath.plan.algebra import OPERATIONS, Term
from glidepath.plan.algorithms import ALGORITHMS, Algorithm
from glidepath.plan.duration import Duration
from glidepath.plan.files.building import GROUPS, NUMBER, tag_of
from glidepath.plan.files.keys import key_of
from glidepath.plan.groups import Scaled
from glidepath.plan.horizon import Horizon
from glidepath.plan.optimizer_constants import Choice, Constant
from glidepath.plan.plateau import Plateau
from glidepath.plan.quantities import QUANTITIES
from glidepath.plan.shapes import SHAPES

STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
Number = int | Annotated[float, Field(allow_inf_nan=False)]
Length = Annotated[
    int | str,
    Field(description='An int is steps; or such as "10 epochs", "5M samples", "1B tokens", "20%".'),
]


class PlateauTable(BaseModel):
    """A condition: a metric that no longer improves."""

    model_config = STRICT
    plateau: str
    patience: int
    min_delta: Number = 0.0
    mode: Literal["min", "max"] = "min"
    cooldown: int = 0


def _kind(hint: Any) -> Any:
    """What stands in a file for a field of such a type."""
    if hint in (Duration, Duration | None):
        return Length
    if hint in (Term, "Term"):
        return "Value"
    if hint is Plateau:
        return PlateauTable
    if getattr(hint, "__origin__", None) is tuple:
        return list[int] if hint.__args__[0] is int else list[ForwardRef("Value")]  # type: ignore[misc]
    if hint in (bool, int | None):
        return hint
    return Number if hint in (float, float | int) else Number | None


def _columns(made: type, skip: str = "") -> dict[str, Any]:
    """The fields of a dataclass, under their keys in files."""
    hints = get_type_hints(made)
    columns: dict[str, Any] = {}
    for one in fields(made):
        if one.name != skip:
            default = ... if one.default is MISSING else one.default
            default = list(default) if isinstance(default, tuple) else default
            columns[one.name] = (
                _kind(hints[one.name]),
                Field(default, alias=key_of(one)),
            )
    return columns


def _shape_model(name: str) -> type[BaseModel]:
    """The table of one shape: its name, its numbers, and its length where it has one of its own."""
    clock: dict[str, Any] = {
        "duration": (Length | None, Field(None, alias="for")),
        "at": (Literal["start", "end"], "start"),
        "per": (Literal["step", "epoch"], "step"),
    }
    columns = {"shape": (Literal[name], ...)} | _columns(SHAPES[name]) | clock
    return create_model(SHAPES[name].__name__, __config__=STRICT, __doc__=SHAPES[name].maths,
                        **columns)  # fmt: skip


def _named_model(made: type, name: str) -> type[BaseModel]:
    """The table of an operation: its name with its first field, then the rest."""
    first = fields(made)[0].name
    kind = _kind(get_type_hints(made)[first])
    columns = {name: (kind, ...)} | _columns(made, skip=first)
    doc = (made.__doc__ or "").splitlines()[0]
    return create_model(made.__name__, __config__=STRICT, __doc__=doc, **columns)


_MODELS = {name: _shape_model(name) for name in SHAPES}
_MODELS |= {name: _named_model(made, name) for name, made in OPERATIONS.items()}
_MODELS |= {Scaled.name: _named_model(Scaled, Scaled.name)}
_KINDS: list[Any] = [Annotated[Number, Tag(NUMBER)]]
_KINDS += [Annotated[model, Tag(name)] for name, model in _MODELS.items()]
_ONE: Any = Annotated[Union[tuple(_KINDS)], Discriminator(tag_of)]  # noqa: UP007 - made at run time
Value: Any = TypeAliasType("Value", _ONE)
"""A number, a shape, or an operation on shapes."""

_NO_OPERATION: Any = {"propertyNames": {"not": {"enum": ["shape", *OPERATIONS, Scaled.name]}}}
_KINDS += [Annotated[dict[str, Value], Field(json_schema_extra=_NO_OPERATION), Tag(GROUPS)]]
_BY_GROUP: Any = Annotated[Union[tuple(_KINDS)], Discriminator(tag_of)]  # noqa: UP007
Groups: Any = TypeAliasType("Groups", _BY_GROUP)
"""A value, or one for each parameter group."""

HorizonTable = create_model(
    "Horizon",
    __config__=STRICT,
    **{one.name: (int | None, None) for one in fields(Horizon)},  # type: ignore[call-overload]
)
_QUANTITIES: dict[str, Any] = {
    name: (Groups | None, Field(None, description=quantity.meaning))
    for name, quantity in QUANTITIES.items()
}


def _constant(constant: Constant) -> Any:
    """What stands in a file for an optimizer's constant."""
    if isinstance(constant, Choice):
        return Literal[constant.choices]
    bounds: dict[str, Any] = {"gt" if constant.is_positive else "ge": 0}
    bounds |= {"lt": constant.below} if constant.below < math.inf else {}
    return Annotated[int, Field(**bounds)] | Annotated[float, Field(allow_inf_nan=False, **bounds)]


def _optimizer_model(algorithm: Algorithm) -> type[BaseModel]:
    """The table of one optimizer: its name, and its constants."""
    columns: dict[str, Any] = {"name": (Literal[algorithm.name], ...)}
    for name, one in algorithm.constants.items():
        kind = _constant(one) if one.default is not None else _constant(one) | None
        columns[name] = (kind, Field(one.default, description=one.meaning))
    return create_model(algorithm.name, __config__=STRICT, __doc__=algorithm.maths, **columns)


_OPTIMIZERS: Any = Union[tuple(map(_optimizer_model, ALGORITHMS.values()))]  # noqa: UP007 - made at run time


class EventTable(BaseModel):
    """`[[event]]`: what happened, and when."""

    model_config = STRICT
    step: int
    ends: str | None = None
    cuts: str | None = None
    branches: str | None = None


class _Phase(BaseModel):
    """`[[phase]]`: what is not named here is a quantity of one's own."""

    model_config = STRICT | ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Groups] = Field(init=False)
    name: str
    duration: Length = Field(alias="for")
    at: Literal["start", "end"] = "start"
    per: Literal["step", "epoch"] = "step"
    until: PlateauTable | None = None


PhaseTable = create_model("Phase", __base__=_Phase, **_QUANTITIES)


class _Plan(BaseModel):
    """A training plan: what changes while a model trains, and when."""

    model_config = STRICT | ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Groups] = Field(init=False)
    schema_address: str | None = Field(None, alias="$schema")
    version: Annotated[int, Field(ge=1, le=1)] = 1
    quantities: list[str] = []
    groups: list[str] = []
    horizon: HorizonTable = HorizonTable()  # type: ignore[valid-type]
    phase: Annotated[list[PhaseTable], Field(min_length=1)]  # type: ignore[valid-type]
    optimizer: Annotated[_OPTIMIZERS, Field(discriminator="name")] | None = None
    event: list[EventTable] = []


PlanTable = create_model("Plan", __base__=_Plan, **_QUANTITIES)

for _model in (*_MODELS.values(), PhaseTable, PlanTable):
    _model.model_rebuild(_types_namespace={"Value": Value, "Groups": Groups})


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a plan's file, for editors and other programs."""
    made = PlanTable.model_json_schema(by_alias=True)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "glidepath plan"
    return made
