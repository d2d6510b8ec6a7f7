"""Being told when an optimizer does an update."""

from __future__ import annotations

import weakref
from typing import Any, Protocol

from torch.optim import Optimizer


class Watcher(Protocol):
    """What is told of an optimizer's updates."""

    def before_update(self) -> None:
        """An update is about to be done."""
        ...

    def after_update(self) -> None:
        """It has been done."""
        ...


def watch(optimizer: Optimizer, watcher: Watcher) -> None:
    """Tell a watcher of each update, for as long as it lives.

    An update that `GradScaler` skipped is none: it either does not call the optimizer at all, or
    tells a fused one by its `found_inf`.
    """
    optimizer, alive = unwrapped(optimizer), weakref.ref(watcher)

    def before(*_: Any) -> None:
        told = alive()
        if told is not None:
            told.before_update()

    def after(optimizer: Optimizer, *_: Any) -> None:
        told, found = alive(), getattr(optimizer, "found_inf", None)
        if told is not None and (found is None or not found.item()):
            told.after_update()

    hooks = optimizer.register_step_pre_hook(before), optimizer.register_step_post_hook(after)
    for hook in hooks:
        weakref.finalize(watcher, hook.remove)


def unwrapped(optimizer: Optimizer) -> Optimizer:
    """The optimizer inside of what accelerate, Lightning and torch's own wrappers put around it."""
    for name in ("optimizer", "optim"):
        inner = getattr(optimizer, name, None)
        if isinstance(inner, Optimizer) and inner is not optimizer:
            return unwrapped(inner)
    return optimizer
