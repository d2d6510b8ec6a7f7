"""What an optimizer's constant may be: a number, or one of a few words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias, final

from glidepath.plan.numbers import finite
from glidepath.plan.quantities import QUANTITIES, nearest

Given: TypeAlias = float | str | bool
"""A constant's value."""


@final
@dataclass(frozen=True)
class Number:
    """A constant that is a number.

    Attributes:
        name: as it is written in plans.
        default: what holds where it is not given; None for what is then not done at all.
        meaning: what it is.
        below: what it has to be smaller than.
        is_positive: whether 0 makes no sense, either; nothing below 0 ever does.
    """

    name: str
    default: float | None
    meaning: str
    below: float = math.inf
    is_positive: bool = False

    def check(self, value: object) -> float:
        """`value` as a float.

        Raises:
            TypeError, ValueError: if it is none, or out of range.
        """
        try:
            number = finite(self.name, value)
        except TypeError as error:
            changes = self.name in QUANTITIES and not isinstance(value, str | bool)
            hint = f"; what changes is the plan's: Plan(..., {self.name}=...)" if changes else ""
            raise TypeError(f"{error}{hint}") from None
        if number < 0 or number >= self.below or (self.is_positive and number == 0):
            raise ValueError(f"`{self.name}` must be {self.range}, got {number:g}")
        return number

    @property
    def range(self) -> str:
        """In words, such as "at least 0 and below 1"."""
        least = "above 0" if self.is_positive else "at least 0"
        return least if self.below == math.inf else f"{least} and below {self.below:g}"


@final
@dataclass(frozen=True)
class Choice:
    """A constant that is one of a few words, or yes or no.

    Attributes:
        name: as it is written in plans.
        default: what holds where it is not given.
        meaning: what it is.
        choices: what it can be.
    """

    name: str
    default: str | bool
    meaning: str
    choices: tuple[str | bool, ...]

    def check(self, value: object) -> str | bool:
        """`value` as it is.

        Raises:
            ValueError: if it is none of the choices.
        """
        for choice in self.choices:
            if value == choice and type(value) is type(choice):
                return choice
        words = [choice for choice in self.choices if isinstance(choice, str)]
        hint = f"; {nearest(value, words)}" if words and isinstance(value, str) else ""
        raise ValueError(f"`{self.name}` must be one of {self.range}, got {value!r}{hint}")

    @property
    def range(self) -> str:
        """In words, such as "'all', 'matrices'"."""
        return ", ".join(map(repr, self.choices))


Constant: TypeAlias = Number | Choice


def beta1(
    default: float = 0.9, meaning: str = QUANTITIES["beta1"].meaning, *, is_positive: bool = False
) -> Number:
    """The decay of the first moment."""
    return Number("beta1", default, meaning, below=1.0, is_positive=is_positive)


def beta2(default: float = 0.999) -> Number:
    """The decay of the second moment."""
    return Number("beta2", default, QUANTITIES["beta2"].meaning, below=1.0)


def eps(default: float = 1e-8, meaning: str = QUANTITIES["eps"].meaning) -> Number:
    """What keeps a division from being one by 0."""
    return Number("eps", default, meaning)


def momentum(
    default: float = 0.9,
    meaning: str = QUANTITIES["momentum"].meaning,
    *,
    is_positive: bool = False,
) -> Number:
    """How much of the momentum an update keeps."""
    return Number("momentum", default, meaning, below=1.0, is_positive=is_positive)


DECAYS = Choice(
    "decays",
    "all",
    "which parameters decay: all, or those of 2 or more dimensions, so no biases and norms",
    ("all", "matrices"),
)

CLIP = Number("clip", None, QUANTITIES["clip"].meaning, is_positive=True)


def decay(default: float = 0.0, meaning: str = QUANTITIES["weight_decay"].meaning) -> tuple[
    Number, Choice
]:  # fmt: skip
    """Weight decay, and what it acts on."""
    return Number("weight_decay", default, meaning), DECAYS
