"""From what a run measures to a plan's events."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from glidepath.plan.event import Event
from glidepath.plan.numbers import positive_count
from glidepath.plan.plateau import Plateau
from glidepath.plan.wiring import conditions_in

if TYPE_CHECKING:
    from glidepath.plan.plan import Plan


class _Ear:
    """One condition's memory: the best measurement, and how long ago it was."""

    def __init__(self, condition: Plateau) -> None:
        self.condition = condition
        self.best = math.inf
        self.num_bad = 0
        self.cooling = 0

    def hears(self, value: float) -> bool:
        """Take in a measurement, and say whether the condition holds now."""
        value = value if self.condition.mode == "min" else -value
        if value < self.best - self.condition.min_delta:
            self.best, self.num_bad = value, 0
        else:
            self.num_bad += 1
        if self.cooling:
            self.cooling, self.num_bad = self.cooling - 1, 0
        if self.num_bad <= self.condition.patience:
            return False
        self.num_bad, self.cooling = 0, self.condition.cooldown
        return True


class Listener:
    """Hears measurements in order and keeps the plan that they make of it.

    What it knows follows from the measurements alone: a run that is resumed gives those of its
    record to a new listener and has the same plan again. What the plan has heard already does not
    happen twice.

    Attributes:
        plan: with the events so far; a new value after each event.

    Example:
        >>> from glidepath import Phase, Plan, constant, plateau
        >>> lr = constant(1.0).over(100).cut(0.1, on=plateau("loss", patience=1))
        >>> listener = Plan(Phase("training", 100, lr=lr)).listen()
        >>> for step, loss in [(10, 3.0), (20, 3.0), (30, 3.0)]:
        ...     events = listener.hear(step, {"loss": loss})
        >>> events
        [Event(step=30, kind='cuts', target='training/lr')]
        >>> listener.plan["lr"](29), listener.plan["lr"](30)
        (1.0, 0.1)
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._ears: dict[tuple[str, str], _Ear] = {}
        self._last_step = 0

    def hear(self, step: int, measured: Mapping[str, float]) -> list[Event]:
        """Take in what was measured after so many updates.

        An event changes the values from this step on, never earlier ones.

        Args:
            step: the number of updates that have been done, which is the next one's step.
            measured: metrics by name; those that no condition names are ignored.
        Returns:
            The events that come of it.
        Raises:
            TypeError: if the step is no whole number.
            ValueError: if it is not after the last one that was heard.
        """
        if positive_count("step", step) <= self._last_step:
            raise ValueError(
                f"`step` must be after {self._last_step}, the last one heard, got {step}"
            )
        self._last_step = step
        events = [
            Event(step, kind, target)
            for kind, target, condition in _conditions(self.plan, step)
            if condition.metric in measured
            and self._ear(kind, target, condition).hears(_measured(measured, condition.metric))
        ]
        ended = {event.target for event in events if event.kind == "ends"}
        moot = [event for event in events if event.target.rpartition("/")[0] in ended]
        new = [event for event in events if event not in (*self.plan.events, *moot)]
        if new:
            self.plan = self.plan.with_events([*self.plan.events, *new])
        return new

    def replay(self, measurements: Iterable[tuple[int, Mapping[str, float]]]) -> Plan:
        """Hear measurements one after another.

        Returns:
            The plan with all the events that come of them.
        Raises:
            TypeError, ValueError: as in `hear`.
        """
        for step, measured in measurements:
            self.hear(step, measured)
        return self.plan

    def _ear(self, kind: str, target: str, condition: Plateau) -> _Ear:
        return self._ears.setdefault((kind, target), _Ear(condition))


def listened(plan: Plan) -> list[str]:
    """The names of the metrics that a plan's conditions are about, in order, each once."""
    values = [*plan.values, *(pair for phase in plan.phases for pair in phase.values)]
    conditions = [cut.on for key, value in values for cut in conditions_in(key, value)]
    conditions += [phase.until for phase in plan.phases if phase.until is not None]
    return sorted({condition.metric for condition in conditions})


def _measured(measured: Mapping[str, float], metric: str) -> float:
    """A metric's value, which may be NaN."""
    value = measured[metric]
    if isinstance(value, str | bool) or not hasattr(value, "__float__"):
        raise TypeError(f"`{metric}` must be a number, got {value!r}")
    return float(value)


def _conditions(plan: Plan, step: int) -> list[tuple[str, str, Plateau]]:
    """What is listened to after so many updates: (kind of event, its target, condition).

    A measurement is about the phase of the last update, even if the next one's is another.
    """
    phase, span = plan.phase_at(step - 1), plan.span_at(step - 1)
    if step >= plan.total_steps:
        return []
    found = [("cuts", key, cut.on) for key, value in plan.values
             for cut in conditions_in(key, value)]  # fmt: skip
    if step >= span.end:
        return found
    found += [("cuts", f"{phase.name}/{key}", cut.on) for key, value in phase.values
              for cut in conditions_in(key, value)]  # fmt: skip
    if phase.until is not None and span.first < step < span.end and not span.was_ended:
        found.append(("ends", phase.name, phase.until))
    return found
