"""ChainedScheduler: several schedulers, which move the same rate in turn at every step."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from math import isclose
from operator import mul
from typing import Any, final

from glidepath.adapters.torch.reading.motion import (
    Factors,
    Motion,
    Reader,
    Start,
    Values,
    step_by_step,
)
from glidepath.adapters.torch.reading.wave import Wave
from glidepath.plan import Schedule, cosine


@final
@dataclass(frozen=True)
class Chain(Motion):
    """ChainedScheduler, whose schedulers are taken to be built in their order.

    Attributes:
        parts: none of them a chain itself.
    """

    parts: tuple[Motion, ...]

    def begin(self, rate: float, how: Start) -> float:
        """One after the other."""
        for part in self.parts:
            rate = part.begin(rate, how)
        return rate

    def move(self, step: int, rate: float) -> float:
        """One after the other."""
        for part in self.parts:
            rate = part.move(step, rate)
        return rate

    def schedule(self, rate: float, how: Start) -> Schedule:
        """A product where each multiplies; else, but for waves that settle, step by step."""
        parts = self._heard
        if len(parts) == 1:
            return parts[0].schedule(rate, how)
        waves = [part for part in parts if isinstance(part, Wave)]
        factors = [part for part in parts if isinstance(part, Factors)]
        if len(factors) == len(parts):
            return _product(factors, rate, how)
        if len(waves) == 1 and len(factors) == len(parts) - 1 and how is Start.BUILT:
            return _wave_times(waves[0], factors, rate) or step_by_step(self, rate, how)
        return step_by_step(self, rate, how)

    @property
    def _heard(self) -> tuple[Motion, ...]:
        """Those from the last one on that sets the rate, whatever the ones before it did."""
        setting = [i for i, part in enumerate(self.parts) if isinstance(part, Values)]
        return self.parts[setting[-1] :] if setting else self.parts


def _product(factors: list[Factors], rate: float, how: Start) -> Schedule:
    for part in factors:
        rate = part.start(rate, how)
    first, *rest = factors
    return reduce(mul, (part.factors for part in rest), first.draw(rate))


def _wave_times(wave: Wave, factors: list[Factors], rate: float) -> Schedule | None:
    """A wave down to 0 times factors, the last of which has settled before its first trough.

    Torch's wave forgets there what it was multiplied by, and goes on at the height of its base.
    """
    half, steps = wave.half, [part.factors.total_steps for part in factors]
    is_in_time = all(one is not None and one <= half for one in steps)
    if wave.floor or not isinstance(half, int) or not is_in_time:
        return None
    settled = rate
    for part in factors:
        settled *= part.factors(half)
    product = reduce(mul, (part.factors for part in factors), wave.falling(rate))
    if rate == wave.base and isclose(settled, wave.base, rel_tol=1e-15):
        return product
    product = reduce(mul, (part.factors for part in factors), cosine(rate, 0.0).over(half))
    return product.lasting(half) >> wave.after


def chained(scheduler: Any, group: int, depth: int, read: Reader) -> Chain:
    """ChainedScheduler: each in turn multiplies, or sets, the rate that the one before it left."""
    parts: list[Motion] = []
    for child in scheduler._schedulers:
        motion = read(child, group, depth)
        parts += motion.parts if isinstance(motion, Chain) else [motion]
    return Chain(_name(parts), parts[0].base, tuple(parts))


def _name(parts: list[Motion]) -> str:
    return f"ChainedScheduler({', '.join(part.name for part in parts)})"
