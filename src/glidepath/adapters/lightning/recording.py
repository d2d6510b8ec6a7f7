"""The record of a run of Lightning's Trainer."""

from __future__ import annotations

import math
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import torch
from torch.optim import Optimizer

from glidepath.adapters.recorded_run import RecordedRun
from glidepath.adapters.torch.recording import Updates, plan_of, record_updates
from glidepath.plan import Plan, Schedule

# The older package has a Callback of its own; a trainer of either takes one of the other.
if TYPE_CHECKING or find_spec("lightning") or not find_spec("pytorch_lightning"):
    from lightning.pytorch import Callback, LightningModule, Trainer
else:
    from pytorch_lightning import Callback, LightningModule, Trainer


@final
class RecordCallback(Callback):
    """Records the updates, validations and checkpoints of a `fit`.

    The loss is what `training_step` returned, in this process, as the mean over the micro-batches
    of an update. On a GPU the loss of update t is read when update t+1 is logged, which waits for
    what was queued before. With manual optimization there is none, unless `training_step` returns
    it. Gradients are those before Lightning clips them. Of a validation of the training everything
    is recorded that the module logged in it. Only the main process writes. A resumed run has each
    step once. `fast_dev_run`, sanity checks, `test`, `predict` and the tuner write nothing.

    What is raised ends the record as failed, an interrupt as stopped. It goes with PlanCallback in
    any order.

    Example:
        >>> callback = RecordCallback("runs/first", norms_every=50)
        >>> settings = {"max_steps": 100, "callbacks": [callback]}
    """

    def __init__(
        self, path: str | Path, plan: Plan | Schedule | None = None, **arguments: Any
    ) -> None:
        """Check and keep; nothing is written before the training begins.

        Args:
            path: the run's directory.
            plan: that the run follows; None for that of the Trainer's PlanScheduler, if it has
                one.
            **arguments: of `glidepath.record.Recorder`, such as `norms_every`.
        Raises:
            TypeError, ValueError: if an argument is none of these.
        """
        self._run = RecordedRun(path, plan, arguments)
        self._updates: Updates | None = None
        self._num_logged, self._total_steps = 0, None
        self._losses: list[torch.Tensor] = []
        self._known: dict[str, Any] = {}
        self._saved: int | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the record, or go on with it where a run is resumed.

        Raises:
            FileExistsError: if another run is recorded there.
            ValueError: if the module has several optimizers.
        """
        if trainer.fast_dev_run or not trainer.is_global_zero:
            return
        if len(trainer.optimizers) != 1:
            raise ValueError(
                f"a record is of one optimizer, and the module has {len(trainer.optimizers)}: make "
                "a Recorder for each in the module, with a directory of its own, by "
                "glidepath.adapters.torch.record_updates"
            )
        self._total_steps = _num_updates(trainer)
        recorder = self._run.begin(trainer.global_step, _plan(trainer), self._total_steps)
        self._updates = record_updates(trainer.optimizers[0], recorder, pl_module)
        self._num_logged, self._losses, self._saved = trainer.global_step, [], None

    def on_train_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        batch: Any,
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """A micro-batch is there; the plan may have heard something."""
        if self._run.recorder is not None:
            self._write_saved()
            self._run.has_data()
            self._run.follow(_plan(trainer))
            self._run.see_batch(batch)

    def on_before_optimizer_step(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        optimizer: Optimizer,
    ) -> None:
        """The gradients are there, and not clipped."""
        if self._updates is not None:
            self._updates.look(_scaler(trainer, optimizer))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,
        batch: Any,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """Write the line of an update, if one was done."""
        if self._run.recorder is None:
            return
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if torch.is_tensor(loss):
            # Lightning has divided it by the number of micro-batches that an update usually has.
            self._losses.append(loss.detach() * trainer.accumulate_grad_batches)
        if trainer.global_step > self._num_logged:
            loss = torch.stack(self._losses).mean() if self._losses else None
            figures = self._run.batch_figures(trainer.world_size)
            self._run.recorder.log(trainer.global_step - 1, loss, **figures)
            self._num_logged, self._losses = trainer.global_step, []
        self._run.waits()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Note what was known before."""
        if self._run.recorder is not None:
            self._run.pauses()
            self._known = dict(trainer.callback_metrics)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Write what a validation of the training has measured."""
        if self._run.recorder is None:
            return
        self._write_saved()
        measured = {
            name: value
            for name, value in trainer.callback_metrics.items()
            if value is not self._known.get(name)
        }
        if measured:
            self._run.recorder.evaluate(trainer.global_step, **measured)

    def on_save_checkpoint(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        checkpoint: dict[str, Any],  # noqa: ARG002
    ) -> None:
        """A checkpoint is about to be written: that it was is known at what comes next."""
        self._saved = trainer.global_step
        self._run.pauses()

    def _write_saved(self) -> None:
        if self._saved is not None and self._run.recorder is not None:
            self._run.recorder.saved(self._saved)
        self._saved = None

    def on_exception(
        self,
        trainer: Trainer,  # noqa: ARG002
        pl_module: LightningModule,  # noqa: ARG002
        exception: BaseException,
    ) -> None:
        """Close the record, and say why."""
        self._run.fail(exception)
        self._updates = None

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Close the record."""
        self._write_saved()
        self._run.follow(_plan(trainer))
        self._run.end_at(trainer.global_step, self._total_steps)
        self._updates = None


def _plan(trainer: Trainer) -> Plan | None:
    return plan_of(config.scheduler for config in trainer.lr_scheduler_configs)


def _num_updates(trainer: Trainer) -> int | None:
    """That a fit will do; None where Lightning does not know, or has no limit."""
    found = None
    with suppress(Exception):  # it refuses to say where the accumulation changes
        found = trainer.estimated_stepping_batches
    return None if found is None or found == -1 or math.isinf(found) else int(found)


def _scaler(trainer: Trainer, optimizer: Optimizer) -> torch.amp.GradScaler | None:
    """What the gradients are still multiplied by: a fused optimizer takes them as they are."""
    is_scaled = getattr(optimizer, "_step_supports_amp_scaling", False)
    return getattr(trainer.precision_plugin, "scaler", None) if is_scaled else None
