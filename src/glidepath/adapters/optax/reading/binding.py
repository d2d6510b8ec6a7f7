"""Arguments of optax's constructors, bound by optax's own signatures."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from glidepath.adapters.needs import needs
from glidepath.plan.quantities import nearest

with needs("jax"):
    import optax


def bound(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Every argument of a constructor by its name, with optax's own order and defaults.

    Args:
        name: of the constructor.
        args: as given by position.
        kwargs: as given by name.
    Raises:
        TypeError: if one is missing, unknown, or too much.
    """
    signature = inspect.signature(getattr(optax.schedules, name))
    for key in kwargs:
        if key not in signature.parameters:
            hint = nearest(key, list(signature.parameters))
            raise TypeError(f"optax.{name} has no argument `{key}`: {hint}")
    try:
        arguments = signature.bind(*args, **kwargs)
    except TypeError as error:
        known = ", ".join(signature.parameters)
        raise TypeError(f"optax.{name}: {error}; its arguments are {known}") from None
    arguments.apply_defaults()
    return arguments.arguments
