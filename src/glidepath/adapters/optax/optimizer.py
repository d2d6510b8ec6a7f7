"""The optimizer that a plan names, in optax."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import optax

from glidepath.adapters.optax.masks import mask_of
from glidepath.adapters.optimizers import TABLE
from glidepath.plan import Optimizer

OFF_AT_0 = {"sgd": "weight_decay", "momentum": "weight_decay", "nesterov": "weight_decay",
            "rmsprop": "momentum", "adafactor": "weight_decay"}  # fmt: skip
"""A constant that at 0 is not passed on at all: what it needs costs memory, or the parameters."""


@dataclass(frozen=True)
class Factory:
    """What makes an optimizer of optax from numbers, which may be traced: `make(**arguments)`.

    The gradients that it gets are clipped already, if they are: `clip` is not among its arguments.

    Attributes:
        make: the factory.
        constants: its arguments that hold throughout.
        arguments: what it calls `lr` and every other constant of ours; of these, those that follow
            a plan are given anew at each update.
    """

    make: Callable[..., optax.GradientTransformation]
    constants: Mapping[str, Any]
    arguments: Mapping[str, str]

    def __call__(self, **values: Any) -> optax.GradientTransformation:
        """The optimizer with these values, by our names; what is not given holds throughout."""
        given = {self.arguments[name]: value for name, value in values.items()}
        return self.make(**dict(self.constants) | given)


def factory_of(optimizer: Optimizer) -> Factory:
    """What makes an optimizer in optax.

    Args:
        optimizer: of a plan.
    Raises:
        ValueError: if optax can't do what it says.
    Example:
        >>> factory = factory_of(Optimizer("adamw", beta2=0.95))
        >>> factory.arguments["beta2"], factory.constants["b2"]
        ('b2', 0.95)
        >>> transformation = factory(lr=1e-3)
    """
    name, peer = optimizer.name, TABLE[optimizer.name].optax
    constants = dict(peer.fixed)
    for constant, value in optimizer.settings().items():
        if constant == "decays":
            constants |= _mask(name, value, peer.arguments.get("decays"))
        elif constant != "clip" and (value or OFF_AT_0.get(name) != constant):
            constants[peer.arguments[constant]] = value
    arguments = {key: one for key, one in peer.arguments.items() if key != "decays"}
    return Factory(MADE.get(name, peer.load()), constants, arguments)


def _mask(name: str, decays: str, argument: str | None) -> dict[str, Any]:
    mask = mask_of(decays)
    if mask is None:
        return {}
    if argument is None:
        raise ValueError(
            f"optax's {name} takes no mask for its decay: leave decays={decays!r} out, or "
            "weight_decay at 0"
        )
    return {argument: mask}


def _sgd(
    *, learning_rate: Any, weight_decay: Any = None, mask: Any = None, **rest: Any
) -> optax.GradientTransformation:
    """With the decay added to the gradient, as torch has it."""
    sgd = optax.sgd(learning_rate, **rest)
    return sgd if weight_decay is None else optax.chain(
        optax.add_decayed_weights(weight_decay, mask), sgd
    )  # fmt: skip


def _adagrad(*, eps: Any, **rest: Any) -> optax.GradientTransformation:
    """With eps as what is added to the root, of which its square inside is the nearest."""
    return optax.adagrad(eps=eps * eps, **rest)


def _rmsprop(*, learning_rate: Any, **rest: Any) -> optax.GradientTransformation:
    """With the rate after the momentum, which is then one of gradients, not of old rates, too."""
    return optax.chain(optax.rmsprop(1.0, **rest), optax.scale(learning_rate))


def _adafactor(
    *, learning_rate: Any, eps: Any, weight_decay_rate: Any = None, **rest: Any
) -> optax.GradientTransformation:
    """With a decay that is multiplied by the rate, as AdamW's is."""
    decay = None if weight_decay_rate is None else learning_rate * weight_decay_rate
    return optax.adafactor(learning_rate, eps=eps * eps, weight_decay_rate=decay, **rest)


def _schedule_free_adamw(
    *, b2: Any, eps: Any, **rest: Any
) -> optax.GradientTransformationExtraArgs:
    """With a mask for the decay."""
    adam = optax.scale_by_rms(decay=b2, eps=eps, eps_in_sqrt=False, bias_correction=True)
    return _schedule_free(adam, **rest)


def _schedule_free(
    scale: optax.GradientTransformation | None = None, *, learning_rate: Any, b1: Any,
    weight_lr_power: float, weight_decay: Any, mask: Any = None,
) -> optax.GradientTransformationExtraArgs:  # fmt: skip
    base = optax.chain(
        optax.identity() if scale is None else scale,
        optax.add_decayed_weights(weight_decay, mask),
        optax.scale_by_learning_rate(learning_rate),
    )
    return optax.contrib.schedule_free(base, learning_rate, b1, weight_lr_power)


def _prodigy(*, b1: Any, b2: Any, **rest: Any) -> optax.GradientTransformation:
    """With its betas as two numbers."""
    return optax.contrib.prodigy(betas=(b1, b2), **rest)


MADE: dict[str, Callable[..., optax.GradientTransformation]] = {
    "sgd": _sgd,
    "momentum": _sgd,
    "nesterov": _sgd,
    "adagrad": _adagrad,
    "rmsprop": _rmsprop,
    "adafactor": _adafactor,
    "schedule_free_adamw": _schedule_free_adamw,
    "schedule_free_sgd": _schedule_free,
    "prodigy": _prodigy,
}
"""What is put around optax's own, where that alone is another algorithm than torch's."""
