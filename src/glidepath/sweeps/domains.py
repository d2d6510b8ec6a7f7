"""What a value of a sweep may be: a range of numbers, or one of a list."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

Scalar = str | bool | int | float
"""What a sweep puts into a plan or a configuration."""


@dataclass(frozen=True)
class Range:
    """Numbers from one to another, both included; whole ones where both ends are.

    Attributes:
        low: the smallest.
        high: the largest.
        log: whether ratios count, and not differences.
        step: the distance between two; None for any.
    Raises:
        ValueError: if there is nothing to choose from, or the logarithm is not defined.
    """

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"`low` must be below `high`, got {self.low!r} and {self.high!r}")
        if self.log and self.low <= 0:
            raise ValueError(f"`low` must be above 0 with `log = true`, got {self.low!r}")
        if self.step is not None:
            self._check_step(self.step)

    def _check_step(self, step: int | float) -> None:
        if self.log:
            raise ValueError("`step` and `log = true` exclude each other: leave one of them out")
        if step <= 0:
            raise ValueError(f"`step` must be above 0, got {step!r}")
        num_steps = (self.high - self.low) / step
        if not math.isclose(num_steps, round(num_steps), abs_tol=1e-9):
            raise ValueError(
                f"`high` must be a whole number of steps above `low`, got {num_steps:g} of them "
                f"from {self.low!r} to {self.high!r} by {step!r}"
            )

    @property
    def is_whole(self) -> bool:
        """Whether only whole numbers are chosen."""
        ends = (self.low, self.high, self.low if self.step is None else self.step)
        return all(isinstance(one, int) for one in ends)

    def corners(self) -> list[Scalar]:
        """Its ends."""
        return [self.low, self.high]

    def draw(self, source: random.Random) -> Scalar:
        """One of its values at random."""
        if self.step is not None:
            return self.low + self.step * source.randint(
                0, round((self.high - self.low) / self.step)
            )
        if self.log:
            drawn = math.exp(source.uniform(math.log(self.low), math.log(self.high)))
        else:
            drawn = source.uniform(self.low, self.high)
        drawn = min(max(drawn, self.low), self.high)
        return round(drawn) if self.is_whole else drawn


@dataclass(frozen=True)
class Choices:
    """One of a list.

    Attributes:
        values: two at least, each once.
    Raises:
        ValueError: if there is nothing to choose from.
    """

    values: tuple[Scalar, ...]

    def __post_init__(self) -> None:
        if len(self.values) < 2:
            raise ValueError(
                f"a list needs two values at least, got {len(self.values)}; one that does not vary "
                "stands in [set]"
            )
        if any(one in self.values[:place] for place, one in enumerate(self.values)):
            raise ValueError(
                f"each value must stand once, got {list(self.values)}; true is 1, and 0 is 0.0"
            )

    def corners(self) -> list[Scalar]:
        """All of them."""
        return list(self.values)

    def draw(self, source: random.Random) -> Scalar:
        """One at random."""
        return source.choice(self.values)


Domain = Range | Choices
