"""A run of `model.fit` that follows a plan, hears what it measures, and logs what it used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, final

import keras

from glidepath.adapters.keras.driving import drive
from glidepath.adapters.keras.places import rate_of, unwrapped
from glidepath.plan import Moment, Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.plan.listener import listened


@final
class PlanCallback(keras.callbacks.Callback):
    """Lets the optimizer of a model follow a plan, beside `PlanSchedule` for the rate.

    Weight decay, momentum, betas, epsilon and the clipping norm follow it inside the compiled
    train step, at every update; see `drive`. What no optimizer has, such as `rollout`, is left
    to you, in `moment`. All values that the last update used are added to the logs, for the
    callbacks that come later in the list, and Keras' History.

    A plan that listens hears the logs of each epoch. An event changes the plan from the next update
    on: the train step is compiled again, once an event. When a phase has ended early and the plan
    is over, the training stops. Put this callback before those that save the model, so that the
    saved rate knows the event, too.

    The optimizer is yours: one that the plan names, with its constants, is not made here.

    Attributes:
        moment: what the plan said about the last update; None before the first.
        heard: pairs of a number of updates and the metrics that the plan listens to, plain
            numbers: save them with a run that listens, to resume it.

    Example:
        >>> import keras
        >>> from glidepath import Phase, Plan, linear
        >>> from glidepath.adapters.keras import PlanSchedule
        >>> plan = Plan(Phase("training", 8, lr=linear(0.1, 0.0), weight_decay=0.01))
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.AdamW(PlanSchedule(plan)), "mse")
        >>> x = keras.ops.ones((32, 1))
        >>> run = model.fit(x, x, batch_size=8, epochs=2, verbose=0, callbacks=[PlanCallback(plan)])
        >>> run.history["lr"], run.history["weight_decay"]
        ([0.0625, 0.0125], [0.01, 0.01])
    """

    def __init__(
        self, plan: Plan | Schedule, *, heard: Iterable[tuple[int, Mapping[str, float]]] = ()
    ) -> None:
        """Check and keep.

        Args:
            plan: what to follow; a schedule is one of the learning rate.
            heard: of the run that is resumed, where the plan listens.
        Raises:
            TypeError, ValueError: if an argument is none of these.
        """
        super().__init__()
        self.moment: Moment | None = None
        self.heard: list[tuple[int, dict[str, float]]] = []
        self._given = self._followed = as_plan(plan)
        self._listener = self._given.listen()
        for updates, measured in heard:
            self._hear(updates, measured)

    @property
    def plan(self) -> Plan:
        """The plan, with the events so far."""
        return self._listener.plan

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Let the optimizer follow.

        Raises:
            ValueError: naming what it can't follow.
        """
        self._follow()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Note where the epoch begins, after callbacks that load a checkpoint have done so.

        Raises:
            ValueError: if the run is not the one that was heard.
        """
        self._batches_before = self._num_batches()
        done = self._num_updates(self._batches_before)
        if self.heard and done < self.heard[-1][0]:
            raise ValueError(
                f"this callback heard a run of {self.heard[-1][0]} updates, and the optimizer has "
                f"done {done}: a new run needs a new PlanCallback"
            )

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the values of the last update; stop where the plan has ended before its time."""
        # Batches are counted here, for to ask the optimizer is to wait for the device; but loss
        # scaling skips updates, and only the optimizer knows which.
        may_skip = isinstance(self.model.optimizer, keras.optimizers.LossScaleOptimizer)
        done = self._num_batches() if may_skip else self._batches_before + batch + 1
        updates = self._num_updates(done)
        self._log(updates, logs)
        if updates >= self.plan.total_steps < self._given.total_steps:
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Hear what the epoch measured, and log the values of the last update.

        Raises:
            ValueError: if a metric that the plan listens to is not measured.
        """
        updates = self._num_updates(self._num_batches())
        measured = _measured(logs or {}, listened(self._given))
        self._log(updates, logs)
        # An epoch that is shorter than an update may end before the next one.
        is_new = updates > (self.heard[-1][0] if self.heard else 0)
        if measured and is_new and self._hear(updates, measured):
            self._follow()

    def _log(self, updates: int, logs: dict[str, Any] | None) -> None:
        if updates:
            self.moment = self.plan.at(updates - 1)
            if logs is not None:
                logs.update(self.moment.values)

    def _hear(self, updates: int, measured: Mapping[str, float]) -> bool:
        """Take in what was measured, and say whether it changed the plan."""
        self.heard.append((updates, dict(measured)))
        return bool(self._listener.hear(updates, measured))

    def _follow(self) -> None:
        """Give the plan with its events to the rate, the optimizer and the compiled step."""
        for optimizer in unwrapped(self.model.optimizer):
            rate = rate_of(optimizer)
            if rate is not None and rate.plan == self._followed != self.plan:
                optimizer.learning_rate = rate.of(self.plan)
        if drive(self.model.optimizer, self.plan):
            self.model.make_train_function(force=True)
        self._followed = self.plan

    def _num_batches(self) -> int:
        """Batches that the optimizer has taken in."""
        if hasattr(self.model, "jax_state_sync"):
            self.model.jax_state_sync()
        first = unwrapped(self.model.optimizer)[0]
        # Where it accumulates, `first.iterations` counts updates, and does not tell how many
        # batches wait for the next. The sum makes one number of a variable that tf.distribute
        # keeps on several devices.
        return int(keras.ops.add(first._iterations, 0))

    def _num_updates(self, batches: int) -> int:
        first = unwrapped(self.model.optimizer)[0]
        return batches // (first.gradient_accumulation_steps or 1)


def _measured(logs: Mapping[str, Any], metrics: Iterable[str]) -> dict[str, float]:
    """What a plan listens to, out of an epoch's logs; nothing where validation was not due.

    Raises:
        ValueError: if one is missing that would have been measured by now.
    """
    was_validated = any(name.startswith("val_") for name in logs)
    for metric in metrics:
        if metric not in logs and (was_validated or not metric.startswith("val_")):
            raise ValueError(
                f"the plan listens to `{metric}`, which was not measured; this epoch's metrics "
                f"are {', '.join(logs) or 'none'}"
            )
    return {metric: float(logs[metric]) for metric in metrics if metric in logs}
