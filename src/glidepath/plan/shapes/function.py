"""A function of the user's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.duration import Duration
from glidepath.plan.shapes.shape import Formula, InTicks, Shape


@final
@dataclass(frozen=True, repr=False)
class Function(Shape):
    """See `from_function`."""

    function: Callable[[int], float]
    name: ClassVar[str] = "from_function"
    maths: ClassVar[str] = "function(t)"

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"`function` must be callable with a step, got {self.function!r}")

    def formula(self, in_ticks: InTicks, parts: int) -> Formula:  # noqa: ARG002
        """The function, of the ticks since the start."""
        return self._at

    def _at(self, ticks: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        return xp.apply(self.function, ticks)

    @property
    def tread(self) -> Duration | None:
        """None: nobody knows."""
        return None

    @property
    def is_whole(self) -> bool:
        """Nobody knows, so no."""
        return False

    @property
    def extremes(self) -> tuple[float, float]:
        """Nobody knows."""
        return math.nan, math.nan

    def __repr__(self) -> str:
        return f"from_function({getattr(self.function, '__qualname__', self.function)})"


def from_function(function: Callable[[int], float]) -> Function:
    """Whatever a function says, of the ticks since the schedule's start.

        v(t) = function(t)

    The function gets a Python int and returns a number. It runs everywhere: for an array it is
    called for each element, and compiled JAX code calls back to Python, which is slow. A plan with
    it can be used, drawn and pickled, but not saved as a file, for a file holds no code.

    Args:
        function: of one int, without side effects.
    Raises:
        TypeError: if it can't be called.
    Example:
        >>> from_function(lambda t: 0.1 / (1 + t)).over(100)(9)
        0.01
    """
    return Function(function)
