"""An amount of training: a number and a unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Integral
from typing import TypeAlias

UNITS = ("steps", "epochs")
SUFFIXES = {"": 1, "k": 10**3, "M": 10**6, "B": 10**9}
_PATTERN = re.compile(r"([+-]?[0-9][0-9_]*(?:\.[0-9]+)?)\s*([kMB]?)\s+([a-z]+)")
_LONGEST_TEXT = 60
_DECIMALS = 12

DurationLike: TypeAlias = "Duration | str | int"


@dataclass(frozen=True)
class Duration:
    """An exact amount of a unit: `Duration.of("10 epochs")`.

    Attributes:
        amount: how many; positive, kept as an exact fraction.
        unit: one of "steps" and "epochs".

    Raises:
        TypeError: if the amount is not a fraction.
        ValueError: if the amount is not positive, has too many decimals or is of part of a step,
            or the unit is unknown.
    """

    amount: Fraction
    unit: str

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Fraction):
            raise TypeError(f'an amount is a Fraction, got {self.amount!r}; use Duration.of("...")')
        if self.unit not in UNITS:
            raise ValueError(
                f"a duration's unit must be one of {', '.join(UNITS)}, got {self.unit!r}"
            )
        if self.amount <= 0:
            raise ValueError(f"a duration must be positive, got {self}")
        if self.unit == "steps" and self.amount.denominator != 1:
            raise ValueError(f"a duration in steps must be a whole number, got {self}")
        if (10**_DECIMALS * self.amount).denominator != 1:
            raise ValueError(
                f"a duration must have at most {_DECIMALS} decimals, got {self.amount}"
            )

    @classmethod
    def of(cls, value: DurationLike) -> Duration:
        """Read what users write: an int is steps, a string is an amount and a unit.

        Raises:
            TypeError: if it is neither a string, an int nor a Duration.
            ValueError: if the string is no duration, or one of part of a step.
        Example:
            >>> Duration.of("1.5M steps")
            Duration.of('1500000 steps')
            >>> Duration.of("1 epoch") == Duration.of("1.0 epochs")
            True
        """
        if isinstance(value, Duration):
            return value
        if isinstance(value, Integral) and not isinstance(value, bool):
            return cls(Fraction(int(value)), "steps")
        if not isinstance(value, str):
            raise TypeError(
                f'a duration must be an int (steps) or a text such as "10 epochs", got {value!r}'
            )
        return cls._parse(value)

    @classmethod
    def _parse(cls, text: str) -> Duration:
        match = _PATTERN.fullmatch(text.strip()) if len(text) <= _LONGEST_TEXT else None
        if match is None:
            raise ValueError(
                f'a duration must be an amount and a unit, such as "1000 steps" or "2.5 epochs", '
                f"got {text[:_LONGEST_TEXT]!r}"
            )
        amount, suffix, unit = match.groups()
        plural = unit if unit.endswith("s") else unit + "s"
        return cls(Fraction(amount.replace("_", "")) * SUFFIXES[suffix], plural)

    def __str__(self) -> str:
        exact = Decimal(self.amount.numerator) / Decimal(self.amount.denominator)
        unit = self.unit[:-1] if self.amount == 1 else self.unit
        return f"{exact:f} {unit}"

    def __repr__(self) -> str:
        return f"Duration.of({str(self)!r})"
