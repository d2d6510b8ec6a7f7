"""The numbers that tie the units of time together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from glidepath.plan.duration import Duration
from glidepath.plan.numbers import positive_count


@dataclass(frozen=True)
class Horizon:
    """What a run is measured in.

    Attributes:
        samples: samples in the data set.
        batch: global batch size: samples in one update, over all devices and micro-batches.
        total_steps: updates in the whole run, where it is longer than the phases together.

    Raises:
        TypeError: if one is not a whole number.
        ValueError: if one is below 1.
    """

    samples: int | None = None
    batch: int | None = None
    total_steps: int | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            object.__setattr__(self, name, positive_count(name, value))

    def given(self) -> dict[str, int]:
        """The numbers that are set, by name."""
        named = {"samples": self.samples, "batch": self.batch, "total_steps": self.total_steps}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def steps_per_epoch(self) -> Fraction:
        """The exact length of an epoch, in steps.

        Raises:
            ValueError: naming the number that is missing.
        """
        if self.samples is None or self.batch is None:
            missing = [name for name in ("samples", "batch") if name not in self.given()]
            raise ValueError(
                f"a length in epochs needs {' and '.join(f'`{name}`' for name in missing)}: "
                "give Horizon(samples=..., batch=...)"
            )
        return Fraction(self.samples, self.batch)

    def steps_in(self, duration: Duration) -> Fraction:
        """The exact length of a duration, in steps.

        Raises:
            ValueError: naming the number that is missing to resolve its unit.
        """
        if duration.unit == "steps":
            return duration.amount
        return duration.amount * self.steps_per_epoch

    def bounds(self, durations: Iterable[Duration]) -> tuple[int, ...]:
        """The first step of each of consecutive durations, then the number of steps of all.

        Lengths are added up exactly and rounded down once, so that nothing drifts.

        Raises:
            ValueError: if a length can't be resolved, or is less than one step.
        """
        exact, bounds = Fraction(0), [0]
        for duration in durations:
            exact += self.steps_in(duration)
            bounds.append(exact.numerator // exact.denominator)
            if bounds[-1] == bounds[-2]:
                raise ValueError(f"{duration} is less than one step")
        return tuple(bounds)

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.given().items())
        return f"Horizon({inside})"
