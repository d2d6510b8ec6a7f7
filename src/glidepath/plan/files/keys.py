"""The keys of a value's fields in files."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def key_of(field: Any) -> str:
    """The key of a dataclass field: its name, if its metadata has no other."""
    return str(field.metadata.get("key", field.name))


def keys_of(made: Any) -> dict[str, str]:
    """The names of a class' fields, or a value's, by their keys.

    The first field of an operation stands under the operation's own name.
    """
    from glidepath.plan.shapes import Shape

    first, *rest = fields(made)
    is_shape = isinstance(made, Shape) or (isinstance(made, type) and issubclass(made, Shape))
    key = key_of(first) if is_shape else str(made.name)
    return {key: first.name} | {key_of(one): one.name for one in rest}
