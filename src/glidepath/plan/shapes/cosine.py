"""Half a cosine wave."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

from glidepath.plan.numbers import finite
from glidepath.plan.shapes.shape import Shape


@dataclass(frozen=True, repr=False)
class Cosine(Shape):
    """See `cosine`."""

    start: float = field(metadata={"key": "from"})
    end: float = field(metadata={"key": "to"})
    name: ClassVar[str] = "cosine"

    def __post_init__(self) -> None:
        for end in ("start", "end"):
            object.__setattr__(self, end, finite(end, getattr(self, end)))

    def at(self, ticks: Any, total: int, xp: Any) -> Any:
        """end + (start - end) * (1 + cos(pi p)) / 2, weighted so that both ends are exact."""
        weight = 0.5 * (1.0 + xp.cos(math.pi * (ticks / float(total))))
        return self.start * weight + self.end * (1.0 - weight)


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
