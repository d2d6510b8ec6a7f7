"""Tensors of torch, put back in place."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

Undo = Callable[[], None]


def noted(tensor: Any) -> tuple[Sequence[Undo], Sequence[Any]]:
    """What puts a tensor back: values, gradient, whether it has one; and the gradient, to be noted.

    A plain tensor is kept on the host, so that a model that fills its device can be swept.

    Args:
        tensor: of torch.
    Raises:
        ValueError: if it is a parameter that has no values yet.
    """
    torch = sys.modules["torch"]
    if torch.nn.parameter.is_lazy(tensor):
        raise ValueError(
            "`state` has a lazy module whose parameters have no values yet, so that they can't be "
            "put back: run one batch through it first"
        )
    undo = []
    if not _is_without_own_values(tensor):
        undo.append(_values(tensor))
    if not tensor.is_leaf:
        return undo, []
    gradient, needs = tensor.grad, tensor.requires_grad
    undo.append(lambda: _set_gradient(tensor, gradient, needs))
    return undo, [] if gradient is None else [gradient]


def _values(tensor: Any) -> Undo:
    torch = sys.modules["torch"]
    is_plain = type(tensor) in (torch.Tensor, torch.nn.Parameter)
    values = tensor.detach()
    values = values.to("cpu", copy=True) if is_plain else values.clone()

    def restore() -> None:
        with torch.no_grad():
            if tensor.shape == values.shape and tensor.dtype == values.dtype:
                tensor.copy_(values)
            else:  # a step put other data into it
                tensor.data = values.to(tensor.device)

    return restore


def _is_without_own_values(tensor: Any) -> bool:
    """Whether nothing can be written to it: on the meta device, or one value in many places."""
    torch = sys.modules["torch"]
    if tensor.device.type == "meta":
        return True
    if tensor.layout != torch.strided:
        return False
    return any(
        n > 1 and stride == 0 for n, stride in zip(tensor.shape, tensor.stride(), strict=True)
    )


def _set_gradient(tensor: Any, gradient: Any, needs: bool) -> None:
    if tensor.grad is not gradient:
        tensor.grad = gradient
    if tensor.requires_grad != needs:
        tensor.requires_grad_(needs)
