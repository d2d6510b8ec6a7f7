"""The optimizer that a plan names, with its constants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

from glidepath.plan.algorithms import ALGORITHMS, Algorithm
from glidepath.plan.optimizer_constants import Given
from glidepath.plan.quantities import nearest
from glidepath.plan.values import quantity_of

OPTIMIZERS_OWN = ("weight_decay", "momentum", "beta1", "beta2", "eps")
"""Quantities of a plan that only an optimizer can follow; `lr` and `clip` are everybody's."""


class OptimizerError(ValueError):
    """What is wrong with an optimizer; `constant` is the one that it is about, or "name"."""

    def __init__(self, message: str, constant: str) -> None:
        super().__init__(message)
        self.constant = constant


@final
@dataclass(frozen=True, init=False, repr=False)
class Optimizer:
    """An optimizer by name, with constants: `Optimizer("adamw", beta2=0.95, clip=1.0)`.

    Its rate is the plan's, and so is any number of it that changes over the run.

    Attributes:
        name: one of sgd, momentum, nesterov, adagrad, rmsprop, adam, adamw, adafactor, lion, lamb,
            muon, schedule_free_adamw, schedule_free_sgd and prodigy.
        constants: (name, value) pairs of those that were given, by name.

    Example:
        >>> optimizer = Optimizer("adamw", beta2=0.95, decays="matrices")
        >>> optimizer["beta2"], optimizer["eps"]
        (0.95, 1e-08)
    """

    name: str
    constants: tuple[tuple[str, Given], ...]

    def __init__(self, name: str, **constants: object) -> None:
        """Check and keep.

        Args:
            name: of the algorithm.
            **constants: numbers of it that hold throughout, such as `beta1`, `beta2`, `eps`,
                `weight_decay` and `momentum`; `clip`, the largest global norm of the gradients;
                and `decays`, "all" or "matrices".
        Raises:
            TypeError: if the name is no text, or a constant no number.
            ValueError: if there is no such optimizer, it has no such constant, or a value is out
                of range.
        """
        algorithm = algorithm_of(name)
        given = {key: check_constant(algorithm, key, value) for key, value in constants.items()}
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "constants", tuple(sorted(given.items())))

    @property
    def algorithm(self) -> Algorithm:
        """What it does."""
        return ALGORITHMS[self.name]

    def settings(self) -> dict[str, Any]:
        """Every constant by name: as given, else its default; `clip` is None where none is."""
        defaults = {name: one.default for name, one in self.algorithm.constants.items()}
        return defaults | dict(self.constants)

    def __getitem__(self, constant: str) -> Any:
        """A constant: as given, else its default.

        Raises:
            KeyError: if the optimizer has no such constant.
        """
        return self.settings()[constant]

    def check(self, keys: Iterable[str]) -> None:
        """Refuse what a plan gives twice, or gives to an optimizer that has no use for it.

        Args:
            keys: of the plan: its quantities, those of groups as `quantity.group`.
        Raises:
            OptimizerError: naming the quantity.
        """
        for quantity in map(quantity_of, keys):
            if quantity in dict(self.constants):
                raise OptimizerError(
                    f"`{quantity}` is a constant of the optimizer and a quantity of the plan: "
                    "give it once",
                    quantity,
                )
            if quantity in OPTIMIZERS_OWN and quantity not in self.algorithm.constants:
                raise OptimizerError(_lacks(self.algorithm, quantity), "name")

    def as_table(self) -> dict[str, Any]:
        """As it stands in a file."""
        return {"name": self.name, **dict(self.constants)}

    def __repr__(self) -> str:
        constants = "".join(f", {name}={value!r}" for name, value in self.constants)
        return f"Optimizer({self.name!r}{constants})"


def algorithm_of(name: object) -> Algorithm:
    """The algorithm of a name.

    Raises:
        TypeError: if it is no text.
        OptimizerError: if there is none, with the nearest.
    """
    if not isinstance(name, str):
        raise TypeError(f'an optimizer\'s name is a text such as "adamw", got {name!r}')
    if name not in ALGORITHMS:
        hint = nearest(name.lower(), list(ALGORITHMS))
        raise OptimizerError(f"`{name}` is no optimizer that is known here: {hint}", "name")
    return ALGORITHMS[name]


def check_constant(algorithm: Algorithm, name: str, value: object) -> Given:
    """A constant's value, checked.

    Raises:
        TypeError: if it is no number.
        ValueError: if the algorithm has no such constant, or the value is out of range.
    """
    constant = algorithm.constants.get(name)
    if constant is None:
        raise OptimizerError(_lacks(algorithm, name), name)
    return constant.check(value)


def _lacks(algorithm: Algorithm, name: str) -> str:
    if name == "lr":
        return "`lr` is the plan's, no constant of its optimizer: Plan(..., lr=...)"
    hint = algorithm.instead if name == "weight_decay" else ""
    if name == "betas" and "beta1" in algorithm.constants:
        hint = "they are `beta1` and `beta2` here"
    return f"`{algorithm.name}` has no `{name}`: {hint or nearest(name, [*algorithm.constants])}"


def as_optimizer(given: object) -> Optimizer | None:
    """What a user gives as a plan's optimizer: one, its name, or None.

    Raises:
        TypeError: if it is none of these.
        OptimizerError: if there is no optimizer of that name.
    """
    if isinstance(given, str):
        return Optimizer(given)
    if not isinstance(given, Optimizer | None):
        raise TypeError(
            f'`optimizer` must be such as Optimizer("adamw", beta2=0.95), or a name, got {given!r}'
        )
    return given
