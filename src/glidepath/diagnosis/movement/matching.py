"""Trees of arrays laid beside a model's, by name or in order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from glidepath.diagnosis.listing import counted
from glidepath.diagnosis.movement.snapshot import Parameter, is_torch_module
from glidepath.record.arrays import named_arrays


def matched(
    argument: str, tree: Any, parameters: Mapping[str, Parameter], *, may_lack: bool = False
) -> dict[str, Any]:
    """The arrays of a tree by the names of a model's; None for what it lacks.

    Args:
        argument: the tree's name in messages.
        tree: like the model's; a flat list is taken in the order of its arrays, or of those that
            are trained. Dots and slashes in names are the same.
        parameters: of the model.
        may_lack: whether some may be missing or None, as gradients may.
    Raises:
        TypeError: if there is no array in it.
        ValueError: if its names or its number of arrays are others.
    """
    if _is_flat(tree) and not all(name.isdigit() for name in parameters):
        return _in_order(argument, tree, parameters)
    arrays = {_plain(name): array for name, array in _named(argument, tree, may_lack).items()}
    found = {name: arrays.pop(_plain(name), None) for name in parameters}
    missing = [name for name, array in found.items() if array is None]
    if missing and not may_lack:
        hint = "" if not arrays else f"; it has {next(iter(arrays))!r}"
        raise ValueError(f"`{argument}` lacks {missing[0]!r}, which `after` has{hint}: {_SAME}")
    if arrays:
        raise ValueError(f"`{argument}` has {next(iter(arrays))!r}, which `after` has not: {_SAME}")
    return found


_SAME = "give trees of the same structure"


def _plain(name: str) -> str:
    return name.replace(".", "/")


def _named(argument: str, tree: Any, may_lack: bool) -> Mapping[str, Any]:
    try:
        return named_arrays(tree)
    except TypeError as error:
        if may_lack and isinstance(tree, Mapping | list | tuple):
            return {}
        raise TypeError(f"`{argument}`: {error}") from None


def _is_flat(tree: Any) -> bool:
    """Whether it is a list of arrays, as of `get_weights` or `torch.autograd.grad`."""
    is_list = isinstance(tree, list | tuple) and not hasattr(tree, "_fields")
    return is_list and all(one is None or hasattr(one, "shape") for one in tree)


def _in_order(
    argument: str, tree: Sequence[Any], parameters: Mapping[str, Parameter]
) -> dict[str, Any]:
    trained = [name for name, one in parameters.items() if one.is_trainable is not False]
    for names in (list(parameters), trained):
        if len(tree) == len(names):
            return dict.fromkeys(parameters) | dict(zip(names, tree, strict=True))
    raise ValueError(
        f"`{argument}` is a list of {counted(len(tree))}, and `after` has {len(parameters):,}, of "
        f"which {len(trained):,} are trained: {_SAME}, or dictionaries with names"
    )


def without_buffers(before: Any, after: Any, parameters: Mapping[str, Parameter]) -> Any:
    """A state_dict without what is no parameter of a torch module: buffers, and further names."""
    if not (isinstance(before, Mapping) and is_torch_module(after)):
        return before
    own = {_plain(name) for name in parameters}
    others = {_plain(name) for name in after.state_dict()} - own
    return {name: array for name, array in before.items() if _plain(str(name)) not in others}
