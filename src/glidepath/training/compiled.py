"""The compiled updates of a run: one for each rollout length, made when the plan comes to it."""

from __future__ import annotations

import time
from typing import final

import jax

from glidepath.plan import Plan
from glidepath.training.observer import Observer
from glidepath.training.placement import Placement
from glidepath.training.problem import Problem, Tree
from glidepath.training.settings import Settings
from glidepath.training.update import State, Update, make_update, moment


@final
class CompiledUpdates:
    """Compiles each update once.

    Args:
        problem: model and loss.
        settings: how the run is run.
        placement: of its arrays.
        observer: told what is compiled.
    """

    def __init__(
        self, problem: Problem, settings: Settings, placement: Placement, observer: Observer
    ) -> None:
        self._problem, self._settings = problem, settings
        self._placement, self._observer = placement, observer
        self._known: dict[int, Update] = {}
        self._longest = 0.0

    def seconds(self, rollout: int) -> float:
        """How long an update may take to compile, by what the longest took; 0 if it is."""
        return 0.0 if self.has(rollout) else self._longest

    def has(self, rollout: int) -> bool:
        """Whether an update is compiled already."""
        return rollout in self._known

    def __call__(self, plan: Plan, rollout: int, state: State, batch: Tree) -> Update:
        """The update of a rollout length.

        Args:
            plan: whose quantities it takes.
            rollout: of the loss.
            state: as it lies on the devices.
            batch: likewise.
        """
        if rollout not in self._known:
            self._observer.compiling(rollout)
            began = time.perf_counter()
            update = make_update(
                self._problem,
                plan,
                rollout,
                accumulate=self._settings.accumulate,
                gathered=self._placement.gathered,
                keeps_finite=self._settings.on_nan != "ignore",
            )
            placed = (self._placement.of_state(state), self._placement.replicated)
            compiled = jax.jit(update, donate_argnums=0, out_shardings=placed)
            self._known[rollout] = compiled.lower(state, batch, moment(plan, 0)).compile()
            seconds = time.perf_counter() - began
            self._longest = max(self._longest, seconds)
            self._observer.compiled(rollout, seconds)
        return self._known[rollout]
