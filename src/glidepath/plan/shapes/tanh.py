"""A hyperbolic tangent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.numbers import finite
from glidepath.plan.shapes.shape import SmoothShape

LARGEST_BOUND = 40
"""Beyond it, exp leaves float32, and long before it the tangent is flat."""


@final
@dataclass(frozen=True, repr=False)
class Tanh(SmoothShape):
    """See `tanh`."""

    lower: float = field(default=-6.0, kw_only=True)
    upper: float = field(default=3.0, kw_only=True)
    name: ClassVar[str] = "tanh"
    maths: ClassVar[str] = "end + (start - end) * (1 - tanh(lower + (upper - lower) * p)) / 2"

    def check(self) -> None:
        """`lower` lies below `upper`."""
        for name in ("lower", "upper"):
            object.__setattr__(self, name, finite(name, getattr(self, name)))
        if not self.lower < self.upper <= LARGEST_BOUND:
            raise ValueError(
                f"`lower` must be below `upper`, and that at most {LARGEST_BOUND}, got "
                f"{self.lower} and {self.upper}"
            )

    def weight(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """(1 - tanh(x)) / 2 as 1 / (1 + exp(2 x)), which libraries round alike.

        x is counted from the tick at which it crosses 0: there the curve is steepest, and an x
        that was rounded as the sum of two larger numbers would show.
        """
        span = self.upper - self.lower
        crossing = min(max(round(-self.lower / span * total), 0), total, xp.largest)
        rest = self.lower + span * crossing / total
        x = span * ((ticks - crossing) / float(total)) + rest
        return 1.0 / (1.0 + xp.exp(2.0 * x))


def tanh(start: float, end: float, *, lower: float = -6.0, upper: float = 3.0) -> Tanh:
    """Hyperbolic-tangent decay: flat, a slope, flat.

        v(p) = end + (start - end) * (1 - tanh(lower + (upper - lower) * p)) / 2,   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
        lower: where on the tangent it begins; the first value is `start` but for
            (1 + tanh(lower)) / 2 of the way, 6e-6 for -6.
        upper: where it ends; what is left of the start is (1 - tanh(upper)) / 2, 0.002 for 3.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite, or `lower` is not below `upper`.
    Source: Hsueh, Li and Wu 2019, arXiv:1806.01593 (HTD), eq. 3.
    Example:
        >>> tanh(1.0, 0.0, lower=-3, upper=3).over("10 steps")(5)
        0.5
    """
    return Tanh(start, end, lower=lower, upper=upper)
