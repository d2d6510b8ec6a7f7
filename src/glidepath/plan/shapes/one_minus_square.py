"""One minus a square."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.shapes.shape import SmoothShape, progress


@final
@dataclass(frozen=True, repr=False)
class OneMinusSquare(SmoothShape):
    """See `one_minus_square`."""

    name: ClassVar[str] = "one_minus_square"
    maths: ClassVar[str] = "end + (start - end) * (1 - p ** 2)"

    def check(self) -> None:
        """Any two numbers will do."""

    def weight(self, ticks: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        """1 - p ** 2."""
        return 1.0 - progress(ticks, total) ** 2


def one_minus_square(start: float, end: float) -> OneMinusSquare:
    """Down gently, then ever more steeply.

        v(p) = end + (start - end) * (1 - p ** 2),   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite.
    Source: Hagele et al. 2024, arXiv:2405.18392, appendix A.1.
    Example:
        >>> one_minus_square(1.0, 0.0).over("10 steps")(5)
        0.75
    """
    return OneMinusSquare(start, end)
