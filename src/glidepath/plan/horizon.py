"""The numbers that tie the units of time together."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fractions import Fraction

from glidepath.plan.duration import PERCENT, Duration
from glidepath.plan.numbers import positive_count

LARGEST = 10**18


@dataclass(frozen=True)
class Horizon:
    """What a run is measured in.

    Attributes:
        samples: samples in the data set.
        batch: global batch size: samples in one update, over all devices and micro-batches.
        tokens_per_sample: tokens in one sample.
        total_steps: updates in the whole run, of which percentages are parts.

    Raises:
        TypeError: if one is not a whole number.
        ValueError: if one is below 1.
    """

    samples: int | None = None
    batch: int | None = None
    tokens_per_sample: int | None = None
    total_steps: int | None = None

    def __post_init__(self) -> None:
        for name, value in self.given().items():
            object.__setattr__(self, name, positive_count(name, value))
            if value > LARGEST:
                raise ValueError(f"`{name}` must be at most {LARGEST:.0e}")

    def given(self) -> dict[str, int]:
        """The numbers that are set, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def has_epochs(self) -> bool:
        """Whether it says how long an epoch is."""
        return self.samples is not None and self.batch is not None

    @property
    def steps_per_epoch(self) -> Fraction:
        """The exact length of an epoch, in steps.

        Raises:
            ValueError: naming the number that is missing.
        """
        samples, batch = self._numbers("epochs", "samples", "batch")
        return Fraction(samples, batch)

    def steps_in(self, duration: Duration) -> Fraction:
        """The exact length of a duration, in steps.

        Raises:
            ValueError: naming the number that is missing to resolve its unit.
        """
        if duration.unit == "steps":
            return duration.amount
        return duration.amount * self._length_of_one(duration.unit)

    def _length_of_one(self, unit: str) -> Fraction:
        if unit == "epochs":
            return self.steps_per_epoch
        if unit == "samples":
            return Fraction(1, *self._numbers(unit, "batch"))
        if unit == "tokens":
            batch, tokens = self._numbers(unit, "batch", "tokens_per_sample")
            return Fraction(1, batch * tokens)
        if unit == PERCENT:
            (total,) = self._numbers("percent of the run", "total_steps")
            return Fraction(total, 100)
        raise ValueError('only the last phase of a plan can last for the "rest" of the run')

    def _numbers(self, unit: str, *names: str) -> list[int]:
        given = self.given()
        missing = [name for name in names if name not in given]
        if missing:
            arguments = ", ".join(f"{name}=..." for name in names)
            raise ValueError(
                f"a length in {unit} needs {' and '.join(f'`{name}`' for name in missing)} in the "
                f"horizon: Horizon({arguments})"
            )
        return [given[name] for name in names]

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.given().items())
        return f"Horizon({inside})"
