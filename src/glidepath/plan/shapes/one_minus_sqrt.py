"""One minus a square root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.shapes.shape import SmoothShape, progress


@final
@dataclass(frozen=True, repr=False)
class OneMinusSqrt(SmoothShape):
    """See `one_minus_sqrt`."""

    name: ClassVar[str] = "one_minus_sqrt"
    maths: ClassVar[str] = "end + (start - end) * (1 - sqrt(p))"

    def check(self) -> None:
        """Any two numbers will do."""

    def weight(self, ticks: Any, total: int, xp: Namespace) -> Any:
        """1 - sqrt(p)."""
        return 1.0 - xp.sqrt(progress(ticks, total))


def one_minus_sqrt(start: float, end: float) -> OneMinusSqrt:
    """Down steeply, then ever more gently: the cool-down of warm-up-stable-decay runs.

        v(p) = end + (start - end) * (1 - sqrt(p)),   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite.
    Source: Hagele et al. 2024, arXiv:2405.18392, section 4.1.
    Example:
        >>> one_minus_sqrt(1.0, 0.0).over("100 steps")(25)
        0.5
    """
    return OneMinusSqrt(start, end)
