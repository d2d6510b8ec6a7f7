"""From a constructor of optax's and its arguments to a schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glidepath.adapters.needs import needs
from glidepath.adapters.optax.reading.arguments import advice
from glidepath.adapters.optax.reading.binding import bound
from glidepath.adapters.optax.reading.constructors import CONSTRUCTORS
from glidepath.plan import Schedule
from glidepath.plan.quantities import nearest

with needs("jax"):
    import optax


def read(constructor: Callable[..., Any] | str, /, *args: Any, **kwargs: Any) -> Schedule:
    """What a schedule constructor of optax's makes of these arguments, as a Schedule.

    The two are equal at every step, past the end too. The arguments are bound by the constructor's
    own signature, so their order and defaults are those of the optax that is installed. What a
    constructor has returned can't be read: it is a closure, and keeps nothing to look at.

    Args:
        constructor: such as `optax.warmup_cosine_decay_schedule`, or its name.
        *args: as the constructor takes them.
        **kwargs: as the constructor takes them; the `schedules` of `join_schedules` are what
            `read` returned.
    Raises:
        TypeError: if it is none of optax's schedule constructors, or does not take the arguments.
        ValueError: if there is none of that name, if optax would refuse the numbers, or if it
            would make something else of them than they say.
    Example:
        >>> import optax
        >>> read(optax.warmup_constant_schedule, 0.0, 1e-3, warmup_steps=100)
        linear(0.0, 0.001).over('100 steps').then(0.001)
        >>> read("exponential_decay", 0.1, 10, 0.5, staircase=True)(25)
        0.025
    """
    name = _name_of(constructor)
    return CONSTRUCTORS[name](**bound(name, args, kwargs))


def _name_of(constructor: Any) -> str:
    """The name of a constructor, given as itself or by name."""
    if not isinstance(constructor, str):
        for name in CONSTRUCTORS:
            if constructor is getattr(optax.schedules, name, None):
                return name
        raise TypeError(
            f"expected a schedule constructor of optax's, got {constructor!r}: "
            + advice(constructor)
        )
    if constructor not in CONSTRUCTORS:
        hint = nearest(constructor, list(CONSTRUCTORS))
        raise ValueError(f"optax has no schedule constructor {constructor!r}: {hint}")
    return constructor
