"""Reflected exponential."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.shapes.shape import SmoothShape, remaining


@final
@dataclass(frozen=True, repr=False)
class Rex(SmoothShape):
    """See `rex`."""

    name: ClassVar[str] = "rex"
    maths: ClassVar[str] = "end + (start - end) * (1 - p) / (1 - p / 2)"

    def check(self) -> None:
        """Any two numbers will do."""

    def weight(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """(1 - p) / (1 - p / 2), by what remains."""
        left = remaining(ticks, total, xp)
        return left / (0.5 + 0.5 * left)


def rex(start: float, end: float) -> Rex:
    """REX: slowly at first, steeply at the end; made for small budgets.

        v(p) = end + (start - end) * (1 - p) / (1 - p / 2),   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite.
    Source: Chen, Wolfe and Kyrillidis 2021, arXiv:2107.04197, eq. 3.
    Example:
        >>> rex(3.0, 0.0).over("10 steps")(5)
        2.0
    """
    return Rex(start, end)
