"""A straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.shapes.shape import Transition, progress


@final
@dataclass(frozen=True, repr=False)
class Linear(Transition):
    """See `linear`."""

    name: ClassVar[str] = "linear"
    maths: ClassVar[str] = "start + (end - start) * p"

    def check(self) -> None:
        """Any two numbers will do."""

    def value(self, ticks: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        """start * (1 - p) + end * p, which gives both ends exactly."""
        p = progress(ticks, total)
        return self.start * (1.0 - p) + self.end * p


def linear(start: float, end: float) -> Linear:
    """A straight line from `start` to `end`.

        v(p) = start + (end - start) * p,   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
    Raises:
        TypeError: if a number is none.
        ValueError: if a number is not finite.
    Example:
        >>> linear(0.0, 1e-3).over("1000 steps")(500)
        0.0005
    """
    return Linear(start, end)
