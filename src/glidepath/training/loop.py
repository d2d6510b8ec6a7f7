"""The training loop: follows a plan from one state to the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import jax

from glidepath.plan import Event, Plan
from glidepath.record import Recorder
from glidepath.record.fingerprint import fingerprint
from glidepath.record.lines import read
from glidepath.record.sinks import Sink
from glidepath.training import optimizer
from glidepath.training.batches import BatchSource, read_ahead, rollout_at
from glidepath.training.blame import Blame
from glidepath.training.checkpoints import Checkpoints
from glidepath.training.hearing import Hearing
from glidepath.training.problem import Problem, Tree
from glidepath.training.run_directory import RunDirectory
from glidepath.training.settings import Settings
from glidepath.training.update import LOOK_EVERY, State, initial_state, make_update
from glidepath.training.validation import Validation
from glidepath.training.watchman import Watchman

Update = Callable[[State, Tree], tuple[State, dict[str, Any]]]


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

    def wrote(self, line: dict[str, Any]) -> None:
        """A line of the record has been written."""
        ...

    def notice(self, text: str) -> None:
        """Something that the run's owner should know."""
        ...

    def wants_to_stop(self) -> str | None:
        """Why the run should stop now, or None."""
        ...


class StoppedError(Exception):
    """The observer wanted the run to stop; its state was saved."""


def train(
    problem: Problem,
    plan: Plan,
    directory: RunDirectory,
    settings: Settings,
    observer: Observer,
    *,
    sinks: Sequence[Sink] = (),
) -> State:
    """Train to the end of the plan, from the newest checkpoint in the directory if there is one.

    Args:
        problem: model, loss and data.
        plan: what changes, and when.
        directory: where the run keeps its things.
        settings: how it is run.
        observer: told what happens.
        sinks: trackers that get the record, too.
    Returns:
        the last state.
    Raises:
        ValueError: if the plan has a quantity that nothing here follows, or listens to what is not
            measured.
        FloatingPointError: if the loss or the gradient is no longer finite, where that stops it.
        StoppedError: if the observer wanted it.
    """
    optimizer.check(plan)
    loop = _Loop(problem, plan, directory, settings, observer)
    if loop.is_over and has_ended(directory.record_file):
        return loop.state
    with loop.record(directory, sinks) as recorder:
        try:
            loop.run(recorder)
        except StoppedError as error:
            recorder.close("stopped", str(error))
            raise
    return loop.state


class _Loop:
    """A run between two updates: its state, and what the next update needs.

    Attributes:
        state: after the updates so far.
    """

    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        directory: RunDirectory,
        settings: Settings,
        observer: Observer,
    ) -> None:
        self._problem, self._plan = problem, plan
        self._settings, self._observer = settings, observer
        self._validation = Validation(problem, settings.batch)
        is_evaluated = settings.evaluate_every is not None and self._validation.is_possible
        self._every = settings.evaluate_every if is_evaluated else None
        self._hearing = Hearing(plan, evaluates=is_evaluated)
        self._watchman, self._blame = Watchman(settings), Blame(problem)
        self._checkpoints = Checkpoints(directory.checkpoints, plan.fingerprint)
        self.state = initial_state(problem, plan, settings.seed)
        self._begin(directory)
        if self._step > settings.num_steps:
            raise ValueError(
                f"the run is at step {self._step} already, beyond {settings.num_steps}"
            )
        self._compiled: dict[int, Update] = {}

    def _begin(self, directory: RunDirectory) -> None:
        """Go on from the newest checkpoint, or make the first one."""
        if self._checkpoints.latest_step is not None:
            self.state, heard = self._checkpoints.restore(self.state)
            self._hearing.replay(heard)
            self._observer.resumed(self._step)
        elif directory.record_file.exists():
            raise FileNotFoundError(
                f"no checkpoint is left in {directory.checkpoints}, but the run has been going on; "
                "it is not started again by itself: put one back, or start a new run elsewhere"
            )
        else:
            self._checkpoints.save(self.state)

    @property
    def _step(self) -> int:
        return int(self.state.step)

    @property
    def _num_steps(self) -> int:
        """Updates of the run; an event may have made its plan shorter."""
        return min(self._settings.num_steps, self._hearing.plan.total_steps)

    @property
    def is_over(self) -> bool:
        """Whether there is no update left to do."""
        return self._step >= self._num_steps

    def record(self, directory: RunDirectory, sinks: Sequence[Sink]) -> Recorder:
        """What writes the run's record, from its next step on."""
        recorder = Recorder(
            directory.path,
            self._plan,
            start=self._step,
            total_steps=self._settings.num_steps,
            configuration=directory.open()[1],
            sinks=sinks,
            look_every=LOOK_EVERY,
            tell=self._observer.notice,
            on_line=self._see,
            inquire=self._inquire,
        )
        recorder.follow(self._hearing.plan)
        layers = self._problem.by_layer(self.state.parameters)
        recorder.describe(self._step, layers, idle=self._problem.idle(self.state.parameters))
        return recorder

    def _see(self, line: dict[str, Any]) -> None:
        self._watchman.see(line)
        self._observer.wrote(line)

    def _inquire(self, step: int) -> dict[str, Any]:
        """What else is known of an update that met NaN or infinity."""
        source = self._source()
        rollout = rollout_at(source.plan, step)
        found = self._blame(self.state.parameters, source.samples(step), rollout)
        return found | {"policy": self._settings.on_nan}

    def _source(self) -> BatchSource:
        how, plan = self._settings, self._hearing.plan
        return BatchSource(self._problem, plan, how.seed, how.batch, self._num_steps)

    def run(self, recorder: Recorder) -> None:
        """Go on to the end; batches are read anew after each event, which may change them."""
        try:
            while not self.is_over:
                self._follow(recorder)
        except BaseException:
            with suppress(Exception):  # what broke the run matters more than what breaks in turn
                self._checkpoints.close()
            raise
        self._checkpoints.close()

    def _follow(self, recorder: Recorder) -> None:
        """Follow the plan as it is now: to its end, or to the next event."""
        source, step = self._source(), self._step
        for batch, waited in _timed(read_ahead(source, step)):
            update = self._update(rollout_at(source.plan, step), batch, recorder)
            self.state, figures = update(self.state, batch)
            recorder.log(
                step,
                batch=fingerprint(source.samples(step)),
                samples=self._settings.batch,
                data_seconds=round(waited, 6),
                rollout=rollout_at(source.plan, step),
                **figures,
            )
            step += 1
            if self._look_around(step, recorder):
                return

    def _look_around(self, done: int, recorder: Recorder) -> bool:
        """Evaluate and save where that is due; returns whether the plan has changed."""
        reason = self._observer.wants_to_stop()
        # Not where a run is cut short: one that listens would hear more than an uncut one.
        is_last = done == self._hearing.plan.total_steps
        events: list[Event] = []
        if self._every is not None and (done % self._every == 0 or is_last):
            recorder.flush()
            measured, seconds = self._validation.measure(self.state.parameters)
            recorder.evaluate(done, seconds=seconds, **measured)
            events = self._hearing.hear(done, measured)
        if events:
            recorder.events(events, self._hearing.plan)
            self._compiled = {}
        is_over = done >= self._num_steps
        if done % self._settings.checkpoint_every == 0 or is_over or reason:
            recorder.flush()
            self._checkpoints.save(self.state, self._hearing.heard)
            recorder.saved(done)
        if reason:
            raise StoppedError(reason)
        return bool(events)

    def _update(self, rollout: int, batch: Tree, recorder: Recorder) -> Update:
        """The compiled update of a rollout length; one is compiled when the plan comes to it."""
        if rollout not in self._compiled:
            self._observer.compiling(rollout)
            began = time.perf_counter()
            update = make_update(
                self._problem,
                self._hearing.plan,
                rollout,
                keeps_finite=self._settings.on_nan != "ignore",
            )
            lowered = jax.jit(update, donate_argnums=0).lower(self.state, batch)
            self._compiled[rollout] = lowered.compile()
            self._observer.compiled(rollout, time.perf_counter() - began)
            recorder.pause()
        return self._compiled[rollout]


def _timed(batches: Iterator[Tree]) -> Iterator[tuple[Tree, float]]:
    """Each batch with the seconds that it was waited for."""
    while True:
        began = time.perf_counter()
        batch = next(batches, None)
        if batch is None:
            return
        yield batch, time.perf_counter() - began


def has_ended(record_file: Path) -> bool:
    """Whether a record says that its run has ended."""
    return record_file.exists() and any(line["kind"] == "end" for line in read(record_file))
