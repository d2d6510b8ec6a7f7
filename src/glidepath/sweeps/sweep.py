"""A sweep: what varies, around which plan, and how the trials are run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from glidepath.plan import Plan
from glidepath.sweeps.base import BATCH, Base
from glidepath.sweeps.domains import Domain, Scalar
from glidepath.sweeps.keys import PLAN
from glidepath.training.every import Every
from glidepath.training.how import How

SAMPLERS = ("tpe", "random")
PRUNERS = ("median", "halving", "none")


@dataclass(frozen=True)
class Point:
    """One choice of everything that varies.

    Attributes:
        values: that were chosen, by name.
        plan: that comes of them.
        configuration: what else is set or varies, by name.
    """

    values: dict[str, Scalar]
    plan: Plan
    configuration: dict[str, Scalar]


@dataclass(frozen=True)
class Sweep:
    """What varies, and how the trials are run.

    Attributes:
        base: the plan that is varied.
        fixed: what is set in all trials, by name.
        vary: what each name may be.
        trials: how many there are, pruned and failed ones included.
        steps: updates of each; None for all of its plan.
        evaluate_every: updates between two measurements of the validation loss.
        checkpoint_every: as of `How`.
        sampler: which engine suggests values, one of `SAMPLERS`.
        pruner: what ends a trial early, one of `PRUNERS`.
        prune_after: updates before which no trial is ended early.
        seed: of the sampler.
    Raises:
        ValueError: naming what can't be run.
    """

    base: Base
    fixed: dict[str, Scalar]
    vary: dict[str, Domain]
    trials: int = 20
    steps: int | None = None
    evaluate_every: int = 100
    checkpoint_every: str = "200"
    sampler: str = "tpe"
    pruner: str = "median"
    prune_after: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.vary:
            raise ValueError("nothing varies: name in [vary] what shall")
        self._check_numbers()
        if twice := self.fixed.keys() & self.vary.keys():
            raise ValueError(f"`{min(twice)}` stands in [set] and in [vary]: leave one of them out")
        if self.steps is not None and self.steps % self.evaluate_every:
            raise ValueError(
                f"`steps` must be a multiple of `evaluate_every`, so that the last state is "
                f"measured, got {self.steps} and {self.evaluate_every}"
            )
        Every.read(self.checkpoint_every)

    def _check_numbers(self) -> None:
        for name in ("trials", "evaluate_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"`{name}` must be at least 1, got {getattr(self, name)}")
        for name, known in (("sampler", SAMPLERS), ("pruner", PRUNERS)):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"`{name}` must be one of {', '.join(known)}, got {getattr(self, name)!r}"
                )

    @property
    def how(self) -> How:
        """How each trial is run."""
        return How(
            checkpoint_every=self.checkpoint_every, keep=1, evaluate_every=self.evaluate_every
        )

    def point(self, values: Mapping[str, Scalar]) -> Point:
        """What some choice comes to.

        Raises:
            TypeError, ValueError: if it makes no plan.
        """
        together = self.fixed | dict(values)
        of_plan = {k.removeprefix(PLAN): v for k, v in together.items() if k.startswith(PLAN)}
        configuration = {k: v for k, v in together.items() if not k.startswith(PLAN)}
        batch: Any = configuration.get(BATCH)
        return Point(dict(values), self.base.plan(of_plan, batch), configuration)

    def steps_of(self, point: Point) -> int:
        """Updates of a trial."""
        return point.plan.total_steps if self.steps is None else self.steps


def words(values: Mapping[str, Scalar]) -> str:
    """Values in a line: `plan.peak = 0.003, batch = 4`."""
    return ", ".join(
        f"{name} = {f'{value:.4g}' if isinstance(value, float) else value}"
        for name, value in values.items()
    )


@contextmanager
def told_of(values: Mapping[str, Scalar]) -> Iterator[None]:
    """Say in an error with which values it came."""
    try:
        yield
    except (TypeError, ValueError, ArithmeticError) as error:
        raise ValueError(
            f"with {words(values)}: {error}; change [set] or [vary], so that every combination of "
            "values can be trained"
        ) from None
