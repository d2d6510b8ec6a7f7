"""What changes while a model trains, and when."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, final

from glidepath.plan.algebra import OPERATIONS
from glidepath.plan.arrays import as_index
from glidepath.plan.event import Event
from glidepath.plan.event_checks import check_events
from glidepath.plan.groups import Scaled
from glidepath.plan.horizon import Horizon
from glidepath.plan.moment import Moment
from glidepath.plan.optimizer import Optimizer, as_optimizer
from glidepath.plan.phase import Phase
from glidepath.plan.quantities import OWN, QUANTITIES, nearest, own_names
from glidepath.plan.schedule import Schedule
from glidepath.plan.spans import PhaseError, Span, spans
from glidepath.plan.values import (
    Values,
    as_arguments,
    by_quantity,
    check_range,
    group_of,
    named_values,
    quantity_of,
)
from glidepath.plan.wiring import conditions_in, term_of

if TYPE_CHECKING:
    from glidepath.plan.checks import Finding
    from glidepath.plan.coverage import Coverage
    from glidepath.plan.listener import Listener


WORDS = ("shape", Scaled.name, *OPERATIONS)
"""What stands in a file where a group's name may stand."""


@final
@dataclass(frozen=True, init=False, repr=False)
class Plan:
    """Phases in order, values that hold throughout, and a horizon.

    Attributes:
        phases: in order.
        values: (key, value) pairs that hold wherever a phase says nothing.
        horizon: what the run is measured in.
        quantities: names of quantities beyond the standard ones.
        groups: names of parameter groups.
        events: what happened to the run, where it listens, and where it was branched.
        optimizer: the one that it names, if it names one.

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
    groups: tuple[str, ...]
    events: tuple[Event, ...]
    optimizer: Optimizer | None

    def __init__(
        self,
        *phases: Phase,
        horizon: Horizon | None = None,
        quantities: Sequence[str] = (),
        groups: Sequence[str] = (),
        events: Iterable[Event] = (),
        optimizer: Optimizer | str | None = None,
        **values: object,
    ) -> None:
        """Check and keep.

        Args:
            *phases: at least one.
            horizon: needed where a length is in anything but steps.
            quantities: names of your own, beside the standard ones.
            groups: names of parameter groups, of the values given by group.
            events: what happened to the run, in any order.
            optimizer: such as "adamw", or with constants, Optimizer("adamw", beta2=0.95).
            **values: for each quantity what holds wherever a phase says nothing: a number; or,
                if no phase has another, a shape as long as all phases or a schedule that begins
                with the first; or a dictionary of these by parameter group.
        Raises:
            TypeError, ValueError: naming what is wrong and what would work.
        """
        if not phases or not all(isinstance(phase, Phase) for phase in phases):
            raise TypeError("a plan needs phases: Plan(Phase(name, duration, lr=...), ...)")
        if not isinstance(horizon, Horizon | None):
            raise TypeError(f"`horizon` must be a Horizon, got {horizon!r}")
        object.__setattr__(self, "phases", tuple(phases))
        object.__setattr__(self, "horizon", Horizon() if horizon is None else horizon)
        object.__setattr__(self, "quantities", own_names("quantities", quantities))
        object.__setattr__(self, "groups", own_names("groups", groups, WORDS))
        object.__setattr__(self, "events", tuple(sorted(events)))
        object.__setattr__(self, "optimizer", as_optimizer(optimizer))
        object.__setattr__(self, "values", named_values(values))
        if not self.names:
            raise ValueError("a plan needs a quantity that it gives values to, such as `lr`")
        self._check_names()
        _ = self.spans, self.planned_steps
        check_events(self)
        for name in self.names:
            _ = self[name].total_steps, self[name](0)
            check_range(name, self[name].term, self[name])

    def _check_names(self) -> None:
        names = [phase.name for phase in self.phases]
        repeated = [name for name in names if names.count(name) > 1]
        if repeated:
            raise PhaseError(
                f"two phases are called {repeated[0]!r}; names must differ", repeated[0]
            )
        known = [*QUANTITIES, *self.quantities]
        for key in self.names:
            if quantity_of(key) not in known:
                raise ValueError(
                    f"`{key}` is no quantity: {nearest(quantity_of(key), known)} "
                    f'(a quantity of your own is declared by quantities=["{key}"])'
                )
            if group_of(key) and not QUANTITIES.get(quantity_of(key), OWN).has_groups:
                raise ValueError(
                    f"`{quantity_of(key)}` is one number for the whole model, and can't be given "
                    f"by group: {QUANTITIES[quantity_of(key)].meaning}"
                )
            if group_of(key) and group_of(key) not in self.groups:
                hint = f'declare it by groups=["{group_of(key)}"]'
                if self.groups:
                    hint = f"{nearest(group_of(key), list(self.groups))} ({hint})"
                raise ValueError(f"`{group_of(key)}` is no parameter group: {hint}")
        if self.optimizer is not None:
            self.optimizer.check(self.names)

    @cached_property
    def cuts(self) -> tuple[str, ...]:
        """The targets of the conditions that cut values."""
        places = [("", self.values), *((f"{p.name}/", p.values) for p in self.phases)]
        return tuple(
            f"{place}{key}"
            for place, values in places
            for key, value in values
            if conditions_in(key, value)
        )

    @property
    def listens(self) -> bool:
        """Whether what the run measures can change it; see `listen`."""
        return bool(self.cuts) or any(phase.until is not None for phase in self.phases)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The quantities that the plan has, and groups as `quantity.group`, in order."""
        given = (self.values, *(phase.values for phase in self.phases))
        return tuple(sorted({key for values in given for key, _ in values}))

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """Where each phase lies."""
        return spans(self.phases, self.horizon, self.events)

    def span_at(self, step: int) -> Span:
        """Where the phase lies that a step lies in."""
        return self.spans[bisect_right(self.starts, step) - 1]

    @property
    def bounds(self) -> tuple[int, ...]:
        """The first step of each phase, then the number of steps of all."""
        return (*self.starts, self.spans[-1].end)

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The first step of each phase."""
        return tuple(span.first for span in self.spans)

    @cached_property
    def planned_steps(self) -> int:
        """The number of updates if no phase ends before its time."""
        return self.horizon.total_steps or spans(self.phases, self.horizon, ())[-1].end

    @property
    def total_steps(self) -> int:
        """The number of updates in the run."""
        return self.horizon.total_steps or self.spans[-1].end

    @cached_property
    def _schedules(self) -> dict[str, Schedule]:
        return {name: Schedule(term_of(self, name), self.horizon) for name in self.names}

    def __getitem__(self, name: str) -> Schedule:
        """The schedule of a quantity, `plan["lr"]`, or of one of its groups, `plan["lr.head"]`.

        Raises:
            KeyError: if the plan has no such quantity, or no such group.
        """
        if name in self._schedules:
            return self._schedules[name]
        if group_of(name) in self.groups and quantity_of(name) in self._schedules:
            return self._schedules[quantity_of(name)]
        raise KeyError(f"the plan has no `{name}`; it has {', '.join(self.names)}")

    def __contains__(self, name: object) -> bool:
        return name in self._schedules

    def phase_at(self, step: int) -> Phase:
        """The phase that a step lies in; past the end the last.

        Raises:
            TypeError: if the step is not an int.
            ValueError: if it is negative.
        """
        return self.phases[bisect_right(self.starts, one_step(step)) - 1]

    def at(self, step: int) -> Moment:
        """Everything the plan says about one step.

        Raises:
            TypeError: if the step is not an int.
            ValueError: if it is negative.
        """
        step = one_step(step)
        values = {name: schedule(step) for name, schedule in self._schedules.items()}
        has_epochs = self.horizon.has_epochs
        epoch = float(step / self.horizon.steps_per_epoch) if has_epochs else None
        return Moment(step, epoch, self.phase_at(step).name, values)

    def explain(self, step: int) -> str:
        """In words: which phase, which formula and which numbers gave the values at a step.

        Raises:
            TypeError: if the step is not an int.
            ValueError: if it is negative.
        """
        from glidepath.plan.explanation import explanation

        return explanation(self, one_step(step))

    def check(self) -> list[Finding]:
        """What looks wrong with the plan, worst first; see `checks`."""
        from glidepath.plan.checks import check

        return check(self)

    def coverage(self) -> Coverage:
        """How often each sample is seen, at random and in epochs; see `coverage`.

        Raises:
            ValueError: if the horizon lacks `samples` or `batch`, or the plan has no `lr`.
        """
        from glidepath.plan.coverage import coverage

        return coverage(self)

    def listen(self) -> Listener:
        """A listener that turns what a run measures into events; see `Listener`."""
        from glidepath.plan.listener import Listener

        return Listener(self)

    def with_events(self, events: Iterable[Event]) -> Plan:
        """The same plan with these events in the place of its own.

        Raises:
            ValueError: if one of them could not have happened.
        """
        return self._with(events=tuple(events))

    def extend(self, *phases: Phase, total_steps: int | None = None) -> Plan:
        """A longer run: the same plan, then more phases. Its past stays as it is.

        Args:
            *phases: what follows the plan's last step.
            total_steps: of the longer run, where a phase is told in parts of it.
        Raises:
            TypeError, ValueError: if the phases do not fit, or the plan is told in percentages
                of its run that are no whole steps.
        """
        from glidepath.plan.changes import extended

        return extended(self, phases, total_steps)

    def branch(self, at: int, *phases: Phase, total_steps: int | None = None) -> Plan:
        """Another way to go on from a step: what came before it stays as it is.

        A jump in the rate at the seam is a finding of `check`.

        Args:
            at: the first step of the new phases, such as that of a cool-down.
            *phases: what follows.
            total_steps: of the new run, where a phase is told in parts of it.
        Raises:
            TypeError, ValueError: if the step lies outside of the run, the phases do not fit, or
                the plan is told in percentages of its run that are no whole steps.
        """
        from glidepath.plan.changes import branched

        return branched(self, one_step(at), phases, total_steps)

    def as_table(self) -> dict[str, Any]:
        """The plan in plain dictionaries, lists, texts and numbers, as it stands in a file.

        Raises:
            ValueError: if it has a function, which a file can't hold.
        """
        from glidepath.plan.files.tables import plan_table

        return plan_table(self)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that equal plans share: of SHA-256 over the plan's table.

        Raises:
            ValueError: if it has a function, of which nobody can tell whether it is the same.
        """
        from glidepath.plan.files.tables import fingerprint

        return fingerprint(self)

    def _arguments(self) -> dict[str, Any]:
        return {
            "phases": self.phases,
            "horizon": self.horizon,
            "quantities": self.quantities,
            "groups": self.groups,
            "events": self.events,
            "values": self.values,
            "optimizer": self.optimizer,
        }

    def _with(self, **changes: Any) -> Plan:
        return rebuild(**self._arguments() | changes)

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, tuple(self._arguments().values())

    def __repr__(self) -> str:
        parts = [repr(phase) for phase in self.phases]
        parts += [as_arguments(self.values)] if self.values else []
        parts += [f"horizon={self.horizon!r}"] if self.horizon.given() else []
        for name in ("quantities", "groups", "events"):
            parts += [f"{name}={list(getattr(self, name))}"] if getattr(self, name) else []
        parts += [f"optimizer={self.optimizer!r}"] if self.optimizer is not None else []
        return f"Plan({', '.join(parts)})"


def one_step(step: int) -> int:
    """A step as an int.

    Raises:
        TypeError: if it is no int, or an array of them.
        ValueError: if it is negative.
    """
    index = as_index(step)
    if index is None:
        raise TypeError("a plan is asked about one step; plan[name] takes an array of them")
    return index


def rebuild(  # noqa: PLR0917 - what pickle calls
    phases: tuple[Phase, ...],
    horizon: Horizon,
    quantities: tuple[str, ...],
    groups: tuple[str, ...],
    events: tuple[Event, ...],
    values: Values,
    optimizer: Optimizer | None = None,
) -> Plan:
    """A plan from its attributes."""
    return Plan(
        *phases,
        horizon=horizon,
        quantities=quantities,
        groups=groups,
        events=events,
        optimizer=optimizer,
        **by_quantity(values),
    )
