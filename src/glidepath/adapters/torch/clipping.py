"""Gradients clipped right before a torch optimizer uses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.optim import Optimizer


def clip_before_updates(optimizer: Optimizer) -> None:
    """Clip the global norm of an optimizer's gradients to its `clip` whenever it steps.

    That is the number under "clip" in its first parameter group. Gradients that are still scaled,
    which is how `GradScaler` hands them to fused optimizers, are clipped at the scaled norm. Where
    `step` gets a closure, as from Lightning, the gradients are those that the closure makes. To say
    so twice changes nothing.
    """
    if _before not in optimizer._optimizer_step_pre_hooks.values():
        optimizer.register_step_pre_hook(_before)


def _before(
    optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    first, *rest = args[1:] or (kwargs.get("closure"),)
    if first is None:
        clip_gradients(optimizer)
        return None
    closure = _clipping(optimizer, first)
    if len(args) > 1:
        return (args[0], closure, *rest), kwargs
    return args, kwargs | {"closure": closure}


def _clipping(optimizer: Optimizer, closure: Callable[[], Any]) -> Callable[[], Any]:
    def closed() -> Any:
        loss = closure()
        clip_gradients(optimizer)
        return loss

    return closed


@torch.no_grad()
def clip_gradients(optimizer: Optimizer) -> None:
    """Scale all gradients so that their common norm is at most the optimizer's `clip`.

        g = g min(1, clip / norm),    norm over the gradients of all groups

    torch's own `clip_grad_norm_` divides by norm + 1e-6, optax does not, and nor does this.

    Raises:
        RuntimeError: if the optimizer has lost its `clip`.
    """
    limit = optimizer.param_groups[0].get("clip")
    if limit is None:
        raise RuntimeError(
            "the optimizer's parameter groups have lost their `clip`: the state that was loaded "
            'is of an optimizer without it; set group["clip"] in each again'
        )
    parameters = [one for group in optimizer.param_groups for one in group["params"]]
    gradients = [one.grad for one in parameters if one.grad is not None]
    if not gradients:
        return
    if any(gradient.is_sparse for gradient in gradients):
        raise RuntimeError(
            "gradients can't be clipped while one is sparse: leave `clip` out, or make its "
            "embedding with sparse=False"
        )
    scale = getattr(optimizer, "grad_scale", None)
    norm = _norm(gradients)
    factor = (limit * (1.0 if scale is None else scale) / norm).clamp(max=1.0)
    for device in {gradient.device for gradient in gradients}:
        there = [gradient for gradient in gradients if gradient.device == device]
        torch._foreach_mul_(there, factor.to(device))


def _norm(gradients: list[torch.Tensor]) -> torch.Tensor:
    """The norm of all gradients together, on the device of the first."""
    norms = torch._foreach_norm(gradients)
    return torch.linalg.vector_norm(torch.stack([norm.to(norms[0].device) for norm in norms]))
