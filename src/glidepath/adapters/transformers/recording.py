"""The record of a run of the Trainer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import wraps
from numbers import Real
from pathlib import Path
from typing import Any, final

import torch
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from glidepath.adapters.recorded_run import RecordedRun
from glidepath.adapters.torch.recording import Updates, plan_of, record_updates
from glidepath.plan import Plan, Schedule

PACE = ("_runtime", "_per_second", "_preparation_time")
"""Ends of the names of what an evaluation says about its own speed."""


@final
class RecordCallback(TrainerCallback):
    """Records a Trainer's updates, evaluations and checkpoints.

    Give it to the Trainer by `add_to`. In `callbacks=[...]` it could not see what it records: the
    Trainer tells its callbacks the mean loss of `logging_steps` updates, and no loss of one.

    The loss is that of the update's batch in this process, over all its micro-batches, as the
    Trainer's `training_step` returned it: NaN stays NaN, which the Trainer's own logs leave out.
    On a GPU the loss of update t is read when update t+1 is logged, which waits for what was
    queued before. Gradients are those before the Trainer clips them. Evaluations of the training
    are recorded as "val_loss" where the Trainer says "eval_loss". Only the main process writes. A
    resumed run has each step once.

    What `training_step` raises ends the record as failed. The Trainer does not tell of errors
    elsewhere: then the record has no end, as one of a process that was killed.

    It goes with PlanCallback in any order.

    Example:
        >>> from glidepath.adapters.transformers import RecordCallback
        >>> callback = RecordCallback("runs/first", norms_every=50)
        >>> # callback.add_to(trainer), before trainer.train()
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
        self._trainer: Trainer | None = None
        self._updates: Updates | None = None
        self._loss: torch.Tensor | None = None

    def add_to(self, trainer: Trainer) -> None:
        """Record what a Trainer does from its next `train()` on.

        Raises:
            ValueError: if it has been added to one already.
        """
        if self._trainer is not None:
            raise ValueError("this callback records a Trainer already: each needs one of its own")
        self._trainer = trainer
        if self not in trainer.callback_handler.callbacks:
            trainer.add_callback(self)
        inner = trainer.training_step

        @wraps(inner)
        def training_step(model: Any, inputs: Any, *args: Any, **kwargs: Any) -> torch.Tensor:
            if self._run.recorder is not None:
                self._run.see_batch(inputs)
            with self._run.failing():
                loss = inner(model, inputs, *args, **kwargs)
            self._see_loss(loss)
            return loss

        trainer.training_step = training_step

    def _see_loss(self, loss: torch.Tensor) -> None:
        """Take in a micro-batch; after the last one the gradients are there, and not clipped."""
        if self._run.recorder is None:
            return
        self._loss = loss if self._loss is None else self._loss + loss
        accelerator = self._trainer.accelerator
        if accelerator.sync_gradients:
            self._updates.look(getattr(accelerator, "scaler", None))

    def on_train_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        *,
        model: torch.nn.Module | None = None,
        optimizer: torch.optim.Optimizer | None = None,
        lr_scheduler: object = None,
        **_: Any,
    ) -> None:
        """Open the record, or go on with it where a run is resumed.

        Raises:
            FileExistsError: if another run is recorded there.
            ValueError: if this was not given to the Trainer by `add_to`.
        """
        if self._trainer is None:
            raise ValueError(
                "the Trainer does not tell its callbacks the loss of an update: take this one out "
                "of `callbacks`, and say RecordCallback(...).add_to(trainer)"
            )
        if not state.is_world_process_zero:
            return
        plan = plan_of([lr_scheduler])
        recorder = self._run.begin(state.global_step, plan, state.max_steps)
        self._updates = record_updates(optimizer, recorder, model)
        self._loss = None

    def on_step_begin(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,  # noqa: ARG002
        lr_scheduler: object = None,
        **_: Any,
    ) -> None:
        """The batches of an update are there; the plan may have heard something."""
        self._run.has_data()
        self._run.follow(plan_of([lr_scheduler]))

    def on_step_end(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Write the line of an update."""
        if self._run.recorder is None:
            return
        self._run.recorder.log(
            state.global_step - 1,
            self._loss,
            **self._run.batch_figures(args.world_size),
        )
        self._loss = None
        self._run.waits()

    def on_log(self, *_: Any, **__: Any) -> None:
        """Logging is no waiting for data."""
        self._waits_again()

    def on_evaluate(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        metrics: Mapping[str, Any],
        **_: Any,
    ) -> None:
        """Write what an evaluation of the training has measured."""
        if self._run.recorder is None:
            return
        measured = {
            f"val_{name.removeprefix('eval_')}": value
            for name, value in metrics.items()
            if name.startswith("eval_") and not name.endswith(PACE) and isinstance(value, Real)
        }
        seconds = sum(metrics[name] for name in metrics if name.endswith("_runtime"))
        self._run.recorder.evaluate(state.global_step, seconds=seconds or None, **measured)
        self._waits_again()

    def on_save(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        **_: Any,
    ) -> None:
        """Write that there is a checkpoint."""
        if self._run.recorder is not None:
            self._run.recorder.saved(state.global_step)
            self._waits_again()

    def _waits_again(self) -> None:
        """What has been done since the last update was no waiting for data."""
        if self._run.recorder is not None:
            self._run.waits()

    def on_train_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        lr_scheduler: object = None,
        **_: Any,
    ) -> None:
        """Close the record."""
        self._run.follow(plan_of([lr_scheduler]))
        self._run.end_at(state.global_step, state.max_steps)
        self._updates = None
