"""An amount of training: a number and a unit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from numbers import Integral
from typing import TypeAlias

PERCENT = "%"
REST = "rest"
UNITS = ("steps", "epochs", "samples", "tokens", PERCENT, REST)
WHOLE_UNITS = ("steps", "samples", "tokens")
SUFFIXES = {"": 1, "k": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_NUMBER = r"([+-]?[0-9][0-9_]*(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,2})?)"
_PATTERN = re.compile(_NUMBER + r"\s*(?:([kMBT]?)\s*([a-z]+)|()(%))", re.ASCII)
_LONGEST_TEXT = 60
_DECIMALS = 12
LARGEST = 10**30

DurationLike: TypeAlias = "Duration | str | int"


@dataclass(frozen=True)
class Duration:
    """An exact amount of a unit: `Duration.of("10 epochs")`.

    Attributes:
        amount: how many; positive, kept as an exact fraction.
        unit: one of "steps", "epochs", "samples", "tokens", "%" (of the run's total steps) and
            "rest" (of the run, of which there is one).

    Raises:
        TypeError: if the amount is not a fraction.
        ValueError: if the amount is not positive, has too many decimals or is of part of a step,
            or the unit is unknown, or it is more than the whole run.
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
        if self.amount > LARGEST:
            raise ValueError(f"a duration must be at most {LARGEST:.0e} {self.unit}")
        if self.unit in WHOLE_UNITS and self.amount.denominator != 1:
            raise ValueError(f"a duration in {self.unit} must be a whole number, got {self}")
        if self.unit == PERCENT and self.amount > 100:
            raise ValueError(f"a duration must be at most 100% of the run, got {self}")
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
        if text.strip() == REST:
            return cls(Fraction(1), REST)
        match = _PATTERN.fullmatch(text.strip()) if len(text) <= _LONGEST_TEXT else None
        if match is None:
            raise ValueError(
                'a duration must be an amount and a unit, such as "1000 steps", "2.5 epochs", '
                f'"5M samples", "1.2B tokens" or "20%", got {text[:_LONGEST_TEXT]!r}'
            )
        amount, suffix, unit, _, percent = match.groups()
        plural = percent or (unit if unit.endswith("s") else unit + "s")
        return cls(Fraction(amount.replace("_", "")) * SUFFIXES[suffix or ""], plural)

    def __str__(self) -> str:
        if self.unit == REST:
            return REST
        with localcontext(prec=50):
            exact = Decimal(self.amount.numerator) / Decimal(self.amount.denominator)
        if self.unit == PERCENT:
            return f"{exact:f}%"
        return f"{exact:f} {self.unit[:-1] if self.amount == 1 else self.unit}"

    def __repr__(self) -> str:
        return f"Duration.of({str(self)!r})"
