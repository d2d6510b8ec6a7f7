"""Whatever an update changes, put back to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from numbers import Number
from typing import Any, Protocol, final

from glidepath.diagnosis.finding_rates import keras_variables, state_dicts
from glidepath.diagnosis.finding_rates.array_trees import copied, has_arrays, has_values, is_array
from glidepath.diagnosis.finding_rates.random_states import random_states_kept
from glidepath.diagnosis.finding_rates.snapshot import Snapshot, is_kept_in_place
from glidepath.diagnosis.finding_rates.torch_optimizers import (
    check_modules,
    keep_settings_of_others,
    only_known_optimizers,
)
from glidepath.record.arrays import is_jax

Step = Callable[[Any, Any, float], Any]
CONTAINERS = (list, tuple, Mapping)


class Held(Protocol):
    """What is updated in a sweep."""

    def update(self, step_fn: Step, batch: Any, rate: float) -> Any:
        """Do one update; returns its loss."""
        ...


@final
class Arrays:
    """A tree of arrays: the functional way."""

    def __init__(self, state: Any) -> None:
        self._state = copied(state)
        if not has_values(state):
            raise TypeError(
                f"`state` must have all that an update changes, and {str(state)[:60]!r} has "
                "nothing that could: give a tree of arrays, or the objects, such as "
                "[model, optimizer]"
            )

    def update(self, step_fn: Step, batch: Any, rate: float) -> Any:
        """Do one update, and keep the state that comes of it.

        Raises:
            TypeError: if the function returns something else than a state and a loss.
        """
        result = step_fn(self._state, batch, rate)
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                "`step_fn` must return (new_state, loss) for a state of arrays, got "
                f"{type(result).__name__}; where it changes objects in place, give these as the "
                "state, [model, optimizer]"
            )
        self._state, loss = result
        return loss


@final
class Objects:
    """Objects that updates change in place."""

    def __init__(self, state: Any) -> None:
        self._state = state

    def update(self, step_fn: Step, batch: Any, rate: float) -> Any:
        """Do one update.

        Raises:
            TypeError: if the function returns more than a loss.
        """
        result = step_fn(self._state, batch, rate)
        if isinstance(result, tuple | list):
            raise TypeError(
                "`step_fn` must return the loss alone for a state that is changed in place, got a "
                f"{type(result).__name__} of {len(result)}"
            )
        return result


@contextmanager
def restored(state: Any) -> Iterator[Held]:
    """What to update; at the end, however it comes, everything is as it was.

    Raises:
        TypeError, ValueError: before anything is changed, if something can't be restored.
    """
    parts = list(_parts(state))
    objects = [one for one in parts if not isinstance(one, CONTAINERS)]
    with ExitStack() as undo:
        random_states_kept(undo)
        snapshot = Snapshot()
        undo.callback(snapshot.restore)
        for one in parts:
            snapshot.note_members(one)
        if any(map(_changes_in_place, objects)):
            for one in objects:
                _check(one)
            _keep(objects, snapshot, undo)
            yield Objects(state)
        else:
            for one in objects:
                snapshot.note(one)
            held = Arrays(state)
            if not has_arrays(state):  # numbers alone, which no optimizer updates
                undo.enter_context(only_known_optimizers(snapshot, refuses_all=True))
            yield held


def _parts(state: Any) -> Iterator[Any]:
    """A state, and what is in it where it is a list, a tuple or a dict."""
    yield state
    if isinstance(state, CONTAINERS):
        for one in state.values() if isinstance(state, Mapping) else state:
            yield from _parts(one)


def _changes_in_place(thing: Any) -> bool:
    return (
        keras_variables.has_variables(thing)
        or is_kept_in_place(thing)
        or state_dicts.has_state_dict(thing)
    )


def _check(thing: Any) -> None:
    """Refuse what can't be restored.

    Raises:
        TypeError: saying what would work.
    """
    if is_jax(thing):
        raise TypeError(
            "`state` has a JAX array beside objects that are changed in place: give a state of "
            "arrays alone, and return (new_state, loss), or leave it out"
        )
    is_plain = thing is None or isinstance(thing, Number | str) or is_array(thing)
    if not is_plain and not _changes_in_place(thing):
        raise TypeError(
            f"`state` has a {type(thing).__name__}, which can't be restored: give the objects "
            "that an update changes, such as [model, optimizer]; your own need `state_dict` and "
            "`load_state_dict`"
        )


def _keep(objects: list[Any], snapshot: Snapshot, undo: ExitStack) -> None:
    """Note everything; those come last that put themselves back, and may touch the others."""
    with_variables = [one for one in objects if keras_variables.has_variables(one)]
    rest = [one for one in objects if not keras_variables.has_variables(one)]
    for one in rest:
        if not state_dicts.has_state_dict(one) or is_kept_in_place(one):
            snapshot.note(one)
    check_modules(snapshot)
    keep_settings_of_others(snapshot, undo)
    undo.callback(keras_variables.kept(with_variables))
    for one in rest:
        if state_dicts.has_state_dict(one) and not is_kept_in_place(one):
            undo.callback(state_dicts.kept(one))
    undo.enter_context(only_known_optimizers(snapshot))
