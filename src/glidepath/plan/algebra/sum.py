"""One thing on top of another."""

from __future__ import annotations

from typing import Any, ClassVar, final

from glidepath.plan.algebra.together import Together


@final
class Sum(Together):
    """Terms and numbers added up: `floor + schedule`, `a + b`."""

    name: ClassVar[str] = "sum"
    symbol: ClassVar[str] = "+"
    part_name: ClassVar[str] = "summand"

    @staticmethod
    def combine(one: Any, other: Any) -> Any:
        """Their sum."""
        return one + other

    @property
    def extremes(self) -> tuple[float, float]:
        """The sums of the lowest and of the highest ends, no closer bounds."""
        lows, highs = zip(*self.ends, strict=True)
        return sum(lows), sum(highs)
