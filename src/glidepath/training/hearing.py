"""What a plan that listens hears of the loop."""

from __future__ import annotations

from typing import final

from glidepath.plan import Event, Plan
from glidepath.plan.listener import listened
from glidepath.training.checkpoints.about import Heard
from glidepath.training.validation import METRIC


def check_heard(plan: Plan, *, evaluates: bool) -> None:
    """Refuse a plan that listens to what is not measured.

    Args:
        plan: to follow.
        evaluates: whether the loop measures anything.
    Raises:
        ValueError: naming what it listens to.
    """
    names = listened(plan)
    if names and not evaluates:
        raise ValueError(
            f"the plan listens to {', '.join(names)}, and this run never evaluates: give it "
            "--evaluate-every, and hold out some data"
        )
    if unknown := [name for name in names if name != METRIC]:
        raise ValueError(
            f"the plan listens to `{unknown[0]}`, and this training measures `{METRIC}`"
        )


@final
class Hearing:
    """Keeps the plan with the events so far.

    Args:
        plan: that the run was started with.
        evaluates: whether the loop measures anything.

    Attributes:
        plan: with its events.
        heard: pairs of a number of updates and what was measured after them.

    Raises:
        ValueError: if the plan listens to what is not measured.
    """

    def __init__(self, plan: Plan, *, evaluates: bool) -> None:
        check_heard(plan, evaluates=evaluates)
        self._listener, self._own = plan.listen(), plan.events
        self.heard: list[tuple[int, dict[str, float]]] = []

    @property
    def plan(self) -> Plan:
        """The plan, with the events so far."""
        return self._listener.plan

    @property
    def events(self) -> list[Event]:
        """Those that came of what was heard."""
        return [event for event in self.plan.events if event not in self._own]

    def hear(self, step: int, measured: dict[str, float]) -> list[Event]:
        """Take in what was measured after so many updates; the events that come of it."""
        if not self.plan.listens:
            return []
        self.heard.append((step, measured))
        return self._listener.hear(step, measured)

    def replay(self, heard: Heard) -> None:
        """Hear again what a run that goes on had heard."""
        for step, measured in heard:
            self.hear(step, measured)
