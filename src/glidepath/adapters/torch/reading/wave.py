"""CosineAnnealingLR, which pulls the rate towards a floor, and at each trough starts anew."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

from glidepath.adapters.torch.reading.formulas import CosineWave
from glidepath.adapters.torch.reading.motion import Motion, Start
from glidepath.plan import Schedule, cosine, from_function
from glidepath.plan.endless import endless


@final
@dataclass(frozen=True)
class Wave(Motion):
    """CosineAnnealingLR.

    With w(k) = (1 + cos(pi * k / T)) / 2 a step to k gives floor + (rate - floor) * w(k) / w(k-1).
    After a trough, where w(k-1) is 0, it gives rate + (base - floor) * w(T+1) instead: the wave
    forgets what it was multiplied by, and goes on at the height of its base.

    Attributes:
        floor: eta_min.
        half: T_max, in steps: an int where it is whole.
        late: whether a plain step to step 0 moves the rate.
    """

    floor: float
    half: float
    late: bool

    def begin(self, rate: float, how: Start) -> float:
        """The rate that it finds, or its base at a milestone."""
        if how is Start.RESET:
            return self.base
        return self.move(0, rate) if how is Start.STEPPED and self.late else rate

    def move(self, step: int, rate: float) -> float:
        """Towards the floor or away from it."""
        if (step - 1 - self.half) % (2 * self.half) == 0:
            return rate + (self.base - self.floor) * (1 - math.cos(math.pi / self.half)) / 2
        ratio = self._height(step) / self._height(step - 1)
        return self.floor + (rate - self.floor) * ratio

    def _height(self, step: int) -> float:
        return 1 + math.cos(math.pi * step / self.half)

    def schedule(self, rate: float, how: Start) -> Schedule:
        """Down to the floor, and up and down for ever."""
        return self.falling(self.begin(rate, how))

    def falling(self, start: float) -> Schedule:
        """The wave from a rate at step 0."""
        if not isinstance(self.half, int):
            # No step lies in a trough, so that nothing is ever forgotten.
            return endless(from_function(CosineWave(start, self.floor, 0.0, self.half)))
        fall = cosine(start, self.floor).over(self.half)
        if start == self.base:
            return (fall >> cosine(self.floor, self.base).over(self.half)).repeat()
        return fall >> self.after

    @property
    def after(self) -> Schedule:
        """The wave from its first trough on."""
        rise = cosine(self.floor, self.base).over(int(self.half))
        return (rise >> cosine(self.base, self.floor).over(int(self.half))).repeat()
