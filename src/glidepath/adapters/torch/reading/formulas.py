"""What torch computes and no shape says, as functions of the step that print as what they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, final

if TYPE_CHECKING:
    from glidepath.adapters.torch.reading.motion import Motion


@final
@dataclass(frozen=True)
class CosineWave:
    """A cosine wave whose half waves need be no whole number of steps, nor begin at one.

    v(t) = end + (start - end) * (1 + cos(pi * (t - begin) / length)) / 2

    Attributes:
        start: value at `begin`, in the unit of the rate.
        end: value half a wave later.
        begin: steps, which may be negative.
        length: of half a wave, in steps.
    """

    start: float
    end: float
    begin: float
    length: float

    def __call__(self, step: int) -> float:
        """The value at a step."""
        weight = 0.5 * (1.0 + math.cos(math.pi * ((step - self.begin) / self.length)))
        return self.end + (self.start - self.end) * weight


@final
@dataclass(frozen=True)
class PowerOfRest:
    """A power of what remains of a length that is no whole number of steps.

    v(t) = start * (1 - t / length) ** power

    Attributes:
        start: value at step 0.
        length: steps.
        power: positive.
    """

    start: float
    length: float
    power: float

    def __call__(self, step: int) -> float:
        """The value at a step."""
        return self.start * (1.0 - step / self.length) ** self.power


@final
@dataclass(frozen=True)
class CycleHeight:
    """CyclicLR's triangles, scaled by a function of the cycle or of the step.

    Attributes:
        floor: value at the foot of each triangle.
        height: of the first peak above the floor, before it is scaled.
        length: of a cycle, in steps; it need not be whole.
        rise: the share of the cycle that goes up.
        scale: of the cycle's number, from 1 on, or of the step.
        by_cycle: which of them.
    Source: Smith 2017, arXiv:1506.01186, section 3; torch's `CyclicLR`.
    """

    floor: float
    height: float
    length: float
    rise: float
    scale: Callable[[int], float]
    by_cycle: bool

    def __call__(self, step: int) -> float:
        """The value at a step."""
        cycle = math.floor(1 + step / self.length)
        passed = 1.0 + step / self.length - cycle
        share = passed / self.rise if passed <= self.rise else (passed - 1) / (self.rise - 1)
        return self.floor + self.height * share * self.scale(cycle if self.by_cycle else step)


@final
@dataclass(frozen=True)
class GeometricScale:
    """A factor from one cycle, or one step, to the next, counted from a first one.

    Attributes:
        factor: from one to the next.
        first: the number whose scale is 1.
    """

    factor: float
    first: int

    def __call__(self, number: int) -> float:
        """The scale of a cycle or a step."""
        return float(self.factor ** (number - self.first))


@final
@dataclass(frozen=True)
class StepByStep:
    """A value that is known from the one before, as torch computes it; what was found is kept.

    Attributes:
        motion: how it moves from step to step.
        first: value at step 0.
    """

    motion: Motion
    first: float
    known: dict[int, float] = field(default_factory=dict, compare=False)

    def __call__(self, step: int) -> float:
        """The value at a step."""
        last = step
        while last > 0 and last not in self.known:
            last -= 1
        value = self.known.get(last, self.first)
        for later in range(last + 1, step + 1):
            # The same whoever computes it, so that threads can't disturb each other.
            value = self.known[later] = self.motion.move(later, value)
        return value

    def __repr__(self) -> str:
        return f"{self.motion.name}, step by step"
