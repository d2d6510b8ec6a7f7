"""One thing times another."""

from __future__ import annotations

import math
from typing import Any, ClassVar, final

from glidepath.plan.algebra.together import Together


@final
class Product(Together):
    """Terms and numbers multiplied: `0.1 * schedule`, `a * b`."""

    name: ClassVar[str] = "product"
    symbol: ClassVar[str] = "*"
    part_name: ClassVar[str] = "factor"

    @staticmethod
    def combine(one: Any, other: Any) -> Any:
        """Their product."""
        return one * other

    @property
    def extremes(self) -> tuple[float, float]:
        """Of the products of all ends."""
        low, high = 1.0, 1.0
        for ends in self.ends:
            products = [a * b if a and b else 0.0 for a in (low, high) for b in ends]
            if any(map(math.isnan, products)):
                return math.nan, math.nan
            low, high = min(products), max(products)
        return low, high
