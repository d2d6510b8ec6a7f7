"""What may stand in a plan's file, as pydantic models made from the registry of shapes.

This is the one module of the plan that needs more than the standard library; it is loaded when a
file is read.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Annotated, Any, Literal, Union, get_type_hints

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, create_model

from glidepath.plan.duration import Duration
from glidepath.plan.shapes import SHAPES, Shape

NUMBER = "number"
STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
Number = int | Annotated[float, Field(allow_inf_nan=False)]
Length = int | str


def _model_of(shape: type[Shape]) -> type[BaseModel]:
    """The table of one shape: its name, and its numbers under their keys in files."""
    hints = get_type_hints(shape)
    columns: dict[str, Any] = {"shape": (Literal[shape.name], ...)}
    for field in fields(shape):  # type: ignore[arg-type]
        kind = Length if hints[field.name] is Duration else Number
        default = ... if field.default is MISSING else field.default
        alias = field.metadata.get("key", field.name)
        columns[field.name] = (kind, Field(default, alias=alias))
    return create_model(shape.__name__, __config__=STRICT, **columns)


def _tag(value: Any) -> Any:
    """Which kind of value this is: a number, or the name of its shape."""
    return value.get("shape") if isinstance(value, dict) else NUMBER


_KINDS: list[Any] = [Annotated[Number, Tag(NUMBER)]]
_KINDS += [Annotated[_model_of(shape), Tag(name)] for name, shape in SHAPES.items()]
Value: Any = Annotated[Union[tuple(_KINDS)], Discriminator(_tag)]  # noqa: UP007 - made at run time


class HorizonTable(BaseModel):
    """`[horizon]`."""

    model_config = STRICT
    samples: int | None = None
    batch: int | None = None
    total_steps: int | None = None


class PhaseTable(BaseModel):
    """`[[phase]]`: what is not named here is a quantity."""

    model_config = STRICT | ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value] = Field(init=False)
    name: str
    duration: Length = Field(alias="for")
    at: str = "start"
    per: str = "step"


class PlanTable(BaseModel):
    """A whole file: what is not named here is a quantity."""

    model_config = STRICT | ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Value] = Field(init=False)
    version: Literal[1] = 1
    quantities: list[str] = []
    horizon: HorizonTable = HorizonTable()
    phase: list[PhaseTable]
