"""A run of the Trainer that follows a plan: what it logs, hears, and is checked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, final

from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from glidepath.adapters.torch.agreement import check_begin, check_end, following, is_over
from glidepath.adapters.torch.hearing import hear
from glidepath.adapters.torch.places import key_of
from glidepath.adapters.torch.scheduler import PlanScheduler
from glidepath.plan import Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.plan.listener import listened

RATE = "learning_rate"
"""What the Trainer calls it, in lines about updates and in no others."""


@final
class PlanCallback(TrainerCallback):
    """Logs what a Trainer's updates used, lets its plan hear, and checks that they agree.

    Every line about the training gets all values of the plan that the last update used, by their
    names in the plan, and the name of the phase; they are in `state.log_history`, too. That
    update is number `global_step - 1`, counted from 0, and `learning_rate` is that of its first
    parameter group.

    The trackers of `report_to` get a line before the callbacks that are given to the Trainer do,
    and so without the values: `PlanCallback(plan).add_to(trainer)` comes before them.

    A plan that listens hears every evaluation of the training. `eval_loss` is heard as such and as
    `val_loss`, so that a plan for several frameworks is heard in all. When a phase has ended early
    and the plan is over, the training stops.

    At the beginning it is an error if the Trainer follows another plan; if it would stop before
    the plan's end or go on after it, for a plan is made for a length: `max_steps=plan.total_steps`
    says the same to both, whatever the accumulation and the number of processes; if the plan has
    begun already; if a checkpoint has no state of the scheduler; and if both clip the gradients.

    Example:
        >>> from glidepath import Phase, Plan, linear
        >>> plan = Plan(Phase("training", 100, lr=linear(1e-3, 0.0), weight_decay=0.1))
        >>> settings = {"max_steps": plan.total_steps, "callbacks": [PlanCallback(plan)]}
    """

    def __init__(self, plan: Plan | Schedule, *, any_length: bool = False) -> None:
        """Check and keep.

        Args:
            plan: as it was given to `optimizers`.
            any_length: whether the Trainer may do more or fewer updates than the plan has.
        Raises:
            TypeError, ValueError: if it is no plan, and no schedule of a learning rate.
        """
        self._given, self._plan, self._any_length = plan, as_plan(plan), any_length
        self._scheduler: PlanScheduler | None = None
        self._unheard: set[str] = set()

    def add_to(self, trainer: Trainer) -> None:
        """Come before the Trainer's other callbacks, so that its trackers get the values, too."""
        trainer.callback_handler.callbacks.insert(0, self)

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        lr_scheduler: object = None,
        **_: Any,
    ) -> None:
        """See that the Trainer and the plan agree.

        Raises:
            ValueError: saying what does not, and what to do.
        """
        scheduler = following(
            [lr_scheduler],
            self._given,
            "give it one by Trainer(optimizers=optimizers(model, plan))",
        )
        check_begin(scheduler, state.global_step, may_skip=args.fp16)
        if not self._any_length:
            check_end(self._given, state.max_steps, "say max_steps={steps} to TrainingArguments")
        if self._plan.listens and args.eval_strategy == "no":
            metrics = ", ".join(listened(self._plan))
            raise ValueError(
                f"the plan listens to {metrics}, and the Trainer never evaluates: give "
                'TrainingArguments an eval_strategy, "steps" or "epoch"'
            )
        if args.max_grad_norm and "clip" in scheduler.optimizer.param_groups[0]:
            raise ValueError(
                f"the Trainer clips gradients to a norm of max_grad_norm={args.max_grad_norm}, and "
                "the plan to one of its own: say max_grad_norm=0 to TrainingArguments"
            )
        self._scheduler, self._unheard = scheduler, set()

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        """See that a plan that listens has heard something.

        Raises:
            ValueError: if what was measured is nothing that it listens to.
        """
        if self._unheard:
            raise ValueError(
                f"the plan listens to {', '.join(listened(self._plan))}, and the evaluation "
                f"measured {', '.join(sorted(self._unheard))}: name the metric as the Trainer does"
            )

    def on_evaluate(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,  # noqa: ARG002
        metrics: Mapping[str, float],
        **_: Any,
    ) -> None:
        """Let the plan hear, if it is an evaluation of the training.

        Raises:
            RuntimeError: if it would hear two evaluations after the same update.
        """
        if self._scheduler is None or not self._plan.listens:
            return
        evaluated = {name: value for name, value in metrics.items() if name.startswith("eval_")}
        renamed = {f"val_{name.removeprefix('eval_')}": evaluated[name] for name in evaluated}
        if hear(self._scheduler, renamed | dict(metrics)) or self._scheduler.heard:
            self._unheard = set()
        else:
            # Several sets of data are evaluated one after another: another may be the one.
            self._unheard |= set(evaluated)

    def on_step_end(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,  # noqa: ARG002
        control: TrainerControl,
        **_: Any,
    ) -> None:
        """Stop where the plan has come to its end before its time."""
        if self._scheduler is not None and is_over(self._scheduler, self._plan):
            control.should_training_stop = True

    def on_train_end(self, *_: Any, **__: Any) -> None:
        """Let go of the run: what is evaluated or logged later is not about it."""
        self._scheduler = None

    def on_log(
        self,
        args: TrainingArguments,  # noqa: ARG002
        state: TrainerState,
        control: TrainerControl,  # noqa: ARG002
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Put what the last update used into a line about the training."""
        if self._scheduler is None:
            return
        for line in (logs or {}, *state.log_history[-1:]):
            if RATE in line:
                _add_used(line, self._scheduler)


def _add_used(line: dict[str, Any], scheduler: PlanScheduler) -> None:
    """Add the values that the last update used; what was measured keeps its name."""
    # If the first updates were all skipped, what they tried is what the next one tries.
    used = scheduler.used or scheduler.moment
    for name, value in (used.values | {"phase": used.phase}).items():
        line.setdefault(name, value)
    rate = key_of(scheduler.plan, "lr", scheduler.optimizer.param_groups[0])
    if rate is not None:
        line[RATE] = used.values[rate]
