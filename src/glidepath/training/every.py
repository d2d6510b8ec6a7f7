"""How often: after so many updates, or after so much time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([dhms])")


@dataclass(frozen=True)
class Every:
    """A distance between two things that are done again and again.

    Attributes:
        steps: updates, or None.
        seconds: of a clock, or None; one of the two is given.
    """

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("one of `steps` and `seconds` must be given, and not the other")
        if self.steps is not None and self.steps < 1:
            raise ValueError(f"`steps` must be at least 1, got {self.steps}")
        if self.seconds is not None and not self.seconds > 0:
            raise ValueError(f"`seconds` must be above 0, got {self.seconds}")

    @classmethod
    def read(cls, text: str) -> Self:
        """From a text: "200" updates, or a time such as "10m" or "1h30m".

        Raises:
            ValueError: if it is neither.
        """
        digits = text.replace(",", "").replace("_", "").strip()
        if digits.isdecimal() and digits.isascii():
            return cls(steps=int(digits))
        try:
            return cls(seconds=read_time(text))
        except ValueError as error:
            raise ValueError(f"{error}; or a number of updates, such as 200") from None

    def __str__(self) -> str:
        return f"{self.steps} updates" if self.seconds is None else f"{self.seconds:g} s"


def read_time(text: str) -> float:
    """The seconds of a time such as "3h50m", "90m", "2d" or "1.5h".

    Raises:
        ValueError: if it is none, or 0.
    """
    parts = _PART.findall(text)
    units = [unit for _, unit in parts]
    rest = _PART.sub("", text).strip()
    seconds = sum(float(number) * SECONDS[unit] for number, unit in parts)
    if rest or units != sorted(set(units), key="dhms".index) or not seconds:
        raise ValueError(f"a time must be like 3h50m, 90m, 45s or 2d, got {text!r}")
    return seconds
