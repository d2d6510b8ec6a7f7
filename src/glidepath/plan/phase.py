"""A named stretch of training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

from glidepath.plan.algebra import Segment
from glidepath.plan.duration import REST, Duration, DurationLike
from glidepath.plan.plateau import Plateau
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import Constant, Shape
from glidepath.plan.values import Values, as_arguments, named_values


@final
@dataclass(frozen=True, init=False, repr=False)
class Phase:
    """A stretch in which each quantity follows its own curve: `Phase("decay", 1000, lr=0.1)`.

    Attributes:
        name: what it is called.
        duration: how long it lasts, or at most lasts.
        at: "start" or "end", as in `Shape.over`.
        per: "step" or "epoch", as in `Shape.over`.
        until: the condition that ends it before its time, if there is one.
        values: (key, value) pairs, by key.
    """

    name: str
    duration: Duration
    at: str
    per: str
    until: Plateau | None
    values: Values

    def __init__(
        self,
        name: str,
        duration: DurationLike,
        *,
        at: str = "start",
        per: str = "step",
        until: Plateau | None = None,
        **values: object,
    ) -> None:
        """Check and keep.

        Args:
            name: a text to call it by.
            duration: such as "1000 steps", "10 epochs" or "20%"; an int is steps; "rest", for
                the last phase, is what remains of the horizon's `total_steps`.
            at: where in each tick a shape is sampled, as in `Shape.over`.
            per: what a tick is, as in `Shape.over`.
            until: such as `plateau("val_loss", patience=5)`, to end it before its time.
            **values: for each quantity a number, a shape as long as the phase, a schedule that
                begins with it, or a dictionary of these by parameter group.
        Raises:
            TypeError, ValueError: naming the argument and what would work.
        """
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ValueError(f"a phase needs a name of printable characters, got {name!r}")
        object.__setattr__(self, "name", name)
        try:
            if not isinstance(until, Plateau | None):
                raise TypeError(f'`until` must be a condition such as plateau("val_loss", '
                                f"patience=5), got {until!r}")  # fmt: skip
            object.__setattr__(self, "duration", Duration.of(duration))
            object.__setattr__(self, "at", at)
            object.__setattr__(self, "per", per)
            object.__setattr__(self, "until", until)
            object.__setattr__(self, "values", named_values(values))
            self._check_clock()
        except (TypeError, ValueError) as error:
            raise type(error)(f"phase {name!r}: {error}") from None

    def _check_clock(self) -> None:
        """Refuse `at` and `per` that are none, or that no shape would be sampled by."""
        curves = [value for _, value in self.values if isinstance(value, Shape)]
        length = Duration.of(1) if self.duration.unit == REST else self.duration
        for curve in curves or [Constant(0)]:
            self.segment(curve, length)
        schedules = [key for key, value in self.values if isinstance(value, Schedule)]
        moving = [curve for curve in curves if not isinstance(curve, Constant)]
        if (self.at, self.per) != ("start", "step") and schedules and not moving:
            raise ValueError(
                f"`at` and `per` are for shapes, which are as long as the phase; `{schedules[0]}` "
                "has a schedule with a clock of its own: `.over(..., at=, per=)`"
            )

    def segment(self, shape: Shape, duration: Duration) -> Segment:
        """A shape, sampled as the phase says."""
        return Segment(shape, duration, self.at, self.per)

    def __repr__(self) -> str:
        clock = f", at={self.at!r}" if self.at != "start" else ""
        clock += f", per={self.per!r}" if self.per != "step" else ""
        clock += f", until={self.until!r}" if self.until is not None else ""
        values = f", {as_arguments(self.values)}" if self.values else ""
        return f"Phase({self.name!r}, {str(self.duration)!r}{clock}{values})"
