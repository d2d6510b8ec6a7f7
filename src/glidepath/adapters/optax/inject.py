"""An optax optimizer whose every number follows a plan, inside the compiled step."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax

from glidepath.adapters.optax.masks import mask_of
from glidepath.adapters.optax.optimizer import Factory, factory_of
from glidepath.plan import Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.plan.groups import DEFAULT
from glidepath.plan.optimizer import OPTIMIZERS_OWN
from glidepath.plan.values import quantity_of

Make = Callable[..., optax.GradientTransformation]
NAMES = {
    "lr": ("learning_rate",),
    "beta1": ("b1",),
    "beta2": ("b2", "decay"),
}
"""What optax calls a quantity, where it has another name."""
MASKS = ("mask", "weight_decay_mask")
OUTSIDE = {
    "InjectHyperparamsState": "give it the optimizer itself, without optax.inject_hyperparams",
    "InjectStatefulHyperparamsState": "give it the optimizer itself, without inject_hyperparams",
    "MultiStepsState": "write optax.MultiSteps(inject(...), k), so that updates are counted",
    "ApplyIfFiniteState": "write optax.apply_if_finite(inject(...), n), to count updates",
}
"""States of what would not follow the plan in there."""


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
    factory: Make | None = None,
    *,
    decays: Any = "all",
    groups: Any = None,
    listened: bool = False,
    **constants: Any,
) -> optax.GradientTransformationExtraArgs:
    """An optax optimizer that takes its numbers from a plan at every update.

    The plan is read at the state's own count inside the compiled step, so that nothing is compiled
    anew over a whole run. Moments keep the type that they were made with.

    Args:
        plan: what to follow; a schedule is one of the learning rate.
        factory: such as `optax.adamw`; the optimizer that the plan names where None. It gets
            `learning_rate`, `b1`, `b2`, `eps`, `momentum`, `weight_decay`, and any other argument
            that the plan has by its own name. The plan's `clip` goes before it, as
            `optax.clip_by_global_norm`.
        decays: "all" parameters or "matrices" alone, which have two or more dimensions; or a mask
            as optax takes one.
        groups: where the plan has groups, a tree like the parameters with the name of each one's
            group, "default" for the rest, or a function of the parameters that makes it.
        listened: whether you run the plan's listener, where it listens: after an event call
            `inject` again with `listener.plan`; the state fits, and one more update is compiled.
        **constants: the factory's arguments that hold throughout.
    Returns:
        A transformation whose state is an `Injected`.
    Raises:
        TypeError, ValueError: if the factory lacks a quantity of the plan, a constant is one of
            them, the groups are not the plan's, or nobody listens for a plan that does.
    Example:
        >>> import jax.numpy as jnp, optax
        >>> from glidepath import linear
        >>> optimizer = inject(linear(0.5, 0.0).over(10), optax.sgd)
        >>> weights = jnp.ones(2)
        >>> updates, state = optimizer.update(weights, optimizer.init(weights))
        >>> updates.tolist(), int(state.count)
        ([-0.5, -0.5], 1)
    """
    plan = as_plan(plan)
    if plan.listens and not listened:
        raise ValueError(
            "the plan listens to the run, and a compiled update can't: run `plan.listen()` beside "
            "it, and after each event inject(listener.plan, ..., listened=True)"
        )
    followed = _followed(plan, factory, decays, constants)
    labels = _labels(followed.plan, groups)

    def init(parameters: Any) -> Injected:
        values = followed.values(jnp.zeros((), jnp.int32))
        inner = followed.optimizer(values, labels).init(parameters)
        _check_counts(inner)
        return Injected(jnp.zeros((), jnp.int32), values, inner)

    def update(
        updates: Any, state: Injected, params: Any = None, **extra: Any
    ) -> tuple[Any, Injected]:
        values = followed.values(state.count)
        made = optax.with_extra_args_support(followed.optimizer(values, labels))
        new, inner = made.update(updates, state.inner_state, params, **extra)
        kept = jax.tree.map(_as_before, inner, state.inner_state)
        return jax.tree.map(_as_before, new, updates), Injected(
            optax.safe_increment(state.count), values, kept
        )

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


def _check_counts(inner: Any) -> None:
    """Refuse what keeps numbers of its own, or does not update each time that it is called.

    Raises:
        ValueError: naming it, and how to write it.
    """
    named = jax.tree.leaves(inner, is_leaf=lambda one: type(one).__name__ in OUTSIDE)
    for name in (type(one).__name__ for one in named):
        if name in OUTSIDE:
            raise ValueError(f"{name} can't be inside of `inject`: {OUTSIDE[name]}")


def _as_before(new: Any, old: Any) -> Any:
    """Numbers of a plan are float32, and so is what they are multiplied with; until here."""
    is_real = hasattr(old, "dtype") and jnp.issubdtype(old.dtype, jnp.inexact)
    return new.astype(old.dtype) if is_real else new


@dataclass(frozen=True)
class _Followed:
    """A plan, what makes its optimizer, and which quantities that takes from the plan."""

    plan: Plan
    factory: Factory
    quantities: tuple[str, ...]

    def values(self, step: Any) -> dict[str, Any]:
        """Of every key that the optimizer uses, at a step that may be traced."""
        used = (*self.quantities, "clip")
        keys = [key for key in self.plan.names if quantity_of(key) in used]
        found = {key: self.plan[key](step) for key in keys}
        # Not weakly typed, as constants are: a restored state would not be, and compile anew.
        return {key: jnp.asarray(value, value.dtype) for key, value in found.items()}

    def optimizer(self, values: Mapping[str, Any], labels: Any) -> optax.GradientTransformation:
        """The optimizer with these numbers; its state does not depend on them."""
        if labels is None:
            made = self._of_group("", values)
        else:
            each = {name: self._of_group(name, values) for name in (DEFAULT, *self.plan.groups)}
            made = optax.multi_transform(each, labels)
        clip = values.get("clip", self._constant_clip)
        return made if clip is None else optax.chain(optax.clip_by_global_norm(clip), made)

    @property
    def _constant_clip(self) -> float | None:
        return self.plan.optimizer["clip"] if self.plan.optimizer else None

    def _of_group(self, group: str, values: Mapping[str, Any]) -> optax.GradientTransformation:
        return self.factory(
            **{name: values.get(f"{name}.{group}", values[name]) for name in self.quantities}
        )


def _followed(plan: Plan, make: Make | None, decays: Any, constants: dict[str, Any]) -> _Followed:
    """What is followed: the optimizer that the plan names, or one that is given here.

    Raises:
        TypeError, ValueError: if there is none or both, or it lacks a quantity of the plan.
    """
    quantities = [name for name in plan.names if "." not in name and name != "clip"]
    for key in plan.names:
        if quantity_of(key) not in plan:
            raise ValueError(
                f"`{key}` is given by group alone: give `{quantity_of(key)}` a default"
            )
    if make is None:
        if plan.optimizer is None:
            raise ValueError(
                "the plan names no optimizer: give one here, inject(plan, optax.adamw), or there, "
                'Plan(..., optimizer="adamw")'
            )
        if constants or decays != "all":
            raise ValueError("the plan names its optimizer, and so its constants: leave them out")
        factory = factory_of(plan.optimizer)
        if plan.optimizer.name == "prodigy" and not plan.optimizer["safeguard_warmup"]:
            _check_first_rate(plan)
    else:
        if plan.optimizer is not None:
            raise ValueError(
                f"the plan names its optimizer, {plan.optimizer.name}: inject(plan) makes it"
            )
        factory = _factory(make, quantities, decays, constants)
    return _Followed(plan, factory, tuple(name for name in quantities if name in factory.arguments))


def _check_first_rate(plan: Plan) -> None:
    for key in plan.names:
        if quantity_of(key) == "lr" and plan[key](0) == 0:
            raise ValueError(
                f"`{key}` is 0 at step 0, which optax's prodigy divides by: begin with "
                '`at="end"`, or set safeguard_warmup=True in the optimizer'
            )


def _factory(
    make: Make, quantities: Sequence[str], decays: Any, constants: dict[str, Any]
) -> Factory:
    """A factory of optax or of the user, by the names of its arguments."""
    if not callable(make):
        raise TypeError(f"`factory` must make an optimizer, as optax.adamw does, got {make!r}")
    name, known = getattr(make, "__name__", repr(make)), inspect.signature(make).parameters
    arguments = {}
    for quantity in quantities:
        argument = next((n for n in NAMES.get(quantity, (quantity,)) if n in known), None)
        if argument in constants:
            raise ValueError(f"`{argument}` is given by the plan: leave it out here")
        if argument is not None:
            arguments[quantity] = argument
        elif quantity in ("lr", *OPTIMIZERS_OWN):
            raise ValueError(
                f"the plan has `{quantity}`, and {name} no argument for it; it has "
                f"{', '.join(known)}"
            )
    mask = mask_of(decays)
    if mask is not None:
        where = next((one for one in MASKS if one in known), None)
        if where is None:
            raise ValueError(f'{name} takes no mask: `decays` must be "all", got {decays!r}')
        constants = constants | {where: mask}
    return Factory(make, constants, arguments)


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
