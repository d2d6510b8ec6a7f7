"""What writes the record of a run, from any training loop."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Self, final

from glidepath.plan import Event, Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.record.arguments import (
    check_arrays,
    check_figures,
    check_seconds,
    check_step,
    check_whole,
)
from glidepath.record.fingerprint import fingerprint
from glidepath.record.header import header
from glidepath.record.lines import Writer, num_kept
from glidepath.record.looking import looks_at
from glidepath.record.model import about_arrays
from glidepath.record.planned import planned
from glidepath.record.schema import FILE_NAME, STATES
from glidepath.record.sinks import Background, Sink
from glidepath.record.step_sizes import StepSizes
from glidepath.record.summary import Summary, summarize
from glidepath.record.turns import Turns, in_turn
from glidepath.record.update import Update, as_float


@final
class Recorder:
    """Writes what a run does to `record.jsonl`: one line an update, and lines beside them.

    Give it to a `with`, which closes it and says how the run ended. Threads may share it: each call
    waits for the one before, and steps have to ascend.

    Norms of a torch module or of arrays at hand are computed every `norms_every` updates, single
    arrays are looked at every `look_every`. In JAX call `summarize` inside your compiled step and
    give the result as `summary`: then all norms are there at every update.

    Attributes:
        path: the run's directory.
        plan: with the events so far, or None.
        next_step: the first step that may be logged next.
        sources: functions that are asked, at every update that is logged, what else was seen of
            it: they get its step, and return figures as `log` takes them. Hooks of optimizers are
            such; closing forgets them.

    Example:
        >>> import tempfile
        >>> from glidepath import Phase, Plan, linear
        >>> from glidepath.record import History, Recorder
        >>> plan = Plan(Phase("training", 3, lr=linear(0.3, 0.0)))
        >>> directory = tempfile.mkdtemp() + "/run"
        >>> with Recorder(directory, plan) as recorder:
        ...     for step in range(3):
        ...         recorder.log(step, loss=1.0 / (step + 1))
        >>> [round(rate, 3) for rate in History.open(directory).column("lr").tolist()]
        [0.3, 0.2, 0.1]
    """

    def __init__(
        self,
        path: str | Path,
        plan: Plan | Schedule | None = None,
        *,
        start: int | None = None,
        total_steps: int | None = None,
        name: str | None = None,
        configuration: Mapping[str, Any] | None = None,
        events: Sequence[Event] = (),
        sinks: Iterable[Sink] = (),
        norms_every: int = 10,
        look_every: int = 100,
        tell: Callable[[str], None] | None = None,
        on_line: Callable[[dict[str, Any]], None] | None = None,
        inquire: Callable[[int], dict[str, Any]] | None = None,
        writes: bool = True,
    ) -> None:
        """Open the record, or go on with it.

        Args:
            path: the run's directory, which is made where it is not there.
            plan: that the run follows; a schedule is one of the learning rate.
            start: the step of the first update, if the run goes on with what it has: what the
                record says about it and later ones is dropped, for it will be written again.
                None for a new run.
            total_steps: updates that the run will do; the plan's where None.
            name: of the run; the directory's where None.
            configuration: what else the run was started with, of plain values.
            events: that have happened to the plan, where the run goes on.
            sinks: trackers that get every line, too, each on a thread of its own.
            norms_every: updates between norms that are computed here, and not by you.
            look_every: updates between looks at the single arrays.
            tell: gets what a user should know, such as that a tracker failed; stderr by default.
            on_line: gets every line as soon as it is written, in this thread; what it raises ends
                the run.
            inquire: gets the step of an update that met NaN or infinity, and finds out more: what
                else to write, see "nonfinite" in `schema.KINDS`.
            writes: False in the processes of a run beside the first: lines are made and handed to
                `on_line`, and no file is touched.
        Raises:
            FileExistsError: if there is a record, and no `start`.
            TypeError, ValueError: if an argument is none of these.
            ClaimedError: if another process writes there.
            OSError: if the directory can't be written.
        """
        check_whole("norms_every", norms_every, 1)
        check_whole("look_every", look_every, 1)
        check_whole("start", start or 0, 0)
        check_whole("total_steps", 1 if total_steps is None else total_steps, 1)
        self.path, self.next_step, self._turns = Path(path), int(start or 0), Turns(Path(path))
        self.plan = None if plan is None else as_plan(plan)
        line = header(self.path, self.plan, name, total_steps, configuration or {}, events=events)
        if self.plan is not None:
            self.plan = self.plan.with_events([*self.plan.events, *events])
        self._norms_every, self._look_every = norms_every, look_every
        self._tell, self._on_line, self._inquire = (
            tell or partial(print, file=sys.stderr),
            on_line,
            inquire,
        )
        self._last_nonfinite: dict[str, Any] | None = None
        self.sources: list[Callable[[int], Mapping[str, Any]]] = []
        self._waiting: Update | None = None
        self._is_modelled = self._is_closed = False
        self._last: float | None = None
        file = self.path / FILE_NAME
        num_recorded = num_kept(file, start) if writes else 0
        self._writer = Writer(file, self.next_step) if writes else None
        self._sinks = [Background(sink, tell=self.notice) for sink in sinks]
        self._write("run", **line)
        if num_recorded:
            self._write("restart", step=self.next_step)

    def norms_at(self, step: int) -> bool:
        """Whether norms are due at a step."""
        return step % self._norms_every == 0 or self.looks_at(step)

    def looks_at(self, step: int) -> bool:
        """Whether single arrays are looked at at a step: every so many, and early once."""
        return bool(looks_at(step, self._look_every))

    @in_turn
    def log(
        self,
        step: int,
        loss: Any = None,
        *,
        params: Any = None,
        grads: Any = None,
        updates: Any = None,
        summary: Summary | None = None,
        step_sizes: StepSizes | Callable[[], StepSizes] | None = None,
        batch: Any = None,
        **figures: Any,
    ) -> None:
        """Write the line of one update.

        Args:
            step: the update, counted from 0.
            loss: of its batch; a number, or a scalar of any framework. One on a device is read when
                the next update is logged, so that nothing waits for it now.
            params: the model: a torch module, a Keras model or a tree of arrays, before or after
                the update, but always the same.
            grads: of the update, as `params`; those of a torch module are found by themselves.
            updates: what the optimizer added, as `params`.
            summary: in the place of the three, what `summarize` made of them.
            step_sizes: of the optimizer, of `glidepath.record.step_sizes`; or a function that
                finds them, which is called only where arrays are looked at.
            batch: its fingerprint, a text, or what to make one of: the indices of its samples, or
                its arrays.
            **figures: scheduled values as they were really used, such as lr=1e-3; `samples` in
                the batch; `data_seconds`, spent waiting for it; `seconds`, since the update
                before, if you know better than the recorder's clock; whatever else was measured.
        Raises:
            TypeError, ValueError: if the step was logged already, or a figure is no number.
            RuntimeError: in a process that was forked from the one that opened the record.
        """
        step, observed = self._checked(step), {}
        for source in self.sources:
            observed |= source(step)
        seen = observed.pop("summary", None)
        summary = summary or seen
        check_arrays(params, grads, updates)
        if params is not None:
            if not self._is_modelled:
                self.describe(step, params)
            if summary is None and self.norms_at(step):
                look = self.looks_at(step)
                summary = summarize(params, grads, updates, step_sizes=step_sizes, look=look)
        figures = {"loss": loss} | planned(self.plan, step, observed | figures) | observed | figures
        line = {name: value for name, value in figures.items() if value is not None}
        check_figures(line, () if self.plan is None else self.plan.names)
        if batch is not None:
            line["batch"] = batch if isinstance(batch, str) else fingerprint(batch)
        self.flush()
        self.next_step = step + 1
        self._waiting = Update(step, line, summary, self._clock(), time.time())
        if not self._waiting.is_on_a_device:
            self.flush()

    def _checked(self, step: int) -> int:
        """The step of an update that may be logged now."""
        step = self._whole(step)
        if step < self.next_step:
            raise ValueError(
                f"`step` must be {self.next_step} or later, for what came before is recorded, got "
                f"{step}; a run that goes back to a checkpoint needs a new Recorder, with "
                f"start={step}"
            )
        return step

    def _whole(self, step: int) -> int:
        """A number of updates, while lines may be written."""
        if self._is_closed:
            raise ValueError("this recorder is closed: make another with start=STEP to go on")
        return check_step(step)

    def _clock(self) -> float | None:
        """Seconds since the update before; None for the first one and after a pause."""
        now = time.perf_counter()
        last, self._last = self._last, now
        return None if last is None else now - last

    @in_turn
    def describe(
        self,
        step: int,
        params: Any,
        *,
        held: Iterable[str] | None = None,
        idle: Iterable[str] = (),
    ) -> None:
        """Write what arrays there are; `log` does it by itself, and knows less.

        Args:
            step: the coming update.
            params: the model.
            held: names of those that the optimizer holds, where it is known.
            idle: names of those that are known to have no gradient.
        """
        line = {"step": self._whole(step), "arrays": about_arrays(params, held, idle)}
        self._is_modelled = True
        self._write("model", **line)

    @in_turn
    def flush(self, *, to_disk: bool = False) -> None:
        """Write the last update's line now, which waits for the device, and the disk if asked."""
        update, self._waiting = self._waiting, None
        if update is not None:
            self._write_update(update)
        if to_disk and self._writer is not None:
            self._writer.sync()

    def _write_update(self, update: Update) -> None:
        lines = dict(update.lines())
        broken = lines.pop("nonfinite", None)
        for kind, line in lines.items():
            self._write(kind, **line)
        if broken is None:
            self._last_nonfinite = None
        else:
            self._write_nonfinite(broken)

    def _write_nonfinite(self, line: dict[str, Any]) -> None:
        """Write it, but for what the update right before it had as well."""
        found = {key: value for key, value in line.items() if key != "step"}
        if found != self._last_nonfinite:
            self._last_nonfinite = found
            more = self._inquire(line["step"]) if self._inquire else {}
            self._write("nonfinite", **line, **more)

    @in_turn
    def evaluate(self, step: int, *, seconds: float | None = None, **metrics: Any) -> None:
        """Write what an evaluation measured, such as val_loss=0.3.

        Args:
            step: updates done before it.
            seconds: that it took.
            **metrics: numbers.
        """
        step = self._whole(step)
        check_figures(metrics, planned=metrics)
        numbers = {name: as_float(name, value) for name, value in metrics.items()}
        told = {} if seconds is None else {"seconds": round(check_seconds(seconds), 6)}
        self.flush()
        self._write("evaluation", step=step, **numbers, **told)
        self.pause()

    @in_turn
    def events(self, events: Iterable[Event], plan: Plan) -> None:
        """Write that a plan that listens has changed, and follow what it has become."""
        self.flush()
        for event in events:
            self._write("event", step=event.step, event=event.kind, target=event.target)
        self.follow(plan)

    def follow(self, plan: Plan) -> None:
        """Take the values from now on from this plan, such as one with events on record."""
        self.plan = plan

    @in_turn
    def rolled_back(self, broken: int, attempt: int, reason: str) -> None:
        """Write that the run came back to the coming step, because an update later broke."""
        self._write("rollback", step=self.next_step, broken=broken, attempt=attempt, reason=reason)

    @in_turn
    def saved(self, step: int) -> None:
        """Write that the state was saved after so many updates."""
        step = self._whole(step)
        self.flush()
        self._write("checkpoint", step=step)
        self.pause()

    @in_turn
    def notice(self, text: str) -> None:
        """Write what the run's owner should know, and say it on the screen."""
        self._tell(text)
        if not self._is_closed:
            self._write("notice", step=self.next_step, text=text)

    def pause(self) -> None:
        """Leave out the time until the next update: something else was done."""
        self._last = None

    @in_turn
    def close(self, state: str = "finished", reason: str | None = None) -> None:
        """Write how the run ended, and let the trackers finish.

        Args:
            state: "finished", "stopped" or "failed".
            reason: why, where it is not finished.
        """
        if state not in STATES:
            raise ValueError(f"`state` must be one of {', '.join(STATES)}, got {state!r}")
        if self._is_closed:
            return
        try:
            self.flush()
        except Exception as error:
            self._end("failed", _told(error))
            raise
        self._end(state, reason)

    def _end(self, state: str, reason: str | None) -> None:
        """Write the last line, and let go of everything, whatever happens."""
        told = {} if reason is None else {"reason": reason}
        try:
            self._write("end", step=self.next_step, state=state, **told)
        finally:
            for sink in self._sinks:
                sink.close()
            self._is_closed = True
            self.sources.clear()
            if self._writer is not None:
                self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, *_: Any
    ) -> None:
        if error is None:
            self.close()
            return
        with suppress(Exception):  # the error that is on its way matters more
            self.flush()
        is_stopped = isinstance(error, KeyboardInterrupt)
        try:
            self.close(*("stopped", "interrupted") if is_stopped else ("failed", _told(error)))
        except Exception as another:
            error.add_note(f"The record of the run was not ended: {_told(another)}")

    def _write(self, kind: str, **line: Any) -> None:
        whole = {"kind": kind, **line}
        whole.setdefault("time", round(time.time(), 3))
        try:
            if self._writer is not None:
                self._writer.write(whole)
        finally:  # trackers may be on another disk, or none
            for sink in self._sinks:
                sink.put(whole)
        if self._on_line is not None:
            began = time.perf_counter()
            self._on_line(whole)
            if self._last is not None:  # looking at the run is no part of an update
                self._last += time.perf_counter() - began


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
