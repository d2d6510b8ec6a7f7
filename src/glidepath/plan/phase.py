"""A named stretch of training."""

from __future__ import annotations

from dataclasses import dataclass

from glidepath.plan.duration import Duration, DurationLike
from glidepath.plan.quantities import as_shape
from glidepath.plan.schedule import Segment
from glidepath.plan.shapes import Constant, Shape

Values = tuple[tuple[str, Shape], ...]


def named_shapes(values: dict[str, object]) -> Values:
    """Quantities and their shapes, in the order of the names."""
    return tuple((name, as_shape(name, value)) for name, value in sorted(values.items()))


def as_arguments(values: Values) -> str:
    """Quantities as the keyword arguments that make them."""
    return ", ".join(
        f"{name}={shape.value if isinstance(shape, Constant) else shape!r}"
        for name, shape in values
    )


@dataclass(frozen=True, init=False, repr=False)
class Phase:
    """A stretch in which each quantity follows its own shape: `Phase("decay", 1000, lr=0.1)`.

    Attributes:
        name: what it is called.
        duration: how long it lasts.
        at: "start" or "end", as in `Shape.over`.
        per: "step" or "epoch", as in `Shape.over`.
        values: (quantity, shape) pairs, by name.
    """

    name: str
    duration: Duration
    at: str
    per: str
    values: Values

    def __init__(
        self,
        name: str,
        duration: DurationLike,
        *,
        at: str = "start",
        per: str = "step",
        **values: object,
    ) -> None:
        """Check and keep.

        Args:
            name: a text to call it by.
            duration: such as "1000 steps" or "10 epochs"; an int is steps.
            at: where in each tick a shape is sampled, as in `Shape.over`.
            per: what a tick is, as in `Shape.over`.
            **values: a shape or a number for each quantity.
        Raises:
            TypeError, ValueError: naming the argument and what would work.
        """
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ValueError(f"a phase needs a name of printable characters, got {name!r}")
        object.__setattr__(self, "name", name)
        try:
            object.__setattr__(self, "duration", Duration.of(duration))
            object.__setattr__(self, "at", at)
            object.__setattr__(self, "per", per)
            object.__setattr__(self, "values", named_shapes(values))
            for _, shape in self.values:
                self.segment(shape)
        except (TypeError, ValueError) as error:
            raise type(error)(f"phase {name!r}: {error}") from None

    def segment(self, shape: Shape) -> Segment:
        """A shape, as long as the phase is."""
        return Segment(shape, self.duration, self.at, self.per)

    def __repr__(self) -> str:
        clock = f", at={self.at!r}" if self.at != "start" else ""
        clock += f", per={self.per!r}" if self.per != "step" else ""
        values = f", {as_arguments(self.values)}" if self.values else ""
        return f"Phase({self.name!r}, {str(self.duration)!r}{clock}{values})"
