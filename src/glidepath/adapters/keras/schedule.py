"""A plan as a learning rate schedule of Keras."""

from __future__ import annotations

from typing import Any, Self, final

import keras

from glidepath.adapters.keras.value import value_at
from glidepath.plan import Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.plan.files import dumps, loads
from glidepath.plan.numbers import positive_count


@final
@keras.saving.register_keras_serializable(package="glidepath")
class PlanSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of a plan, for any optimizer of Keras.

    It is a function of the step alone, computed inside the compiled train step: by `fit`, or by
    `optimizer.apply` and `stateless_apply` in a loop of your own. A saved model has the whole
    plan in its configuration, and loads again, with `safe_mode=True`, once this module is
    imported.

    Attributes:
        plan: what it follows.
        quantity: which of the plan's values it gives.
        gradient_accumulation_steps: micro-batches in an update.

    Example:
        >>> import keras
        >>> from glidepath import linear
        >>> rate = PlanSchedule(linear(1.0, 0.0).over(4))
        >>> optimizer = keras.optimizers.SGD(learning_rate=rate)
        >>> [float(rate(step)) for step in (0, 1, 2, 3, 99)]
        [1.0, 0.75, 0.5, 0.25, 0.25]
    """

    def __init__(
        self,
        plan: Plan | Schedule,
        *,
        quantity: str = "lr",
        gradient_accumulation_steps: int | None = None,
    ) -> None:
        """Check and keep.

        Args:
            plan: what to follow; a schedule is one of the learning rate.
            quantity: which of the plan's values to give, such as "lr.backbone" for the optimizer
                of a parameter group inside of `keras.optimizers.MultiOptimizer`.
            gradient_accumulation_steps: the optimizer's own argument of this name, again: Keras
                asks a schedule with the number of micro-batches, and a plan counts updates.
        Raises:
            TypeError, ValueError: if an argument is none of these.
        """
        self.plan = as_plan(plan)
        try:
            self._schedule = self.plan[quantity]
        except KeyError:
            names = ", ".join(self.plan.names)
            raise ValueError(
                f"`quantity` must be one that the plan has, one of {names}, got {quantity!r}"
            ) from None
        self.quantity = quantity
        self.gradient_accumulation_steps = positive_count(
            "gradient_accumulation_steps",
            1 if gradient_accumulation_steps is None else gradient_accumulation_steps,
        )

    def __call__(self, step: Any) -> Any:
        """The rate of the update that a micro-batch is part of.

        Args:
            step: the number of micro-batches before it: an int, or a tensor or variable of them,
                in compiled code or not.
        Returns:
            A tensor of the step's shape, in float32 unless Keras' float type is float64.
        Raises:
            TypeError: if the step is not whole.
        """
        if self.gradient_accumulation_steps > 1:
            step = keras.ops.floor_divide(step, self.gradient_accumulation_steps)
        return value_at(self._schedule, step)

    def of(self, plan: Plan) -> PlanSchedule:
        """The same of another plan."""
        return PlanSchedule(
            plan,
            quantity=self.quantity,
            gradient_accumulation_steps=self.gradient_accumulation_steps,
        )

    def get_config(self) -> dict[str, Any]:
        """What Keras saves: the plan as the text of its file, and the other arguments.

        Raises:
            ValueError: if the plan has a function, which a file can't hold.
        """
        return {
            "plan": dumps(self.plan),
            "quantity": self.quantity,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """The schedule that was saved."""
        return cls(**config | {"plan": loads(config["plan"], where="the saved plan")})

    def __repr__(self) -> str:
        rest = f", quantity={self.quantity!r}" if self.quantity != "lr" else ""
        steps = self.gradient_accumulation_steps
        rest += f", gradient_accumulation_steps={steps}" if steps > 1 else ""
        return f"PlanSchedule({self.plan!r}{rest})"
