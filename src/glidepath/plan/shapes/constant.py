"""A value that does not change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, final

from glidepath.plan.arrays import Namespace
from glidepath.plan.duration import Duration
from glidepath.plan.numbers import finite_as_given
from glidepath.plan.shapes.shape import Formula, InTicks, Shape


@final
@dataclass(frozen=True, repr=False)
class Constant(Shape):
    """See `constant`."""

    value: float | int
    name: ClassVar[str] = "constant"
    maths: ClassVar[str] = "value"

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", finite_as_given("value", self.value))

    def formula(self, in_ticks: InTicks, parts: int) -> Formula:  # noqa: ARG002
        """The value, whatever the time."""
        return self._at

    def _at(self, ticks: Any, total: int, xp: Namespace) -> Any:  # noqa: ARG002
        return self.value

    @property
    def tread(self) -> Duration | None:
        """None: it has no stairs."""
        return None

    @property
    def is_whole(self) -> bool:
        """Whether the value was given as a whole number."""
        return isinstance(self.value, int)

    @property
    def extremes(self) -> tuple[float, float]:
        """The value, twice."""
        return float(self.value), float(self.value)


def constant(value: float) -> Constant:
    """The same value throughout.

        v = value

    Args:
        value: in the unit of the scheduled quantity.
    Raises:
        TypeError: if it is not a number.
        ValueError: if it is not finite.
    Example:
        >>> constant(3e-7).over("10 steps")(5)
        3e-07
    """
    return Constant(value)
