"""The training loop: follows a plan from one state to the next."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, final

import jax

from glidepath.plan import Event, Plan
from glidepath.record import Recorder
from glidepath.record.fingerprint import fingerprint
from glidepath.record.lines import read
from glidepath.record.sinks import Sink
from glidepath.training import optimizer
from glidepath.training.agreement import from_the_first
from glidepath.training.batches import BatchSource, read_ahead, rollout_at
from glidepath.training.blame import Blame
from glidepath.training.checkpoints import About
from glidepath.training.compiled import CompiledUpdates
from glidepath.training.hearing import Hearing
from glidepath.training.observer import Nobody, Observer
from glidepath.training.placement import placement_of
from glidepath.training.problem import Problem, Tree
from glidepath.training.redraws import MOST_ATTEMPTS, Redraws
from glidepath.training.run_directory import RunDirectory
from glidepath.training.safe_points import SafePoints
from glidepath.training.saving import Saving
from glidepath.training.settings import Settings
from glidepath.training.stopping import Asked, StoppedError
from glidepath.training.update import LOOK_EVERY, State, Update, initial_state, moment
from glidepath.training.validation import Validation
from glidepath.training.watchman import RollBackError, Watchman


def train(
    problem: Problem,
    plan: Plan,
    directory: RunDirectory,
    settings: Settings,
    observer: Observer,
    *,
    sinks: Sequence[Sink] = (),
    asked: Sequence[Asked] = (),
) -> State:
    """Train to the end of the plan, from the newest checkpoint in the directory if there is one.

    Args:
        problem: model, loss and data.
        plan: what changes, and when.
        directory: where the run keeps its things.
        settings: how it is run.
        observer: told what happens.
        sinks: trackers that get the record, too; closed and written to again where the run is
            rolled back.
        asked: asked between two updates whether to stop, such as `Signals.wish`.
    Returns:
        the last state, the whole of it on every device.
    Raises:
        ValueError: if the plan has a quantity that nothing here follows, or listens to what is not
            measured; or the batch can't be spread over the devices.
        ClaimedError: if another process trains in the directory.
        FileNotFoundError: if there are checkpoints, and none of them is whole.
        FloatingPointError: if the loss or the gradient is no longer finite, where that stops it.
        SaveError: if a state could not be saved.
        StoppedError: if the observer or one of those asked wanted it.
    """
    optimizer.check(plan)
    if jax.process_index() > 0:
        observer = Nobody()
    loop = _Loop(problem, plan, directory, settings, observer, asked=asked)
    try:
        loop.begin()
        is_ended = loop.is_over and from_the_first(lambda: has_ended(directory.record_file))
        while not is_ended:
            loop.go_on(sinks)
            is_ended = loop.is_over
    except BaseException:
        with suppress(Exception):  # what broke the run matters more than what breaks in turn
            loop.close()
        raise
    loop.close()
    return loop.whole_state()


@final
class _Loop:
    """A run between two updates: its state, and what the next update needs."""

    def __init__(
        self,
        problem: Problem,
        plan: Plan,
        directory: RunDirectory,
        settings: Settings,
        observer: Observer,
        *,
        asked: Sequence[Asked],
    ) -> None:
        self._problem, self._plan, self._directory = problem, plan, directory
        self._settings, self._observer = settings, observer
        self._placement = placement_of(settings)
        self._validation = Validation(problem, settings.batch, self._placement)
        is_evaluated = settings.evaluate_every is not None and self._validation.is_possible
        self._every = settings.evaluate_every if is_evaluated else None
        self._hearing = Hearing(plan, evaluates=is_evaluated)
        self._redraws = Redraws()
        self._watchman, self._blame = Watchman(settings), Blame(problem)
        self._updates = CompiledUpdates(problem, settings, self._placement, observer)
        self._saving = Saving(directory, plan, settings, observer.notice)
        self._safe_points = SafePoints(settings, self._saving, [*asked, observer.wants_to_stop])
        self._is_first = jax.process_index() == 0
        self._rollback: dict[str, Any] | None = None

    def begin(self) -> None:
        """Go on from a checkpoint, or make the first one."""
        state = initial_state(self._problem, self._plan, self._settings.seed)
        self._state = self._placement.place(state)
        self._done = 0
        about = self._saving.newest(self._settings.from_step)
        if about is not None:
            if about.step and not self._directory.record_file.exists():
                self._observer.notice(f"the run's record is gone: it begins at step {about.step:,}")
            self._load(about)
            self._redraws = Redraws(about.redraws)
            self._observer.resumed(self._done)
        else:
            self._save({}, is_due=True)
            self._saving.wait()
        if self._done > self._settings.num_steps:
            raise ValueError(
                f"the run is at step {self._done} already, beyond {self._settings.num_steps}"
            )

    def _load(self, about: About) -> None:
        self._state = self._saving.load(about, self._state)
        self._done = about.step
        self._hearing = Hearing(self._plan, evaluates=self._every is not None)
        self._hearing.replay(about.heard)

    @property
    def _num_steps(self) -> int:
        """Updates of the run; an event may have made its plan shorter."""
        return min(self._settings.num_steps, self._hearing.plan.total_steps)

    @property
    def is_over(self) -> bool:
        """Whether there is no update left to do."""
        return self._done >= self._num_steps

    def go_on(self, sinks: Sequence[Sink]) -> None:
        """To the end, or until the run has to go back."""
        with self._record(sinks) as recorder:
            try:
                self._run(recorder)
            except StoppedError as error:
                recorder.close("stopped", str(error))
                raise
            except RollBackError as error:
                self._roll_back(error)
                recorder.close("stopped", str(error))

    def _record(self, sinks: Sequence[Sink]) -> Recorder:
        """What writes the run's record, from its next step on; the first process alone does."""
        recorder = Recorder(
            self._directory.path,
            self._plan,
            start=self._done,
            events=self._hearing.events,
            total_steps=self._settings.num_steps,
            configuration=self._directory.open()[1],
            sinks=sinks if self._is_first else (),
            look_every=LOOK_EVERY,
            tell=self._observer.notice,
            on_line=self._see,
            inquire=self._inquire,
            writes=self._is_first,
        )
        if self._rollback is not None:
            recorder.rolled_back(**self._rollback)
            self._rollback = None
        layers = self._problem.by_layer(self._state.parameters)
        recorder.describe(self._done, layers, idle=self._problem.idle(self._state.parameters))
        return recorder

    def _see(self, line: dict[str, Any]) -> None:
        self._watchman.see(line)
        self._observer.wrote(line)

    def _inquire(self, step: int) -> dict[str, Any]:
        """What else is known of an update that met NaN or infinity."""
        source = self._source()
        rollout = rollout_at(source.plan, step)
        parameters = self._placement.gather(self._state.parameters)
        found = self._blame(parameters, source.samples(step), rollout)
        return found | {"policy": self._settings.on_nan}

    def _source(self) -> BatchSource:
        how = self._settings
        return BatchSource(
            problem=self._problem,
            plan=self._hearing.plan,
            seed=how.seed,
            size=how.batch,
            num_steps=self._num_steps,
            placement=self._placement,
            redraws=self._redraws,
        )

    def _roll_back(self, broken: RollBackError) -> None:
        """To a checkpoint; the updates from there to the broken one get other samples."""
        self._saving.wait()
        about = self._saving.newest_due()
        self._redraws = self._redraws.after(about.step, broken.step)
        self._load(about)
        attempt = self._redraws.attempt(broken.step)
        self._rollback = {"broken": broken.step, "attempt": attempt, "reason": str(broken)}
        self._observer.notice(
            f"{broken}; rolled back to step {about.step:,}, to come again with other samples "
            f"(attempt {attempt} of {MOST_ATTEMPTS})"
        )

    def _run(self, recorder: Recorder) -> None:
        """Go on to the end; batches are read anew after each event, which may change them."""
        while not self.is_over:
            self._follow(recorder)

    def _follow(self, recorder: Recorder) -> None:
        """Follow the plan as it is now: to its end, or to the next event."""
        source = self._source()
        for own, waited in _timed(read_ahead(source, self._done)):
            step, rollout = self._done, rollout_at(source.plan, self._done)
            batch = self._placement.spread(own)
            update = self._compiled(source.plan, rollout, batch, recorder)
            self._state, figures = update(self._state, batch, moment(source.plan, step))
            self._done += 1
            recorder.log(
                step,
                batch=fingerprint(source.samples(step)),
                samples=self._settings.batch,
                data_seconds=round(waited, 6),
                rollout=rollout,
                **figures,
            )
            if self._look_around(recorder):
                return

    def _compiled(self, plan: Plan, rollout: int, batch: Tree, recorder: Recorder) -> Update:
        """The update of a rollout length; the time to compile one is no update's."""
        is_new = not self._updates.has(rollout)
        update = self._updates(plan, rollout, self._state, batch)
        if is_new:
            recorder.pause()
            self._safe_points.pause()
        return update

    def _look_around(self, recorder: Recorder) -> bool:
        """Evaluate, save and stop where that is due; returns whether the plan has changed."""
        measured, events = self._evaluate(recorder)
        coming = self._updates.seconds(rollout_at(self._hearing.plan, self._done))
        is_due, stop = self._safe_points(self._done, coming)
        if is_due or stop or self.is_over:
            recorder.flush(to_disk=True)
            self._save(measured, is_due=is_due)
            recorder.pause()
        if self.is_over or stop:
            self._saving.wait()
        for step in self._saving.finished():
            recorder.saved(step)
        if stop and not self.is_over:
            raise StoppedError(stop, self._done)
        return bool(events)

    def _evaluate(self, recorder: Recorder) -> tuple[dict[str, float], list[Event]]:
        """What was measured, if it was time to; and what the plan makes of it."""
        # Not where a run is cut short: one that listens would hear more than an uncut one.
        is_last = self._done == self._hearing.plan.total_steps
        if self._every is None or not (self._done % self._every == 0 or is_last):
            return {}, []
        recorder.flush()
        measured, seconds = self._validation.measure(self._state.parameters)
        recorder.evaluate(self._done, seconds=seconds, **measured)
        events = self._hearing.hear(self._done, measured)
        if events:
            recorder.events(events, self._hearing.plan)
        return measured, events

    def _save(self, measured: dict[str, float], *, is_due: bool) -> None:
        self._saving.save(
            self._state,
            self._done,
            self._hearing.heard,
            self._redraws,
            measured,
            is_due=is_due,
        )

    def whole_state(self) -> State:
        """The state, the whole of it on every device."""
        return self._placement.gather(self._state)

    def close(self) -> None:
        """Finish what is being saved."""
        self._saving.close()


def _timed(batches: Iterator[Tree]) -> Iterator[tuple[Tree, float]]:
    """Each batch with the seconds that it was waited for."""
    while True:
        began = time.perf_counter()
        batch = next(batches, None)
        if batch is None:
            return
        yield batch, time.perf_counter() - began


def has_ended(record_file: Path) -> bool:
    """Whether a record says that its run has come to its end."""
    if not record_file.exists():
        return False
    return any(line["kind"] == "end" and line["state"] == "finished" for line in read(record_file))
