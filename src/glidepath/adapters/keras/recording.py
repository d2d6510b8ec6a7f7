"""The record of a run of `model.fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import keras
from keras.optimizers import Optimizer

from glidepath.adapters.keras.batch_losses import BatchLosses
from glidepath.adapters.keras.places import unwrapped
from glidepath.adapters.keras.used import planned_by, resting_rates, used_values
from glidepath.adapters.recorded_run import RecordedRun
from glidepath.plan import Plan, Schedule
from glidepath.record import Summary, summarize
from glidepath.record.arrays import is_torch


@final
class RecordCallback(keras.callbacks.Callback):
    """Records the updates and validations of `model.fit`, on JAX, torch and TensorFlow.

    The loss is that of the update's batches: Keras logs its running mean over the epoch, and what
    a batch added to it is recovered, to about 6e-8 of the mean times the number of batches so far
    in the epoch. The rate and the other numbers are those of the optimizer; a rate that another
    callback sets within an epoch is seen when norms are due.

    Norms of the parameters and of the update are computed every `norms_every` updates, for which
    the variables are copied. Gradients never leave Keras' compiled step: they are recorded on
    torch alone, where nothing is compiled, if no batches are accumulated. In a loop of your own
    call `glidepath.record.summarize`.
    With `steps_per_execution` a line is of the last of so many updates.

    Of a validation of the training everything is recorded that Keras calls "val_...". Checkpoints
    that other callbacks write are not seen. `evaluate` and `predict` write nothing. A resumed run
    has each step once: the optimizer's own count says where it goes on. Keras does not tell its
    callbacks of errors: then the record has no end, as one of a process that was killed.

    It goes with PlanCallback in any order.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> import tempfile
        >>> from glidepath.record import History
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(0.25), "mse")
        >>> x, directory = np.ones((32, 1), "float32"), tempfile.mkdtemp() + "/run"
        >>> callbacks = [RecordCallback(directory)]
        >>> run = model.fit(x, x, batch_size=8, epochs=2, verbose=0, callbacks=callbacks)
        >>> History.open(directory).column("lr").tolist()
        [0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25]
    """

    def __init__(
        self, path: str | Path, plan: Plan | Schedule | None = None, **arguments: Any
    ) -> None:
        """Check and keep; nothing is written before the training begins.

        Args:
            path: the run's directory.
            plan: that the run follows; None for that of the optimizer's PlanSchedule, if it has
                one.
            **arguments: of `glidepath.record.Recorder`, such as `norms_every`.
        Raises:
            TypeError, ValueError: if an argument is none of these.
        """
        super().__init__()
        self._run = RecordedRun(path, plan, arguments)
        self._is_new = True
        self._num_batches = self._num_logged = 0
        self._total_steps: int | None = None
        self._before: dict[str, Any] | None = None
        self._rates: dict[int, float] = {}
        self._is_first_of_epoch = True

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """The record is opened later, when other callbacks have loaded a checkpoint."""
        self._is_new = True

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Open the record, or go on with it where the optimizer has done updates.

        Raises:
            FileExistsError: if another run is recorded there.
        """
        if self._is_new:
            self._begin(epoch)
        self._losses.begin_epoch()
        self._is_first_of_epoch = True

    def _begin(self, epoch: int) -> None:
        self._is_new, self._losses = False, BatchLosses(self.model)
        self._num_batches = self._count()
        self._num_logged = self._num_batches // self._accumulates
        epochs, batches = (self.params or {}).get("epochs"), (self.params or {}).get("steps")
        self._total_steps = None
        if epochs and batches:
            coming = (epochs - epoch) * batches
            self._total_steps = (self._num_batches + coming) // self._accumulates
        plan = planned_by(self._optimizers)
        recorder = self._run.begin(self._num_logged, plan, self._total_steps)
        recorder.describe(self._num_logged, self._parameters())

    @property
    def _optimizers(self) -> list[Optimizer]:
        return unwrapped(self.model.optimizer)

    @property
    def _accumulates(self) -> int:
        """Batches in an update."""
        return self._optimizers[0].gradient_accumulation_steps or 1

    def _sync(self) -> None:
        """On JAX the train loop has the variables' values until it is asked for them."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()

    def _count(self) -> int:
        """Batches that the optimizer has taken in, by its own count."""
        self._sync()
        return int(keras.ops.add(self._optimizers[0]._iterations, 0))

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Keep the parameters where their norms are due; see what another callback has set."""
        recorder, accumulates = self._run.recorder, self._accumulates
        self._run.follow(planned_by(self._optimizers))
        first = self._num_batches // accumulates
        last = max(first, (self._num_batches + self.model.steps_per_execution) // accumulates - 1)
        is_due = any(recorder.norms_at(step) for step in range(first, last + 1))
        is_due = is_due and self._num_batches % accumulates == 0
        if is_due:
            self._sync()
            self._before = {name: keras.ops.copy(keras.ops.stop_gradient(one))
                            for name, one in self._parameters().items()}  # fmt: skip
        if is_due or self._is_first_of_epoch:
            self._rates = resting_rates(self._optimizers)
        self._is_first_of_epoch = False
        self._first_batch = batch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the line of an update, if one was done."""
        self._num_batches += batch - self._first_batch + 1
        self._losses.see(logs or {})
        if isinstance(self.model.optimizer, keras.optimizers.LossScaleOptimizer):
            before, self._num_batches = self._num_batches - 1, self._count()
            if self._num_batches == before:  # it has left the batch out
                self._losses.take()
        done = self._num_batches // self._accumulates
        if done <= self._num_logged:
            return
        step, recorder = done - 1, self._run.recorder
        loss, samples = self._losses.take()
        last = done * self._accumulates - 1
        figures = used_values(recorder.plan, self._optimizers, step, last, self._rates)
        summary = None
        if self._before is not None:
            figures["num_updates"] = self._count() // self._accumulates
            summary = self._summarized(done == self._num_logged + 1, recorder.looks_at(step))
        recorder.log(step, loss, summary=summary, samples=samples, **figures)
        self._num_logged, self._before = done, None

    def _parameters(self) -> dict[str, Any]:
        return {one.path: one.value for one in self.model.trainable_variables}

    def _summarized(self, is_one: bool, look: bool) -> Summary:
        """The figures of the arrays, and of the update, if it was one."""
        before, after = self._before, self._parameters()
        # On torch they are there still; those of the last of several batches are not the update's.
        has_grads = is_one and self._accumulates == 1
        grads = {name: one.grad for name, one in after.items()
                 if has_grads and is_torch(one) and one.grad is not None}  # fmt: skip
        added = None
        if is_one:
            added = {name: keras.ops.stop_gradient(after[name]) - before[name] for name in after}
        if keras.backend.backend() == "tensorflow":
            before, added = _as_numpy(before), _as_numpy(added)
        return summarize(before, grads or None, added, look=look)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Write what a validation has measured."""
        measured = {name: value for name, value in (logs or {}).items() if name.startswith("val_")}
        if measured and self._run.recorder is not None:
            self._run.recorder.evaluate(self._num_logged, **measured)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Close the record."""
        self._run.follow(planned_by(self._optimizers))
        self._run.end_at(self._num_logged, self._total_steps)


def _as_numpy(arrays: dict[str, Any] | None) -> dict[str, Any] | None:
    if arrays is None:
        return None
    return {name: keras.ops.convert_to_numpy(one) for name, one in arrays.items()}
