"""A run of known length, of which phases take their parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from glidepath.plan.duration import PERCENT, REST, WHOLE_UNITS, Duration, DurationLike
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase

_SMALLEST = Fraction(1, 10**12)
"""The last decimal that a duration can have."""


@final
@dataclass(frozen=True)
class Run:
    """A preset's `total`, on its horizon.

    Lengths stay in the unit that they are told in, so that a plan reads as it was asked for; only
    where units meet does what is left between them become whole steps.

    Attributes:
        total: how long it lasts; never in percent, for it is what percentages are parts of.
        horizon: turns every unit into steps.
    """

    total: Duration
    horizon: Horizon

    @classmethod
    def of(cls, total: DurationLike, horizon: Horizon) -> Run:
        """Read a preset's arguments.

        Args:
            total: such as "90 epochs" or "1M steps"; "100%" or "rest" is the horizon's
                `total_steps`.
            horizon: what the run is measured in.
        Raises:
            TypeError, ValueError: naming the argument, if either is none of these.
        """
        if not isinstance(horizon, Horizon):
            raise TypeError(f"`horizon` must be a Horizon, got {horizon!r}")
        length = _named("total", total)
        if length.unit in (PERCENT, REST):
            percent = length if length.unit == PERCENT else Duration(Fraction(100), PERCENT)
            length = Duration(Fraction(int(horizon.steps_in(percent))), "steps")
        return cls(length, horizon)

    def part(self, name: str, length: DurationLike) -> Duration:
        """A length in the run, such as that of a warm-up; a percentage becomes one of `total`.

        A percentage is a part of the total in the total's unit, rounded down to a whole number
        where that is one of steps, samples or tokens: 5% of 90 epochs is 4.5 epochs.

        Args:
            name: what the argument is called.
            length: such as "500 steps", "5 epochs" or "5%".
        Raises:
            TypeError, ValueError: naming the argument, if it is no length, or less than a step.
        """
        given = _named(name, length)
        if given.unit == REST:
            raise ValueError(f'`{name}` can\'t be the rest of the run; give a length such as "5%"')
        if given.unit != PERCENT:
            return given
        amount = self.total.amount * given.amount / 100
        smallest = Fraction(1) if self.total.unit in WHOLE_UNITS else _SMALLEST
        amount = amount // smallest * smallest
        if amount <= 0:
            raise ValueError(f"`{name}` of {given} of {self.total} is less than one step")
        return Duration(amount, self.total.unit)

    def rest(self, what: str, *phases: Phase) -> Duration:
        """What other phases leave of the run.

        Args:
            what: what it is for, for the message.
            *phases: all others, in any order.
        Raises:
            ValueError: if they leave nothing.
        """
        lengths = [phase.duration for phase in phases]
        if all(length.unit == self.total.unit for length in lengths):
            unit, left = self.total.unit, self.total.amount - _sum(one.amount for one in lengths)
        else:
            in_steps = self.horizon.steps_in
            taken = int(_sum(in_steps(length) for length in lengths))
            unit, left = "steps", Fraction(int(in_steps(self.total)) - taken)
        if left <= 0:
            takes = " and ".join(f"the {one.name} takes {one.duration}" for one in phases)
            raise ValueError(f"`total` of {self.total} leaves no room for {what}: {takes}")
        return Duration(left, unit)


def _sum(amounts: Iterable[Fraction]) -> Fraction:
    return sum(amounts, Fraction(0))


def _named(name: str, length: DurationLike) -> Duration:
    try:
        return Duration.of(length)
    except (TypeError, ValueError) as error:
        raise type(error)(f"`{name}`: {error}") from None
