"""The training loop: follows a plan from one state to the next."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import jax

from glidepath.plan import Plan
from glidepath.training import optimizer
from glidepath.training.batches import BatchSource, read_ahead, rollout_at
from glidepath.training.checkpoints import Checkpoints
from glidepath.training.problem import Problem, Tree
from glidepath.training.record import Record
from glidepath.training.run_directory import RunDirectory
from glidepath.training.update import State, initial_state, make_update


class Observer(Protocol):
    """Told what happens; the loop does not care how it is shown."""

    def resumed(self, step: int) -> None:
        """The run goes on at a step."""
        ...

    def compiling(self, rollout: int) -> None:
        """A new rollout length is about to be compiled."""
        ...

    def compiled(self, rollout: int, seconds: float) -> None:
        """It has been."""
        ...

    def updated(self, line: dict[str, Any]) -> None:
        """An update is done; its line in the record."""
        ...

    def saved(self, step: int) -> None:
        """A checkpoint has been written."""
        ...


@dataclass(frozen=True)
class Settings:
    """How a run is run.

    Attributes:
        batch: samples in an update.
        seed: of parameters and batches.
        num_steps: updates; fewer than the plan has cut it short.
        checkpoint_every: updates between checkpoints.
    """

    batch: int
    seed: int
    num_steps: int
    checkpoint_every: int

    def __post_init__(self) -> None:
        for name in ("batch", "num_steps", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}")
        if self.seed < 0:
            raise ValueError(f"`seed` must be at least 0, got {self.seed}")


def train(
    problem: Problem,
    plan: Plan,
    directory: RunDirectory,
    settings: Settings,
    observer: Observer,
) -> State:
    """Train to the end of the plan, from the newest checkpoint in the directory if there is one.

    Args:
        problem: model, loss and data.
        plan: what changes, and when.
        directory: where the run keeps its things.
        settings: how it is run.
        observer: told what happens.
    Returns:
        the last state.
    Raises:
        ValueError: if the plan has a quantity that nothing here follows.
        FloatingPointError: if the loss is no longer finite.
    """
    optimizer.check(plan)
    checkpoints = Checkpoints(directory.checkpoints, plan.fingerprint)
    state = initial_state(problem, plan, settings.seed)
    if checkpoints.latest_step is not None:
        state = checkpoints.restore(state)
        observer.resumed(int(state.step))
    elif directory.record_file.exists():
        raise FileNotFoundError(
            f"no checkpoint is left in {directory.checkpoints}, but the run has been going on; it "
            "is not started again by itself: put one back, or start a new run elsewhere"
        )
    else:
        checkpoints.save(state)
    start = int(state.step)
    if start > settings.num_steps:
        raise ValueError(f"the run is at step {start} already, beyond {settings.num_steps}")
    record = Record(directory.record_file, start)
    try:
        source = BatchSource(problem, plan, settings.seed, settings.batch, settings.num_steps)
        updates = _CompiledUpdates(problem, plan, observer)
        log = _DelayedLog(plan, record, observer)
        for step, batch in enumerate(_from(source, start), start=start):
            state, values = updates(rollout_at(plan, step), state, batch)
            log.add(step, values)
            if (step + 1) % settings.checkpoint_every == 0 or step + 1 == settings.num_steps:
                log.flush()
                checkpoints.save(state)
                log.restart_clock()
                observer.saved(step + 1)
    except BaseException:
        with suppress(Exception):  # what broke the run matters more than what it breaks in turn
            checkpoints.close()
        raise
    finally:
        record.close()
    checkpoints.close()
    return state


def _from(source: BatchSource, start: int) -> Any:
    return read_ahead(source, start) if start < len(source) else ()


class _CompiledUpdates:
    """One compiled function for each rollout length that the plan comes to."""

    def __init__(self, problem: Problem, plan: Plan, observer: Observer) -> None:
        self._problem, self._plan, self._observer = problem, plan, observer
        self._compiled: dict[int, Callable[[State, Tree], tuple[State, dict[str, Any]]]] = {}

    def __call__(self, rollout: int, state: State, batch: Tree) -> tuple[State, dict[str, Any]]:
        if rollout not in self._compiled:
            self._observer.compiling(rollout)
            began = time.perf_counter()
            update = jax.jit(make_update(self._problem, self._plan, rollout), donate_argnums=0)
            self._compiled[rollout] = update.lower(state, batch).compile()
            self._observer.compiled(rollout, time.perf_counter() - began)
        return self._compiled[rollout](state, batch)


class _DelayedLog:
    """Writes an update's line while the device works on the next one."""

    def __init__(self, plan: Plan, record: Record, observer: Observer) -> None:
        self._plan, self._record, self._observer = plan, record, observer
        self._pending: tuple[int, dict[str, Any]] | None = None
        self._last = time.perf_counter()

    def add(self, step: int, values: dict[str, Any]) -> None:
        self.flush()
        self._pending = (step, values)

    def restart_clock(self) -> None:
        self._last = time.perf_counter()

    def flush(self) -> None:
        if self._pending is None:
            return
        step, values = self._pending
        self._pending = None
        numbers = {name: _shortest(value) for name, value in jax.device_get(values).items()}
        now = time.perf_counter()
        line = {
            "step": step,
            "phase": self._plan.phase_at(step).name,
            **numbers,
            "rollout": rollout_at(self._plan, step),
            "seconds": round(now - self._last, 6),
        }
        self._last = now
        self._record.write(line)
        self._observer.updated(line)
        if not math.isfinite(line["loss"]):
            raise FloatingPointError(
                f"the loss at step {step} is {line['loss']}: try a lower peak rate or a longer "
                "warm-up; the last checkpoint is from before"
            )


def _shortest(value: Any) -> float:
    """A float32 as the shortest decimal that stands for it: 0.1, not 0.10000000149."""
    return float(str(value))
