"""Objects that say their own state, and take it back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from operator import ne
from typing import Any

from glidepath.diagnosis.finding_rates.array_trees import is_array


def has_state_dict(thing: Any) -> bool:
    """Whether it has `state_dict` and `load_state_dict`."""
    names = ("state_dict", "load_state_dict")
    return not isinstance(thing, type) and all(callable(getattr(thing, one, 0)) for one in names)


def kept(thing: Any) -> Callable[[], None]:
    """What puts an object back; tried at once, while nothing has been changed.

    Raises:
        TypeError: if its state can't be copied, or it does not take it back.
    """
    name = type(thing).__name__
    try:
        state = deepcopy(thing.state_dict())
        thing.load_state_dict(deepcopy(state))
        is_back = _is_same(thing.state_dict(), state)
    except Exception as error:
        raise TypeError(
            f"`state` has a {name}, which can't be restored: its state_dict can't be copied and "
            f"loaded again, {type(error).__name__}: {error}"
        ) from error
    if not is_back:
        raise TypeError(
            f"`state` has a {name}, which can't be restored: after load_state_dict(state_dict()) "
            "its state is another one"
        )
    return lambda: thing.load_state_dict(state)


def _is_same(a: Any, b: Any) -> bool:
    """Whether two states are equal, as far as plain values and arrays go; NaN is equal to NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Mapping):
        return list(a) == list(b) and all(_is_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_is_same, a, b))
    if is_array(a):
        return a.shape == b.shape and a.dtype == b.dtype and bool(_equal(a, b).all())
    if isinstance(a, int | float | complex | str | bytes | None):
        return bool(_equal(a, b))
    return True


def _equal(a: Any, b: Any) -> Any:
    return (a == b) | (ne(a, a) & ne(b, b))
