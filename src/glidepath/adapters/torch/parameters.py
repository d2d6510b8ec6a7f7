"""Which parameters of a torch model belong to which group of a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn

from glidepath.plan.groups import DEFAULT
from glidepath.plan.quantities import nearest

Named = Iterable[tuple[str, torch.Tensor]]
Groups = Callable[[str], str | None] | Mapping[str, str | Sequence[str]]
"""A function from a parameter's name to its group's, or None; or the prefixes of each group."""


def trained_by_group(
    model: nn.Module | Named, names: Sequence[str], groups: Groups | None
) -> dict[str, list[torch.Tensor]]:
    """The parameters that are trained, each once, by group: the default first, then the plan's.

    A parameter with several names, as tied weights have, goes by the first.

    Args:
        model: a module, or pairs of a name and a parameter.
        names: of the plan's groups.
        groups: which parameter is in which; see `make_optimizer`.
    Raises:
        TypeError: if the model is neither.
        ValueError: if a group is left without parameters, or is none of the plan's.
    """
    named = _named(model)
    if groups is None and names:
        raise ValueError(
            f"the plan has the groups {', '.join(names)}: say which parameters belong to them, "
            f'such as groups={{"{names[0]}": "a prefix of their names"}}'
        )
    group_of = groups if callable(groups) else _by_prefix(groups or {}, [name for name, _ in named])
    found: dict[str, list[torch.Tensor]] = {name: [] for name in (DEFAULT, *names)}
    seen: set[int] = set()
    for name, parameter in named:
        group = group_of(name) or DEFAULT
        if group not in found:
            hint = nearest(str(group), list(found))
            raise ValueError(f"`{group}`, for `{name}`, is no group of the plan: {hint}")
        if parameter.requires_grad and id(parameter) not in seen:
            found[group].append(parameter)
        seen.add(id(parameter))
    _check_none_is_empty(found)
    return {group: inside for group, inside in found.items() if inside}


def without_decay(group: str) -> dict[str, Any]:
    """What stands in the parameter group of those that follow a group, but do not decay.

    Its name is its own, for Lightning's monitor wants that.
    """
    return {"name": f"{group}, without decay", "follows": group, "weight_decay": 0.0}


def _named(model: nn.Module | Named) -> list[tuple[str, torch.Tensor]]:
    if isinstance(model, nn.Module):
        return list(model.named_parameters(remove_duplicate=False))
    named = list(model) if isinstance(model, Iterable) else [model]
    for one in named:
        is_pair = isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], str)
        if not is_pair or not isinstance(one[1], torch.Tensor):
            raise TypeError(
                "expected a module, or pairs of a name and a parameter, as from "
                f"`model.named_parameters()`; got {type(one).__name__}"
            )
    return named


def _by_prefix(
    groups: Mapping[str, str | Sequence[str]], names: Sequence[str]
) -> Callable[[str], str | None]:
    """From a name to the group with the longest prefix of it."""
    prefixes = dict(_prefixes(groups))
    for prefix in prefixes:
        if not any(_begins(name, prefix) for name in names):
            raise ValueError(
                f"no parameter's name begins with `{prefix}`: {nearest(prefix, _heads(names))}"
            )
    longest = sorted(prefixes, key=len, reverse=True)
    return lambda name: next((prefixes[one] for one in longest if _begins(name, one)), None)


def _prefixes(groups: Mapping[str, str | Sequence[str]]) -> Iterator[tuple[str, str]]:
    taken: dict[str, str] = {}
    for group, given in groups.items():
        for prefix in [given] if isinstance(given, str) else given:
            if taken.setdefault(prefix, group) != group:
                raise ValueError(f"`{prefix}` is given to `{taken[prefix]}` and to `{group}`")
            yield prefix, group


def _begins(name: str, prefix: str) -> bool:
    """Whether whole parts of a dotted name do: `layer.1` begins no `layer.10.weight`."""
    return name == prefix or name.startswith(prefix.removesuffix(".") + ".")


def _heads(names: Sequence[str]) -> list[str]:
    """The first parts of names."""
    return sorted({name.partition(".")[0] for name in names})


def _check_none_is_empty(found: Mapping[str, list[torch.Tensor]]) -> None:
    if not any(found.values()):
        raise ValueError("the model has no parameter that is trained (`requires_grad`)")
    for group, inside in found.items():
        if not inside and group != DEFAULT:
            raise ValueError(
                f"the plan's group `{group}` has no parameter: `groups` gives it none that is "
                "trained (`requires_grad`) and in no other group by an earlier name"
            )
