"""Models, layers and optimizers of Keras, by their variables."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def has_variables(thing: Any) -> bool:
    """Whether it is of Keras, and holds variables or is one."""
    keras = sys.modules.get("keras")
    if keras is None or not hasattr(keras, "Variable"):  # none, or Keras 2
        return False
    kinds = (keras.Layer, keras.Optimizer, keras.Metric, keras.Variable, keras.random.SeedGenerator)
    return isinstance(thing, kinds)


def kept(things: Sequence[Any]) -> Callable[[], None]:
    """What puts things of Keras back.

    An optimizer inside of a model, that has not been built, is built, as the first update would.

    Raises:
        ValueError: if a model, a layer or an optimizer has not been built, and so has no variables.
    """
    for thing in things:
        _build(thing)
    variables = {id(one): one for thing in things for one in _variables(thing)}
    values = [(one, _value(one)) for one in variables.values()]

    def restore() -> None:
        for thing in things:
            if hasattr(thing, "reset_metrics"):  # some metrics make their variables when first used
                thing.reset_metrics()
        for variable, value in values:
            variable.assign(value)

    return restore


def _build(thing: Any) -> None:
    name = type(thing).__name__
    if getattr(thing, "built", True):
        optimizer = getattr(thing, "optimizer", None)
        if optimizer is not None and not optimizer.built:
            optimizer.build(thing.trainable_variables)
        return
    if hasattr(thing, "apply_gradients"):
        raise ValueError(
            f"`state` has a {name} that has not been built, so that it can't be put back: call "
            "optimizer.build(model.trainable_variables) first"
        )
    raise ValueError(
        f"`state` has a {name} that has not been built, so that it can't be put back: call it on a "
        "batch first, or begin with keras.Input(...)"
    )


def _variables(thing: Any) -> Iterator[Any]:
    """All of its variables: weights, random seeds, metrics, and those of its optimizer."""
    if isinstance(thing, sys.modules["keras"].Variable):
        yield thing
    elif not hasattr(thing, "variables"):
        yield thing.state
    else:
        yield from thing.variables
        yield from getattr(thing, "metrics_variables", ())
        optimizer = getattr(thing, "optimizer", None)
        yield from optimizer.variables if optimizer is not None else ()


def _value(variable: Any) -> Any:
    import numpy as np

    return np.array(sys.modules["keras"].ops.convert_to_numpy(variable.value))
