"""Second moments in the state of an optax optimizer, found without optax."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from glidepath.record.arrays import is_jax, named_arrays
from glidepath.record.step_sizes.moment import Moment
from glidepath.record.step_sizes.rectification import averaged_updates, rectification
from glidepath.record.step_sizes.sampling import sampled
from glidepath.record.step_sizes.told import Told

VARIANTS = ("adam", "radam", "adamax")
"""Three optimizers keep the same state."""


def moments_of_optax(state: Any, told: Told) -> tuple[dict[str, Moment], list[Any]]:
    """The second moments after the last update, by name, and the memory of each state with some.

    Args:
        state: of an optimizer, however deep the second moments lie in it.
        told: what it does not say.
    Raises:
        TypeError: if there is none that is known, or a number is missing.
        ValueError: if an array has two.
    """
    found: dict[str, Moment] = {}
    memories = []
    for part, around in _adaptive(state, told):
        moments, memory = KNOWN[type(part).__name__](part, around)
        if twice := sorted(set(moments) & set(found)):
            raise ValueError(
                f"{twice[0]!r} has two second moments in this state: give the part of it that you "
                "mean"
            )
        found |= moments
        memories.append(memory)
    if not memories:
        raise TypeError(
            f"expected an optimizer of torch or a state of optax with a second moment, got "
            f"{type(state).__name__}; known are {', '.join(KNOWN)}"
        )
    return found, memories


def _adaptive(state: Any, told: Told) -> Iterator[tuple[Any, Told]]:
    """The states that are known, each with what the ones around it say."""
    fields = getattr(state, "_fields", ())
    if type(state).__name__ in KNOWN:
        yield state, told
    elif "inner_state" in fields and {"values", "hyperparams"} & set(fields):
        values = state.values if "values" in fields else state.hyperparams
        yield from _adaptive(state.inner_state, told.within(values, state.count))
    elif "inner_states" in fields and isinstance(state.inner_states, Mapping):
        for label, part in state.inner_states.items():
            yield from _adaptive(part, told.labelled(label))
    elif isinstance(state, Mapping | tuple | list):
        for part in state.values() if isinstance(state, Mapping) else state:
            yield from _adaptive(part, told)


def _moments(tree: Any, make: Callable[[str, Any], Moment]) -> dict[str, Moment]:
    """One for every array that has elements."""
    return {name: make(name, one) for name, one in _arrays(tree).items() if math.prod(one.shape)}


def _arrays(tree: Any) -> dict[str, Any]:
    """Arrays by name; none where all of them are masked out."""
    try:
        return named_arrays(tree)
    except TypeError:
        return {}


def _memory(count: Any, told: Told) -> Any:
    """Updates seen over updates remembered; NaN where nothing counts them."""
    count = told.count if told.count is not None else told.counted if count is None else count
    return math.nan if count is None else count * (1.0 - told.number("beta2"))


def _adam(state: Any, told: Told) -> tuple[dict[str, Moment], Any]:
    """Of scale_by_adam: rate / (sqrt(nu / (1 - beta2^t) + eps_root) + eps); Yogi's is the same."""
    if told.variant == "radam":
        return _radam(state, told)
    if told.variant == "adamax":
        return _adamax(state, told)
    rate, eps, root = told.number("rate"), told.number("eps"), told.number("eps_root")
    correction = 1.0 - told.number("beta2") ** state.count
    found = _moments(
        state.nu, lambda _, nu: Moment(rate, sampled(nu) / correction, inside=root, outside=eps)
    )
    return found, _memory(state.count, told)


def _radam(state: Any, told: Told) -> tuple[dict[str, Moment], Any]:
    """Of scale_by_radam: Adam's times the rectification; the bare rate as long as rho_t < 5."""
    beta2, eps, root = told.number("beta2"), told.number("eps"), told.number("eps_root")
    where = sys.modules["jax"].numpy.where if is_jax(state.count) else np.where
    averaged, most = averaged_updates(state.count, beta2)
    is_sure = averaged >= 5.0
    factor = rectification(where(is_sure, averaged, most), most)
    rate = told.number("rate") * where(is_sure, factor, 1.0)
    correction = 1.0 - beta2**state.count

    def moment(_: str, nu: Any) -> Moment:
        second = where(is_sure, sampled(nu) / correction, 1.0)
        inside, outside = where(is_sure, root, 0.0), where(is_sure, eps, 0.0)
        return Moment(rate, second, inside=inside, outside=outside)

    return _moments(state.nu, moment), _memory(state.count, told)


def _adamax(state: Any, told: Told) -> tuple[dict[str, Moment], Any]:
    """Of scale_by_adamax: rate / nu, where nu = max(beta2 * nu, |g| + eps) has eps in it."""
    rate, eps = told.number("rate"), told.number("eps")
    found = _moments(state.nu, lambda _, nu: Moment(rate, (sampled(nu) - eps) ** 2, outside=eps))
    return found, _memory(state.count, told)


def _amsgrad(state: Any, told: Told) -> tuple[dict[str, Moment], Any]:
    """Of scale_by_amsgrad: rate / (sqrt(nu_max + eps_root) + eps); bias is corrected in nu_max."""
    rate, eps, root = told.number("rate"), told.number("eps"), told.number("eps_root")
    found = _moments(
        state.nu_max, lambda _, nu: Moment(rate, sampled(nu), inside=root, outside=eps)
    )
    return found, _memory(state.count, told)


def _rms(state: Any, told: Told) -> tuple[dict[str, Moment], Any]:
    """Of scale_by_rms and scale_by_stddev, which centre v by the first moment m.

    rate / sqrt(v + eps),   or   rate / (sqrt(v) + eps) with eps_in_sqrt=False
    v = nu / c,   or   nu / c - (mu / c)^2
    c = 1 - beta2^t   with bias_correction=True, and then the state counts;   else c = 1
    """
    rate, eps = told.number("rate"), told.number("eps")
    count = state.count if "count" in state._fields else None  # tuples have a method of this name
    correction = 1.0 if count is None else 1.0 - told.number("beta2") ** count
    means = _arrays(getattr(state, "mu", ()))
    inside, outside = (eps, 0.0) if told.eps_in_sqrt else (0.0, eps)

    def moment(name: str, nu: Any) -> Moment:
        second = sampled(nu) / correction
        if name in means:
            second = second - (sampled(means[name]) / correction) ** 2
        return Moment(rate, second, inside=inside, outside=outside)

    return _moments(state.nu, moment), _memory(count, told)


def _rss(state: Any, told: Told) -> tuple[dict[str, Moment], Any]:
    """Of scale_by_rss: rate / sqrt(sum + eps), and 0 where the sum is 0; it forgets nothing."""
    rate, eps = told.number("rate"), told.number("eps")

    def moment(_: str, total: Any) -> Moment:
        taken = sampled(total)
        return Moment(rate * (taken > 0), taken, inside=eps)

    return _moments(state.sum_of_squares, moment), math.inf


KNOWN: dict[str, Callable[[Any, Told], tuple[dict[str, Moment], Any]]] = {
    "ScaleByAdamState": _adam,
    "ScaleByAmsgradState": _amsgrad,
    "ScaleByRmsState": _rms,
    "ScaleByRmsWithCountState": _rms,
    "ScaleByRStdDevState": _rms,
    "ScaleByRStdDevWithCountState": _rms,
    "ScaleByRssState": _rss,
}
"""States of optax, by the name of their class, with how optax 0.2.8 divides (transform.py). t
counts updates, from 1."""
