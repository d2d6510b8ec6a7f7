"""Half a cosine wave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.shapes.shape import SmoothShape


@final
@dataclass(frozen=True, repr=False)
class Cosine(SmoothShape):
    """See `cosine`."""

    name: ClassVar[str] = "cosine"

    def weight(self, progress: Any, xp: Any) -> Any:
        """(1 + cos(pi p)) / 2."""
        return 0.5 * (1.0 + xp.cos(math.pi * progress))


def cosine(start: float, end: float) -> Cosine:
    """Half a cosine wave from `start` to `end`.

        v(p) = end + (start - end) * (1 + cos(pi * p)) / 2,   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
    Raises:
        TypeError: if either is not a number.
        ValueError: if either is not finite.
    Source: Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts.
    Example:
        >>> cosine(1.0, 0.0).over("10 steps")(5)
        0.5
    """
    return Cosine(start, end)
