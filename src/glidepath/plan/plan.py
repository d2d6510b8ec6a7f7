"""What changes while a model trains, and when."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from glidepath.plan.arrays import as_index
from glidepath.plan.duration import Duration
from glidepath.plan.horizon import Horizon
from glidepath.plan.phase import Phase, Values, as_arguments, named_shapes
from glidepath.plan.quantities import QUANTITIES, nearest, own_quantities
from glidepath.plan.schedule import Schedule
from glidepath.plan.shapes import Constant, Shape


class PhaseError(ValueError):
    """Phases that make no plan; it knows the name of the one to look at."""

    def __init__(self, message: str, phase: str) -> None:
        super().__init__(message)
        self.phase = phase


@dataclass(frozen=True)
class Moment:
    """What a plan says about one step.

    Attributes:
        step: the update, counted from 0.
        epoch: epochs begun and done before it, where the horizon knows epochs, else None.
        phase: the name of the phase.
        values: every quantity's value.
    """

    step: int
    epoch: float | None
    phase: str
    values: dict[str, float | int]


@dataclass(frozen=True, init=False, repr=False)
class Plan:
    """Phases in order, values that hold throughout, and a horizon.

    Attributes:
        phases: in order.
        values: (quantity, shape) pairs that hold wherever a phase says nothing.
        horizon: what the run is measured in.
        quantities: names of quantities beyond the standard ones.

    Example:
        >>> from glidepath import Phase, Plan, cosine, linear
        >>> plan = Plan(
        ...     Phase("warm-up", "10 steps", lr=linear(0.0, 1.0)),
        ...     Phase("decay", "90 steps", lr=cosine(1.0, 0.0)),
        ...     rollout=1,
        ... )
        >>> plan.at(55).values
        {'lr': 0.5, 'rollout': 1}
    """

    phases: tuple[Phase, ...]
    values: Values
    horizon: Horizon
    quantities: tuple[str, ...]

    def __init__(
        self,
        *phases: Phase,
        horizon: Horizon | None = None,
        quantities: Sequence[str] = (),
        **values: object,
    ) -> None:
        """Check and keep.

        Args:
            *phases: at least one.
            horizon: needed where a length is in epochs.
            quantities: names of your own, beside the standard ones.
            **values: numbers for quantities, wherever a phase says nothing.
        Raises:
            TypeError, ValueError: naming what is wrong and what would work.
        """
        if not phases or not all(isinstance(phase, Phase) for phase in phases):
            raise TypeError("a plan needs phases: Plan(Phase(name, duration, lr=...), ...)")
        if not isinstance(horizon, Horizon | None):
            raise TypeError(f"`horizon` must be a Horizon, got {horizon!r}")
        object.__setattr__(self, "phases", tuple(phases))
        object.__setattr__(self, "horizon", Horizon() if horizon is None else horizon)
        object.__setattr__(self, "quantities", own_quantities(quantities))
        object.__setattr__(self, "values", named_shapes(values))
        if not self.names:
            raise ValueError("a plan needs a quantity that it gives values to, such as `lr`")
        self._check_names()
        self._check_values()
        self._check_lengths()

    def _check_names(self) -> None:
        repeated = [p.name for p in self.phases if sum(q.name == p.name for q in self.phases) > 1]
        if repeated:
            raise PhaseError(
                f"two phases are called {repeated[0]!r}; names must differ", repeated[0]
            )
        known = [*QUANTITIES, *self.quantities]
        for values in self._all_values:
            for name, _ in values:
                if name not in known:
                    raise ValueError(
                        f"`{name}` is no quantity: {nearest(name, known)} "
                        f'(a quantity of your own is declared by quantities=["{name}"])'
                    )

    def _check_values(self) -> None:
        for name, shape in self.values:
            if not isinstance(shape, Constant):
                raise ValueError(
                    f"`{name}` holds throughout the plan and must be a number, got {shape}; "
                    "a shape belongs into a phase"
                )
        held = dict(self.values)
        for name in self.names:
            for phase in self.phases:
                if name not in held and name not in dict(phase.values):
                    raise PhaseError(
                        f"`{name}` has no value in phase {phase.name!r}: "
                        "give it one there, or one for the whole plan",
                        phase.name,
                    )

    def _check_lengths(self) -> None:
        total = self.horizon.total_steps
        for phase, end in zip(self.phases, self.bounds[1:], strict=True):
            if total is not None and end > total:
                raise PhaseError(
                    f"phase {phase.name!r} ends at step {end}, after the run's `total_steps` "
                    f"of {total}: shorten it or lengthen the run",
                    phase.name,
                )
        for name in self.names:
            _ = self[name].pieces

    @property
    def names(self) -> tuple[str, ...]:
        """The quantities that the plan has, in the order of their names."""
        return tuple(sorted({name for values in self._all_values for name, _ in values}))

    @property
    def _all_values(self) -> tuple[Values, ...]:
        return (self.values, *(phase.values for phase in self.phases))

    @cached_property
    def bounds(self) -> tuple[int, ...]:
        """The first step of each phase, then the number of steps of all."""
        return self.horizon.bounds(phase.duration for phase in self.phases)

    @cached_property
    def _schedules(self) -> dict[str, Schedule]:
        held = dict(self.values)
        schedules = {}
        for name in self.names:
            shapes = [dict(phase.values).get(name) or held[name] for phase in self.phases]
            segments = (p.segment(shape) for p, shape in zip(self.phases, shapes, strict=True))
            schedules[name] = Schedule(tuple(segments), self.horizon)
        return schedules

    def __getitem__(self, name: str) -> Schedule:
        """The schedule of one quantity.

        Raises:
            KeyError: if the plan has no such quantity.
        """
        try:
            return self._schedules[name]
        except KeyError:
            raise KeyError(f"the plan has no `{name}`; it has {', '.join(self.names)}") from None

    def __contains__(self, name: object) -> bool:
        return name in self._schedules

    @property
    def total_steps(self) -> int:
        """The number of updates in the run."""
        return self.horizon.total_steps or self.bounds[-1]

    @property
    def starts(self) -> tuple[int, ...]:
        """The first step of each phase."""
        return self.bounds[:-1]

    def phase_at(self, step: int) -> Phase:
        """The phase that a step lies in; past the end the last.

        Raises:
            TypeError: if the step is not an int.
            ValueError: if it is negative.
        """
        return self.phases[bisect_right(self.starts, _one_step(step)) - 1]

    def at(self, step: int) -> Moment:
        """Everything the plan says about one step.

        Raises:
            TypeError: if the step is not an int.
            ValueError: if it is negative.
        """
        step = _one_step(step)
        values = {name: schedule(step) for name, schedule in self._schedules.items()}
        has_epochs = self.horizon.samples is not None and self.horizon.batch is not None
        epoch = float(step / self.horizon.steps_per_epoch) if has_epochs else None
        return Moment(step, epoch, self.phase_at(step).name, values)

    def as_table(self) -> dict[str, Any]:
        """The plan in plain dictionaries, lists, texts and numbers, as it stands in a file."""
        table: dict[str, Any] = {"version": 1}
        if self.quantities:
            table["quantities"] = list(self.quantities)
        table |= {name: as_value(shape) for name, shape in self.values}
        if self.horizon.given():
            table["horizon"] = self.horizon.given()
        table["phase"] = [_phase_table(phase) for phase in self.phases]
        return table

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that equal plans share: of SHA-256 over the plan's table."""
        table = self.as_table()
        del table["version"]  # of the file format, not of the plan
        text = json.dumps(_without_number_types(table), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.phases, self.values, self.horizon, self.quantities)

    def __repr__(self) -> str:
        parts = [repr(phase) for phase in self.phases]
        parts += [as_arguments(self.values)] if self.values else []
        parts += [f"horizon={self.horizon!r}"] if self.horizon.given() else []
        parts += [f"quantities={list(self.quantities)}"] if self.quantities else []
        return f"Plan({', '.join(parts)})"


def _one_step(step: int) -> int:
    index = as_index(step)
    if index is None:
        raise TypeError("a plan is asked about one step; plan[name] takes an array of them")
    return index


def _rebuild(
    phases: tuple[Phase, ...], values: Values, horizon: Horizon, quantities: tuple[str, ...]
) -> Plan:
    return Plan(*phases, horizon=horizon, quantities=quantities, **dict(values))


def _phase_table(phase: Phase) -> dict[str, Any]:
    table: dict[str, Any] = {"name": phase.name, "for": str(phase.duration)}
    table |= {"at": phase.at} if phase.at != "start" else {}
    table |= {"per": phase.per} if phase.per != "step" else {}
    return table | {name: as_value(shape) for name, shape in phase.values}


def as_value(shape: Shape) -> float | int | dict[str, Any]:
    """A shape as it stands in a file: a number, or a table with its name and numbers."""
    if isinstance(shape, Constant):
        return shape.value
    table: dict[str, Any] = {"shape": shape.name}
    for field in fields(shape):  # type: ignore[arg-type]
        value = getattr(shape, field.name)
        if value != field.default:
            key = field.metadata.get("key", field.name)
            table[key] = str(value) if isinstance(value, Duration) else value
    return table


def _without_number_types(value: Any) -> Any:
    """The same tree with 1 and 1.0 alike, for plans that compare equal."""
    if isinstance(value, dict):
        return {key: _without_number_types(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_number_types(item) for item in value]
    return float(value).hex() if isinstance(value, int | float) else value
