"""What objects hold, noted so that it can be put back in place.

The state dicts of torch are not enough for that: they leave out gradients, buffers that are not
saved, flags and modes, and loading one puts other tensors and lists in place of those that
compiled code, or a scheduler, holds on to.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from copy import deepcopy
from operator import is_
from typing import Any

from glidepath.diagnosis.finding_rates import tensors
from glidepath.diagnosis.finding_rates.array_trees import is_numpy
from glidepath.record.arrays import is_torch

Undo = Callable[[], None]
Noted = tuple[Sequence[Undo], Iterable[Any]]


def is_kept_in_place(thing: Any) -> bool:
    """Whether it is an object that a snapshot puts back: of torch, or a random generator."""
    return is_torch_object(thing) or _generator(thing) is not None


def is_torch_object(thing: Any) -> bool:
    """Whether it is a module, an optimizer or a gradient scaler of torch."""
    torch = sys.modules.get("torch")
    if torch is None:
        return False
    return isinstance(thing, torch.nn.Module | torch.optim.Optimizer | torch.amp.GradScaler)


class Snapshot:
    """Tensors, containers, modules and optimizers as they were, each once.

    It goes from a module or an optimizer to what its attributes hold: dicts, lists, sets, tensors,
    arrays, other modules and optimizers. Objects of other kinds are left alone.
    """

    def __init__(self) -> None:
        self._seen: dict[int, Any] = {}
        self._undo: list[Undo] = []

    def __contains__(self, thing: Any) -> bool:
        return id(thing) in self._seen

    @property
    def things(self) -> list[Any]:
        """Everything that was noted."""
        return list(self._seen.values())

    def note(self, thing: Any) -> None:
        """Note a thing, and all that is in it.

        Raises:
            ValueError: if there is a parameter without values yet.
        """
        waiting = [thing]
        while waiting:
            one = waiting.pop()
            if id(one) not in self._seen:
                self._seen[id(one)] = one
                undo, inside = _noted(one)
                self._undo += undo
                waiting += inside

    def note_members(self, container: Any) -> None:
        """Note what is in a dict or a list, and not what is in that."""
        if isinstance(container, dict | list):
            self._undo += _noted(container)[0]

    def restore(self) -> None:
        """Put everything back that can be, also if something can't."""
        with ExitStack() as each:
            for undo in self._undo:
                each.callback(undo)


def _noted(thing: Any) -> Noted:
    """What puts one thing back, and what else there is in it."""
    noted = next(noted for is_one, noted in _KINDS if is_one(thing))
    return noted(thing)


def _noted_dict(thing: dict[Any, Any]) -> Noted:
    items = list(thing.items())
    return [lambda: _refill(thing, items)], [part for item in items for part in item]


def _noted_container(thing: list[Any] | deque[Any] | set[Any]) -> Noted:
    members = list(thing)
    return [lambda: _refill(thing, members)], members


def _noted_object(thing: Any) -> Noted:
    if isinstance(thing, sys.modules["torch"].jit.ScriptModule):  # its attributes are not Python's
        training = thing.training
        return [lambda: thing.train(training)], [*thing.parameters(), *thing.buffers()]
    return [], [vars(thing)]


def _noted_array(array: Any) -> Noted:
    import numpy as np

    if type(array) is not np.ndarray or not array.flags.writeable:
        return [], []
    values = array.copy()
    return [lambda: np.copyto(array, values)], []


def _noted_generator(thing: Any) -> Noted:
    undo = _generator(thing)
    return ([] if undo is None else [undo]), []


def _generator(thing: Any) -> Undo | None:
    """What puts a random generator back; None for other things."""
    if isinstance(thing, random.Random):
        state = thing.getstate()
        return lambda: thing.setstate(state)
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and isinstance(thing, numpy.random.Generator):
        bits, drawn = thing.bit_generator, deepcopy(thing.bit_generator.state)
        return lambda: setattr(bits, "state", drawn)
    if numpy is not None and isinstance(thing, numpy.random.RandomState):
        legacy = thing.get_state(legacy=False)
        return lambda: thing.set_state(legacy)
    if torch is not None and isinstance(thing, torch.Generator):
        seeded = thing.get_state()
        return lambda: thing.set_state(seeded)
    return None


def _refill(target: Any, members: Sequence[Any]) -> None:
    """Put members back into a dict, as pairs, a list, a deque or a set, where they have changed."""
    now = list(target.items() if isinstance(target, dict) else target)
    if len(now) == len(members) and all(map(_is_the_one, now, members)):
        return
    target.clear()
    (target.extend if hasattr(target, "extend") else target.update)(members)


def _is_the_one(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) is tuple and len(a) == len(b) and all(map(is_, a, b)))


_KINDS: tuple[tuple[Callable[[Any], bool], Callable[[Any], Noted]], ...] = (
    (is_torch, tensors.noted),
    (lambda thing: isinstance(thing, dict), _noted_dict),
    (lambda thing: isinstance(thing, list | deque | set), _noted_container),
    (lambda thing: isinstance(thing, tuple), lambda thing: ([], thing)),
    (is_torch_object, _noted_object),
    (is_numpy, _noted_array),
    (lambda _: True, _noted_generator),
)
