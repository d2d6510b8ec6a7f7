"""An optax optimizer whose every number follows a plan, inside the compiled step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from glidepath.adapters.as_plan import as_plan
from glidepath.adapters.optax.masks import mask_of
from glidepath.plan import Plan, Schedule
from glidepath.plan.optimizer import OPTIMIZERS_OWN

Factory = Callable[..., optax.GradientTransformation]
NAMES = {
    "lr": ("learning_rate",),
    "beta1": ("b1",),
    "beta2": ("b2", "decay"),
}
"""What optax calls a quantity, where it has another name."""
MASKS = ("mask", "weight_decay_mask")
DEFAULT = "default"


class Injected(NamedTuple):
    """What `inject` keeps between updates.

    Attributes:
        count: updates done, int32, and so the step of the coming one.
        values: what the last update used, by the plan's keys; scalars. Before the first update,
            what it will use.
        inner_state: the optimizer's own.
    """

    count: Any
    values: dict[str, Any]
    inner_state: Any


def inject(
    plan: Plan | Schedule,
    factory: Factory,
    *,
    decays: Any = "all",
    groups: Any = None,
    **constants: Any,
) -> optax.GradientTransformationExtraArgs:
    """An optax optimizer that takes its numbers from a plan at every update.

    The plan is read at the state's own count inside the compiled step, so that nothing is compiled
    anew over a whole run. Moments keep the type that they were made with.

    Args:
        plan: what to follow; a schedule is one of the learning rate.
        factory: such as `optax.adamw`. It gets `learning_rate`, `b1`, `b2`, `eps`, `momentum`,
            `weight_decay`, and any other argument that the plan has by its own name. The plan's
            `clip` goes before it, as `optax.clip_by_global_norm`.
        decays: "all" parameters or "matrices" alone, which have two or more dimensions; or a mask
            as optax takes one.
        groups: where the plan has groups, a tree like the parameters with the name of each one's
            group, "default" for the rest, or a function of the parameters that makes it.
        **constants: the factory's arguments that hold throughout.
    Returns:
        A transformation whose state is an `Injected`.
    Raises:
        TypeError, ValueError: if the factory lacks a quantity of the plan, a constant is one of
            them, or the groups are not the plan's.
    Example:
        >>> import jax.numpy as jnp, optax
        >>> from glidepath import linear
        >>> optimizer = inject(linear(0.5, 0.0).over(10), optax.sgd)
        >>> weights = jnp.ones(2)
        >>> updates, state = optimizer.update(weights, optimizer.init(weights))
        >>> updates.tolist(), int(state.count)
        ([-0.5, -0.5], 1)
    """
    followed = _Followed.of(as_plan(plan), factory, _masked(factory, decays) | constants)
    labels = _labels(followed.plan, groups)

    def init(parameters: Any) -> Injected:
        values = followed.values(jnp.zeros((), jnp.int32))
        inner = followed.optimizer(values, labels).init(parameters)
        return Injected(jnp.zeros((), jnp.int32), values, inner)

    def update(
        updates: Any, state: Injected, params: Any = None, **extra: Any
    ) -> tuple[Any, Injected]:
        values = followed.values(state.count)
        made = optax.with_extra_args_support(followed.optimizer(values, labels))
        new, inner = made.update(updates, state.inner_state, params, **extra)
        kept = jax.tree.map(_as_before, inner, state.inner_state)
        return jax.tree.map(_as_before, new, updates), Injected(state.count + 1, values, kept)

    return optax.GradientTransformationExtraArgs(init, update)


def injected(state: Any) -> Injected:
    """The `Injected` in a state, however deep in chains and wrappers it lies.

    Raises:
        ValueError: if there is none, or there are several.
    """
    leaves = jax.tree.leaves(state, is_leaf=lambda one: isinstance(one, Injected))
    found = [one for one in leaves if isinstance(one, Injected)]
    if len(found) != 1:
        raise ValueError(f"expected a state with one optimizer made by `inject`, got {len(found)}")
    return found[0]


def _as_before(new: Any, old: Any) -> Any:
    """Numbers of a plan are float32, and so is what they are multiplied with; until here."""
    return new.astype(old.dtype) if hasattr(old, "dtype") else new


@dataclass(frozen=True)
class _Followed:
    """A plan and a factory, and which argument each quantity is."""

    plan: Plan
    factory: Factory
    constants: Mapping[str, Any]
    arguments: Mapping[str, str]

    @classmethod
    def of(cls, plan: Plan, factory: Factory, constants: Mapping[str, Any]) -> _Followed:
        if not callable(factory):
            raise TypeError(f"`factory` must make an optimizer, as optax.adamw does: {factory!r}")
        known = inspect.signature(factory).parameters
        arguments = {}
        for quantity in (name for name in plan.names if "." not in name and name != "clip"):
            name = next((n for n in NAMES.get(quantity, (quantity,)) if n in known), None)
            if name is not None:
                arguments[quantity] = name
            elif quantity in ("lr", *OPTIMIZERS_OWN):
                raise ValueError(
                    f"the plan has `{quantity}`, and {_name(factory)} no argument for it; it has "
                    f"{', '.join(known)}"
                )
        twice = [name for name in constants if name in arguments.values()]
        if twice:
            raise ValueError(f"`{twice[0]}` is given by the plan: leave it out here")
        return cls(plan, factory, constants, arguments)

    def values(self, step: Any) -> dict[str, Any]:
        """Of every key that the optimizer uses, at a step that may be traced."""
        used = (*self.arguments, "clip")
        return {key: self.plan[key](step) for key in self.plan.names if key.split(".")[0] in used}

    def optimizer(self, values: Mapping[str, Any], labels: Any) -> optax.GradientTransformation:
        """The optimizer with these numbers; its state does not depend on them."""
        if labels is None:
            made = self._of_group("", values)
        else:
            each = {name: self._of_group(name, values) for name in (DEFAULT, *self.plan.groups)}
            made = optax.multi_transform(each, labels)
        if "clip" not in values:
            return made
        return optax.chain(optax.clip_by_global_norm(values["clip"]), made)

    def _of_group(self, group: str, values: Mapping[str, Any]) -> optax.GradientTransformation:
        own = {
            name: values.get(f"{quantity}.{group}", values[quantity])
            for quantity, name in self.arguments.items()
        }
        return self.factory(**own, **self.constants)


def _masked(factory: Factory, decays: Any) -> dict[str, Any]:
    """The factory's argument for a mask of weight decay.

    Raises:
        ValueError: if it has none.
    """
    mask = mask_of(decays)
    if mask is None:
        return {}
    name = next((one for one in MASKS if one in inspect.signature(factory).parameters), None)
    if name is None:
        raise ValueError(f'{_name(factory)} takes no mask: `decays` must be "all", got {decays!r}')
    return {name: mask}


def _labels(plan: Plan, groups: Any) -> Any:
    """The group of each parameter, checked when the parameters are known.

    Raises:
        ValueError: if there are groups on one side only.
    """
    if not plan.groups and groups is None:
        return None
    if not plan.groups or groups is None:
        which = "the plan has none" if not plan.groups else f"{', '.join(plan.groups)}, got None"
        raise ValueError(
            f"`groups` must say which parameter is in which group of the plan: {which}"
        )
    return partial(_checked_labels, plan, groups)


def _checked_labels(plan: Plan, groups: Any, parameters: Any) -> Any:
    labels = groups(parameters) if callable(groups) else groups
    given = set(jax.tree.leaves(labels))
    unknown = sorted(given - {DEFAULT, *plan.groups})
    missing = [name for name in plan.groups if name not in given]
    if unknown or missing:
        raise ValueError(
            f"`groups` must name {', '.join((DEFAULT, *plan.groups))}, each at least once but the "
            f"first: {'unknown is ' + unknown[0] if unknown else 'missing is ' + missing[0]}"
        )
    return labels


def _name(factory: Factory) -> str:
    return str(getattr(factory, "__name__", factory))
