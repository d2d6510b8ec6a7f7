"""A straight line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from glidepath.plan.numbers import finite
from glidepath.plan.shapes.shape import Shape


@dataclass(frozen=True, repr=False)
class Linear(Shape):
    """See `linear`."""

    start: float = field(metadata={"key": "from"})
    end: float = field(metadata={"key": "to"})
    name: ClassVar[str] = "linear"

    def __post_init__(self) -> None:
        for end in ("start", "end"):
            object.__setattr__(self, end, finite(end, getattr(self, end)))

    def at(self, ticks: Any, total: int, xp: Any) -> Any:  # noqa: ARG002
        """start + (end - start) * p, weighted so that both ends come out exactly."""
        progress = ticks / float(total)
        return self.start * (1.0 - progress) + self.end * progress


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
