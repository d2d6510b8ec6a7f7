"""Where a plan's phases lie, in exact time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from glidepath.plan.duration import PERCENT, REST, Duration
from glidepath.plan.event import Event
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase


class PhaseError(ValueError):
    """Phases that make no plan; it knows the name of the one to look at."""

    def __init__(self, message: str, phase: str) -> None:
        super().__init__(message)
        self.phase = phase


@dataclass(frozen=True)
class Span:
    """Where a phase lies.

    Attributes:
        start: its exact start, in steps.
        planned: how long it lasts if nothing ends it before its time; never "rest".
        first: its first step.
        end: the first step after it.
        was_ended: whether an event ended it before its time.
    """

    start: Fraction
    planned: Duration
    first: int
    end: int
    was_ended: bool

    @property
    def duration(self) -> Duration:
        """How long it lasts."""
        if not self.was_ended:
            return self.planned
        return Duration(Fraction(self.end - self.first), "steps")


def spans(phases: Sequence[Phase], horizon: Horizon, events: Sequence[Event]) -> tuple[Span, ...]:
    """Phase after phase; lengths are added up exactly, so that nothing drifts.

    Raises:
        PhaseError: if one can't be resolved, is less than a step, ends after the run, goes on for
            the rest of the run without being the last, or was ended outside of its time.
    """
    _check_percentages(phases)
    ended = _ends(phases, events)
    start, placed = Fraction(0), []
    for phase in phases:
        if phase.duration.unit == REST and phase is not phases[-1]:
            raise PhaseError(f"phase {phase.name!r} is the rest of the run; it must be the last",
                             phase.name)  # fmt: skip
        try:
            span = _span(phase, start, horizon, ended.get(phase.name))
        except ValueError as error:
            raise PhaseError(f"phase {phase.name!r}: {error}", phase.name) from None
        placed.append(span)
        start += horizon.steps_in(span.duration)
    return tuple(placed)


def _ends(phases: Sequence[Phase], events: Sequence[Event]) -> dict[str, int]:
    """The steps at which phases were ended before their time, or at it, by their names."""
    before = {after.name: phase.name for phase, after in pairwise(phases)}
    ended = {event.target: event.step for event in events if event.kind == "ends"}
    for event in events:
        if event.kind == "branches":
            if event.target not in before:
                raise PhaseError("the first phase can't be a branch", event.target)
            ended[before[event.target]] = event.step
    return ended


def _span(phase: Phase, start: Fraction, horizon: Horizon, ended_at: int | None) -> Span:
    first = int(start)
    planned = _planned(phase, first, horizon)
    end = int(start + horizon.steps_in(planned))
    if end == first:
        raise ValueError(f"{planned} is less than one step")
    last = end if ended_at is None else min(end, ended_at)
    if horizon.total_steps is not None and last > horizon.total_steps:
        raise ValueError(
            f"it ends at step {last}, after the run's `total_steps` of {horizon.total_steps}: "
            "shorten it or lengthen the run"
        )
    if ended_at is None or ended_at == end:
        return Span(start, planned, first, end, was_ended=False)
    if not first < ended_at < end:
        raise ValueError(f"it can't be ended at step {ended_at}: it goes from {first} to {end}")
    return Span(start, planned, first, ended_at, was_ended=True)


def _planned(phase: Phase, first: int, horizon: Horizon) -> Duration:
    if phase.duration.unit != REST:
        return phase.duration
    if horizon.total_steps is None:
        raise ValueError('the "rest" of the run needs `total_steps`: Horizon(total_steps=...)')
    if horizon.total_steps <= first:
        raise ValueError(
            f"nothing is left of the run's `total_steps` of {horizon.total_steps} at step {first}"
        )
    return Duration(Fraction(horizon.total_steps - first), "steps")


def _check_percentages(phases: Sequence[Phase]) -> None:
    durations = [phase.duration for phase in phases]
    total = sum((duration.amount for duration in durations), Fraction(0))
    if all(duration.unit == PERCENT for duration in durations) and total != 100:
        raise PhaseError(
            f"the phases add up to {float(total):g}% of the run, not to 100%: change one, or let "
            'the last be for the "rest"',
            phases[-1].name,
        )
