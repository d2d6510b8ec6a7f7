"""How one of torch's schedulers moves the rate of a parameter group."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any, final

from glidepath.adapters.torch.reading.formulas import StepByStep
from glidepath.plan import Schedule, constant, from_function
from glidepath.plan.endless import endless


class Start(Enum):
    """How a scheduler comes to its own step 0."""

    BUILT = "by its constructor, from the rate that it finds"
    FIRST = "by SequentialLR, as the one whose turn it is at step 0, from the group's initial_lr"
    RESET = "by a milestone of SequentialLR, from its base rate"
    STEPPED = "by a plain step, which is what torch's nested schedulers get"


@dataclass(frozen=True)
class Motion(ABC):
    """A rate, step by step, and as a schedule.

    torch's schedulers are recursive: most multiply whatever rate they find. `begin` and `move`
    are what they do, exactly; `schedule` says the same in closed form.

    Attributes:
        name: what it is called in words.
        base: the rate that it is built upon.
    """

    name: str
    base: float

    @abstractmethod
    def begin(self, rate: float, how: Start) -> float:
        """The rate at its own step 0, from the one that it finds."""

    @abstractmethod
    def move(self, step: int, rate: float) -> float:
        """The rate at a later step of its own, from the one that it finds."""

    @abstractmethod
    def schedule(self, rate: float, how: Start) -> Schedule:
        """Every rate from its own step 0 on, where nothing else moves it."""


Reader = Callable[[Any, int, int], Motion]
"""(scheduler, parameter group, how many SequentialLR it stands in) to its motion."""


def step_by_step(motion: Motion, rate: float, how: Start) -> Schedule:
    """The schedule of what has no closed form: a function that follows the recursion."""
    return endless(from_function(StepByStep(motion, motion.begin(rate, how))))


@final
@dataclass(frozen=True)
class Factors(Motion):
    """A scheduler that multiplies the rate at each step.

    Attributes:
        draw: its schedule, from the rate that it starts from.
        late: what a plain step to step 0 multiplies by, beside the first factor.
        stuck: why no milestone can start it, where none can.
    """

    draw: Callable[[float], Schedule]
    late: float = 1.0
    stuck: str = ""

    def start(self, rate: float, how: Start) -> float:
        """The rate that its factors multiply."""
        if how is Start.RESET:
            return self.base
        return rate * self.late if how is Start.STEPPED else rate

    def begin(self, rate: float, how: Start) -> float:
        """The first factor times the rate."""
        return float(self.start(rate, how) * self.factors(0))

    def move(self, step: int, rate: float) -> float:
        """From factor to factor; a rate of 0 has nothing left to be multiplied."""
        before = self.factors(step - 1)
        return float(rate * (self.factors(step) / before)) if before else rate

    def schedule(self, rate: float, how: Start) -> Schedule:
        """As drawn from its start."""
        return self.draw(self.start(rate, how))

    @cached_property
    def factors(self) -> Schedule:
        """Its factors: the schedule of a rate of 1."""
        return self.draw(1.0)


@final
@dataclass(frozen=True)
class Values(Motion):
    """A scheduler that sets the rate at each step, whatever it was.

    Attributes:
        whole: its schedule.
        built: the value that its constructor sets, where that is another than the first.
    """

    whole: Schedule
    built: float | None = None

    def begin(self, rate: float, how: Start) -> float:  # noqa: ARG002
        """The first value."""
        if how is Start.BUILT and self.built is not None:
            return self.built
        return float(self.whole(0))

    def move(self, step: int, rate: float) -> float:  # noqa: ARG002
        """The value."""
        return float(self.whole(step))

    def schedule(self, rate: float, how: Start) -> Schedule:
        """As it is, but for the value that its constructor sets."""
        more = self.begin(rate, how) - float(self.whole(0))
        return self.whole + constant(more).over(1).then(0.0) if more else self.whole


@final
@dataclass(frozen=True)
class Multiplied(Motion):
    """A scheduler that multiplies the rate by a user's function of the step.

    Attributes:
        function: of the step.
        from_0: whether it multiplies at step 0 too, unless it is being built.
    """

    function: Callable[[int], float]
    from_0: bool

    def begin(self, rate: float, how: Start) -> float:
        """The rate that it finds, even at a milestone: torch has no closed form for it."""
        is_new = how in {Start.BUILT, Start.FIRST}
        return rate if is_new or not self.from_0 else self.move(0, rate)

    def move(self, step: int, rate: float) -> float:
        """Times what the function says."""
        return float(rate * self.function(step))

    def schedule(self, rate: float, how: Start) -> Schedule:
        """Step by step, for the function may be any."""
        return step_by_step(self, rate, how)
