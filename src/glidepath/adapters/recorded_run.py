"""A trainer's run as it is recorded: opened where it begins, closed where it ends."""

from __future__ import annotations

import inspect
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import numpy as np

from glidepath.plan import Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.record import Recorder
from glidepath.record.arrays import is_jax, is_torch, named_arrays
from glidepath.record.fingerprint import fingerprint
from glidepath.record.lines import read
from glidepath.record.schema import FILE_NAME


@final
class RecordedRun:
    """What the callbacks of the trainers share.

    Attributes:
        recorder: of the run that is going on, or None.
    """

    def __init__(
        self, path: str | Path, plan: Plan | Schedule | None, arguments: Mapping[str, Any]
    ) -> None:
        """Check and keep.

        Args:
            path: the run's directory.
            plan: that the run follows; None for that of the trainer, if it follows one.
            arguments: others of Recorder.
        Raises:
            TypeError: if an argument is none of these.
        """
        if "start" in arguments:
            raise TypeError("leave `start` out: the trainer knows which update comes first")
        inspect.signature(Recorder).bind(path, plan, **arguments)
        self.recorder: Recorder | None = None
        self._path, self._arguments = Path(path), dict(arguments)
        self._given = None if plan is None else as_plan(plan)
        self._may_begin_again = False
        self._waits_since: float | None = None
        self._data_seconds: float | None = None
        self._num_samples = 0
        self._prints: list[str] = []

    def begin(self, start: int, current: Plan | None, total_steps: int | None) -> Recorder:
        """Open the record, or go on with it.

        Args:
            start: updates done.
            current: the plan that the trainer follows, with its events, or None.
            total_steps: that the trainer will do, None if that is not known.
        Raises:
            FileExistsError: if there is a record of another run.
        """
        if self.recorder is not None:
            self.end("failed", "the trainer has begun again without an end")
        first = start if start or self._may_begin_again else None
        is_followed = current is not None and self._is_given(current)
        plan = self._before_record(current, start) if is_followed else self._given
        if plan is None or not plan.total_steps:
            self._arguments.setdefault("total_steps", total_steps)
        self.recorder = Recorder(self._path, plan, start=first, **self._arguments)
        self._may_begin_again = False
        self._waits_since = self._data_seconds = None
        self._num_samples, self._prints = 0, []
        if is_followed:
            self.recorder.follow(current)
        return self.recorder

    def _is_given(self, current: Plan) -> bool:
        """Whether a plan is the one that was given, up to its events."""
        given = self._given
        return given is None or current.with_events(given.events) == given

    def _before_record(self, plan: Plan, start: int) -> Plan:
        """The plan without those of its events that the record has already."""
        file = self._path / FILE_NAME
        if not start or not file.exists():
            return plan
        lines = (line for line in read(file) if line["kind"] == "event")
        num_recorded = sum(line["step"] <= start for line in lines)
        return plan.with_events(plan.events[: len(plan.events) - num_recorded])

    def follow(self, current: Plan | None) -> None:
        """Write the events that the trainer's plan has had since."""
        if self.recorder is None or current is None or not self._is_given(current):
            return
        events = current.events[len(self.recorder.plan.events) :]
        if events:
            self.recorder.events(events, current)

    def waits(self) -> None:
        """From now on the trainer waits for its data."""
        self._waits_since = time.perf_counter()

    def has_data(self) -> None:
        """It has it."""
        if self._waits_since is not None:
            waited = time.perf_counter() - self._waits_since
            self._data_seconds = (self._data_seconds or 0.0) + waited
        self._waits_since = None

    def pauses(self) -> None:
        """It does something else: how long the next batch is waited for is not known."""
        self._waits_since = None

    def _waited(self) -> float | None:
        """Seconds, for the batches of an update; None where that is not known."""
        waited, self._data_seconds = self._data_seconds, None
        return None if waited is None else round(waited, 6)

    def see_batch(self, batch: Any) -> None:
        """Count the samples of a micro-batch; tell it from others, where that waits for no device.

        Args:
            batch: arrays in any structure, the samples along their first axis.
        """
        try:
            arrays = [one for one in named_arrays(batch).values() if one.shape]
        except TypeError:
            return
        self._num_samples += len(arrays[0]) if arrays else 0
        if arrays and all(_is_at_hand(one) for one in arrays):
            self._prints.append(fingerprint(arrays))

    def batch_figures(self, num_processes: int = 1) -> dict[str, Any]:
        """What a line says of the batches, over the micro-batches of an update.

        Args:
            num_processes: that each take as many samples.
        """
        samples, prints = self._num_samples * num_processes, self._prints
        self._num_samples, self._prints = 0, []
        whole = prints[0] if len(prints) == 1 else None
        if len(prints) > 1:
            whole = fingerprint(np.array([int(one, 16) for one in prints], np.uint64))
        return {"samples": samples or None, "batch": whole, "data_seconds": self._waited()}

    @contextmanager
    def failing(self) -> Iterator[None]:
        """What is raised inside ends the run."""
        try:
            yield
        except BaseException as error:
            self.fail(error)
            raise

    def fail(self, error: BaseException) -> None:
        """End the run by an error, or by a signal, which stops it."""
        if isinstance(error, KeyboardInterrupt | SystemExit):
            self.end("stopped", "interrupted")
        else:
            self.end("failed", f"{type(error).__name__}: {error}")

    def end(self, state: str = "finished", reason: str | None = None) -> None:
        """Close the record."""
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            recorder.close(state, reason)
            self._may_begin_again = state == "failed"

    def end_at(self, done: int, total_steps: float | None) -> None:
        """Close the record of a run that its trainer has ended.

        Args:
            done: updates.
            total_steps: that it was to do; None if that is not known.
        """
        plan = None if self.recorder is None else self.recorder.plan
        is_planned = plan is not None and plan.total_steps and done >= plan.total_steps
        if is_planned or total_steps is None or done >= total_steps:
            self.end()
        else:
            self.end("stopped", f"after {done:,} of {total_steps:,} updates, by its trainer")


def _is_at_hand(array: Any) -> bool:
    return not is_jax(array) and not (is_torch(array) and array.device.type != "cpu")
