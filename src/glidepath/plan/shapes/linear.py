"""A straight line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.shapes.shape import SmoothShape


@final
@dataclass(frozen=True, repr=False)
class Linear(SmoothShape):
    """See `linear`."""

    name: ClassVar[str] = "linear"

    def weight(self, progress: Any, xp: Any) -> Any:  # noqa: ARG002
        """1 - p."""
        return 1.0 - progress


def linear(start: float, end: float) -> Linear:
    """A straight line from `start` to `end`.

        v(p) = start + (end - start) * p,   p in [0, 1]

    Args:
        start: value at the first step, in the unit of the scheduled quantity.
        end: value approached at the last.
    Raises:
        TypeError: if either is not a number.
        ValueError: if either is not finite.
    Example:
        >>> linear(0.0, 1e-3).over("1000 steps")(500)
        0.0005
    """
    return Linear(start, end)
