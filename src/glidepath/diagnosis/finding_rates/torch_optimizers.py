"""Optimizers of torch that a step uses: those that can be put back, and no others."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from glidepath.diagnosis.finding_rates.snapshot import Snapshot


def check_modules(snapshot: Snapshot) -> None:
    """Refuse an optimizer whose module is not there: its buffers could not be put back.

    Raises:
        ValueError: saying what to give.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return
    modules = [one for one in snapshot.things if isinstance(one, torch.nn.Module)]
    owned = {id(one) for module in modules for one in module.parameters()}
    for optimizer in snapshot.things:
        if isinstance(optimizer, torch.optim.Optimizer):
            updated = [one for group in optimizer.param_groups for one in group["params"]]
            parameters = [one for one in updated if isinstance(one, torch.nn.Parameter)]
            if any(id(one) not in owned for one in parameters):
                raise ValueError(
                    f"`state` has a {type(optimizer).__name__} and not the module whose "
                    "parameters it updates: give both, [model, optimizer]"
                )


def keep_settings_of_others(snapshot: Snapshot, undo: ExitStack) -> None:
    """Note the rates of live optimizers that the state lacks and whose parameters it has.

    A step that uses one is refused when it calls it, and has set its rate by then.
    """
    torch = sys.modules.get("torch")
    if torch is None or not any(isinstance(one, torch.nn.Parameter) for one in snapshot.things):
        return
    for one in gc.get_objects():
        # Not `isinstance`, which would wake proxies up.
        if torch.optim.Optimizer not in type(one).__mro__ or one in snapshot:
            continue
        if any(held in snapshot for group in one.param_groups for held in group["params"]):
            for group in one.param_groups:
                undo.callback(group.update, dict(group))


@contextmanager
def only_known_optimizers(snapshot: Snapshot, *, refuses_all: bool = False) -> Iterator[None]:
    """Stop an optimizer that was not noted before it updates a tensor that was.

    Args:
        snapshot: of the state.
        refuses_all: whether to stop it whatever it updates.
    Raises:
        ValueError: in the step that tries to.
    """
    optimizers = sys.modules.get("torch.optim.optimizer")
    if optimizers is None:
        yield
        return

    def check(optimizer: Any, *_: Any) -> None:
        updated = (one for group in optimizer.param_groups for one in group["params"])
        is_ours = refuses_all or any(one in snapshot for one in updated)
        if optimizer not in snapshot and is_ours:
            raise ValueError(
                f"`step_fn` uses a {type(optimizer).__name__} that `state` does not have, so that "
                "it could not be put back: give it, too, [model, optimizer]"
            )

    handle = optimizers.register_optimizer_step_pre_hook(check)
    try:
        yield
    finally:
        handle.remove()
