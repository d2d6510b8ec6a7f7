"""A run of Lightning's Trainer that follows a plan: what it logs, hears, and is checked for."""

from __future__ import annotations

import math
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, final

import torch

from glidepath.adapters.torch.agreement import check_begin, check_end, following, is_over
from glidepath.adapters.torch.hearing import hear
from glidepath.adapters.torch.scheduler import PlanScheduler
from glidepath.plan import Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.plan.listener import listened

# The older package has a Callback of its own; a trainer of either takes one of the other.
if TYPE_CHECKING or find_spec("lightning") or not find_spec("pytorch_lightning"):
    from lightning.pytorch import Callback, LightningModule, Trainer
else:
    from pytorch_lightning import Callback, LightningModule, Trainer


@final
class PlanCallback(Callback):
    """Logs what the updates used, lets the plan hear validations, and checks that they agree.

    Every value of the plan that the last update used is logged by its name in the plan, beside what
    the module logs about the same batch: for the loggers, the progress bar's and the checkpoints'
    metrics. Lightning rounds what is logged to float32.

    A plan that listens hears the metrics of every validation of the run; over several processes,
    their mean, so that all processes have the same plan. When a phase has ended early and the
    plan is over, the training stops.

    At the beginning it is an error if the Trainer follows another plan, or calls the scheduler
    otherwise than after every update; if it would stop before the plan's end or go on after it,
    for a plan is made for a length: `Trainer(max_steps=plan.total_steps, max_epochs=-1)` says the
    same to both, whatever the accumulation and the number of processes; if one is ahead of the
    other, as in a second `fit`; and if both clip the gradients. With manual optimization, where
    Lightning counts the updates of all optimizers together, lengths are not compared.

    A checkpoint that Lightning saves at the step of a validation is from before that validation,
    which a resumed run skips: let plans that listen validate and save at different steps.

    Give it to the Trainer in a list. Where several optimizers follow plans, each plan can have
    one, if their quantities differ.

    Example:
        >>> from glidepath import Phase, Plan, linear
        >>> plan = Plan(Phase("training", 100, lr=linear(1e-3, 0.0), weight_decay=0.1))
        >>> settings = {"max_steps": plan.total_steps, "callbacks": [PlanCallback(plan)]}
    """

    def __init__(self, plan: Plan | Schedule, *, any_length: bool = False) -> None:
        """Check and keep.

        Args:
            plan: as it was given to `configure`.
            any_length: whether the Trainer may do more or fewer updates than the plan has.
        Raises:
            TypeError, ValueError: if it is no plan, and no schedule of a learning rate.
        """
        self._given, self._plan, self._any_length = plan, as_plan(plan), any_length
        self._scheduler: PlanScheduler | None = None
        self._num_logged = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """See that the Trainer and the plan agree.

        Raises:
            ValueError: saying what does not, and what to do.
        """
        configs = trainer.lr_scheduler_configs
        self._scheduler = following(
            [config.scheduler for config in configs],
            self._given,
            "give it one by `return configure(optimizer, plan)` in `configure_optimizers`",
        )
        self._num_logged = self._scheduler.last_epoch
        if trainer.gradient_clip_val and "clip" in self._scheduler.optimizer.param_groups[0]:
            raise ValueError(
                f"the Trainer clips gradients to gradient_clip_val={trainer.gradient_clip_val}, "
                "and the plan to a norm of its own: leave gradient_clip_val out"
            )
        if not pl_module.automatic_optimization:
            return
        _check_timing(next(one for one in configs if one.scheduler is self._scheduler))
        if trainer.fast_dev_run:
            return
        check_begin(self._scheduler, trainer.global_step, may_skip=trainer.precision == "16-mixed")
        if not self._any_length:
            way_out = "say Trainer(max_steps={steps}, max_epochs=-1)"
            # -1 is for data without a length, and no limit.
            updates = trainer.estimated_stepping_batches
            check_end(self._given, math.inf if updates == -1 else updates, way_out)

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        """Log what the last update used; stop where the plan has ended before its time."""
        scheduler = self._scheduler
        if scheduler is None or scheduler.last_epoch == self._num_logged:
            return
        self._num_logged = scheduler.last_epoch
        used = scheduler.used
        assert used is not None
        values = {name: float(value) for name, value in used.values.items()}
        pl_module.log_dict(values, on_step=True, on_epoch=False, batch_size=1)
        if is_over(scheduler, self._plan):
            trainer.should_stop = True

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Let the plan hear, if it is a validation of the training.

        Raises:
            ValueError: if nothing was logged that the plan listens to.
        """
        is_training = trainer.state.fn == "fit" and not trainer.sanity_checking
        if self._scheduler is None or not self._plan.listens or not is_training:
            return
        names = listened(self._plan)
        measured = {name: _mean(trainer, trainer.callback_metrics[name])
                    for name in names if name in trainer.callback_metrics}  # fmt: skip
        if not hear(self._scheduler, measured):
            raise ValueError(
                f"the plan listens to {', '.join(names)}, and the module has logged "
                f"{', '.join(sorted(trainer.callback_metrics)) or 'nothing'}: "
                f'self.log("{names[0]}", ...) in `validation_step`'
            )


def _check_timing(config: Any) -> None:
    """Refuse to call a scheduler otherwise than after every update."""
    if (config.interval, config.frequency) != ("step", 1):
        raise ValueError(
            'the scheduler must be called after every update, with interval="step" and '
            f"frequency=1, got {config.interval!r} and {config.frequency}: `return "
            "configure(optimizer, plan)` says so"
        )


def _mean(trainer: Trainer, value: torch.Tensor) -> float:
    """Of all processes, which may each have measured a part of the data."""
    return float(trainer.strategy.reduce(value.detach().clone(), reduce_op="mean"))
