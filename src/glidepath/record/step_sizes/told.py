"""Numbers of an optax optimizer, most of which its state does not hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

NAMES = {
    "rate": ("lr", "learning_rate"),
    "beta2": ("beta2", "b2", "decay"),
    "eps": ("eps",),
    "eps_root": ("eps_root",),
}
"""What glidepath and optax call them where a state does hold them."""


@dataclass(frozen=True)
class Told:
    """What was told of an optimizer, and what the states around its second moment say.

    Attributes:
        rate, beta2, eps, eps_root, eps_in_sqrt, count, variant: as in `step_sizes`.
        values: by the names of a plan or of optax, from the states around.
        label: of the part of `optax.multi_transform` that it is in, or "".
        counted: updates done, as the states around count them, or None.
    """

    rate: Any = None
    beta2: Any = None
    eps: Any = None
    eps_root: Any = None
    eps_in_sqrt: bool = True
    count: Any = None
    variant: str = "adam"
    values: Mapping[str, Any] = field(default_factory=dict)
    label: str = ""
    counted: Any = None

    def within(self, values: Mapping[str, Any], counted: Any) -> Told:
        """The same inside of a state that holds values."""
        return replace(self, values=dict(self.values) | dict(values), counted=counted)

    def labelled(self, label: str) -> Told:
        """The same inside of a part of `optax.multi_transform`."""
        return replace(self, label=label)

    def number(self, name: str) -> Any:
        """One number: what was given, or what a state says.

        Raises:
            TypeError: if neither is known.
        """
        given = getattr(self, name)
        if isinstance(given, Mapping):
            given = given.get(self.label)
        if given is not None:
            return given
        for key in NAMES[name]:
            for of_label in (f"{key}.{self.label}", key):
                if of_label in self.values:
                    return self.values[of_label]
        if name == "eps_root":
            return 0.0
        where = f" for {self.label!r}" if isinstance(getattr(self, name), Mapping) else ""
        raise TypeError(
            f"`{name}` must be given{where}: this state does not hold it; give what the optimizer "
            f"was made with, {DEFAULTS[name]}"
        )


DEFAULTS = {
    "rate": "the learning rate of the last update",
    "beta2": "optax's default is 0.999 for Adam and 0.9 for RMSprop",
    "eps": "optax's default is 1e-8, and 1e-7 for AdaGrad",
}
