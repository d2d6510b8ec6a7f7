"""torch's schedulers of one formula, each with what torch computes; k is its own step, from 0."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial
from typing import Any

from glidepath.adapters.torch.reading.formulas import PowerOfRest
from glidepath.adapters.torch.reading.motion import Factors, Multiplied, Values
from glidepath.adapters.torch.reading.nesting import habits
from glidepath.adapters.torch.reading.numbers import base_rate, number, whole
from glidepath.adapters.torch.reading.wave import Wave
from glidepath.plan import (
    Schedule,
    constant,
    cosine,
    decay,
    from_function,
    linear,
    piecewise_constant,
    polynomial,
)
from glidepath.plan.endless import endless


def step_lr(scheduler: Any, group: int) -> Factors:
    """StepLR: base * gamma ** floor(k / step_size).

    torch multiplies where k % step_size is 0, which for a step_size of 2.5 is every fifth step.
    """
    size = number(scheduler, "step_size", scheduler.step_size)
    if not size:
        raise ValueError("StepLR divides by its `step_size`, which is 0")
    every = abs(Fraction(size).numerator)
    draw = partial(_decaying, gamma=_gamma(scheduler), every=every)
    return Factors("StepLR", base_rate(scheduler, group), draw)


def exponential_lr(scheduler: Any, group: int) -> Factors:
    """ExponentialLR: base * gamma ** k; a plain step to 0 multiplies too."""
    gamma = _gamma(scheduler)
    draw = partial(_decaying, gamma=gamma, every=1)
    late = gamma if habits().moves_at_0 else 1.0
    return Factors("ExponentialLR", base_rate(scheduler, group), draw, late)


def _gamma(scheduler: Any) -> float:
    gamma = number(scheduler, "gamma", scheduler.gamma)
    if gamma < 0:
        raise ValueError(
            f"{type(scheduler).__name__}.gamma must not be negative, got {gamma}: the rate would "
            "change its sign"
        )
    return gamma


def _decaying(rate: float, *, gamma: float, every: int) -> Schedule:
    if gamma == 1:
        return constant(rate).over(1)
    if gamma == 0:
        return constant(rate).over(every).then(0.0)
    return endless(decay(rate, gamma, every=every, stair=every > 1))


def multi_step_lr(scheduler: Any, group: int) -> Factors:
    """MultiStepLR: base * gamma ** (how many milestones are at most k), each as often as given.

    torch asks whether k is one of them, so that one between two steps, or before 0, never counts.
    """
    gamma = number(scheduler, "gamma", scheduler.gamma)
    counts = {
        step: times
        for milestone, times in sorted(scheduler.milestones.items())
        if (step := whole(number(scheduler, "milestones", milestone))) is not None and step >= 0
    }
    early = [milestone for milestone in scheduler.milestones if milestone < 0]
    stuck = "its milestones before 0 count only there" if early else ""
    draw = partial(_stairs, gamma=gamma, counts=tuple(counts.items()))
    return Factors("MultiStepLR", base_rate(scheduler, group), draw, stuck=stuck)


def _stairs(rate: float, *, gamma: float, counts: tuple[tuple[int, int], ...]) -> Schedule:
    values, boundaries, power = [rate], [], 0
    for step, times in counts:
        power += times
        if step == 0:
            values = [rate * gamma**power]
        else:
            values.append(rate * gamma**power)
            boundaries.append(step)
    return piecewise_constant(values, boundaries)


def constant_lr(scheduler: Any, group: int) -> Factors:
    """ConstantLR: base * factor before total_iters, base from then on.

    torch undoes the factor where k is total_iters: never, unless that is a whole number above 0.
    """
    factor = number(scheduler, "factor", scheduler.factor)
    total = number(scheduler, "total_iters", scheduler.total_iters)
    until = whole(total) if total > 0 else None
    if until and not factor:
        raise ValueError(
            f"ConstantLR with a `factor` of 0 fails at step {until}, where torch divides by it: "
            "write constant(0.0).over(...) >> what follows"
        )
    draw = partial(_raised, factor=factor, until=until)
    stuck = _no_length(total)
    return Factors("ConstantLR", base_rate(scheduler, group), draw, stuck=stuck)


def _raised(rate: float, *, factor: float, until: int | None) -> Schedule:
    start = constant(rate * factor)
    return start.over(until).then(rate) if until else start.over(1)


def linear_lr(scheduler: Any, group: int) -> Factors:
    """LinearLR: base * (start + (end - start) * min(k, n) / n), where n is total_iters.

    Without a length torch stays at the start, and with one of 2.5 at the value of step 2.
    """
    total = number(scheduler, "total_iters", scheduler.total_iters)
    start = number(scheduler, "start_factor", scheduler.start_factor)
    end = number(scheduler, "end_factor", scheduler.end_factor)
    steps = max(math.floor(total), 0)
    if steps:
        end = end if steps == total else start + (end - start) * steps / total
    draw = partial(_line, start=start, end=end, steps=steps)
    return Factors("LinearLR", base_rate(scheduler, group), draw, stuck=_no_length(total))


def _line(rate: float, *, start: float, end: float, steps: int) -> Schedule:
    if not steps:
        return constant(rate * start).over(1)
    return linear(rate * start, rate * end).over(steps).then(rate * end)


def polynomial_lr(scheduler: Any, group: int) -> Factors:
    """PolynomialLR: base * (1 - min(k, n) / n) ** power, where n is total_iters.

    Without a length torch stays at the base, and with one of 2.5 at the value of step 2; a plain
    step to 0 multiplies by (n / (n + 1)) ** power.
    """
    total = number(scheduler, "total_iters", scheduler.total_iters)
    power = number(scheduler, "power", scheduler.power)
    if power < 0:
        raise ValueError(f"PolynomialLR.power must not be negative, got {power}: the rate would "
                         f"be infinite at step {total:g}")  # fmt: skip
    draw = partial(_power, power=power, total=total)
    late = (total / (total + 1)) ** power if habits().moves_at_0 and total > 0 else 1.0
    stuck = _no_length(total)
    return Factors("PolynomialLR", base_rate(scheduler, group), draw, late, stuck)


def _power(rate: float, *, power: float, total: float) -> Schedule:
    steps = whole(total)
    if total < 1 or not power:
        return constant(rate).over(1)
    if steps:
        return polynomial(rate, 0.0, power=power).over(steps).then(0.0)
    return from_function(PowerOfRest(rate, total, power)).over(math.floor(total) + 1)


def _no_length(total: float) -> str:
    return f"its `total_iters` is {total:g}" if total <= 0 else ""


def cosine_annealing_lr(scheduler: Any, group: int) -> Wave:
    """CosineAnnealingLR: eta_min + (base - eta_min) * (1 + cos(pi * k / T_max)) / 2, for ever."""
    half = abs(number(scheduler, "T_max", scheduler.T_max))
    if not half:
        raise ValueError("CosineAnnealingLR divides by its `T_max`, which is 0")
    return Wave(
        "CosineAnnealingLR",
        base_rate(scheduler, group),
        floor=number(scheduler, "eta_min", scheduler.eta_min),
        half=whole(half) or half,
        late=habits().moves_at_0,
    )


def warm_restarts(scheduler: Any, group: int) -> Values:
    """CosineAnnealingWarmRestarts: the first half of that wave, over T_0 * T_mult ** n steps."""
    base, floor = base_rate(scheduler, group), number(scheduler, "eta_min", scheduler.eta_min)
    cycles = cosine(base, floor).over(scheduler.T_0).repeat(growth=scheduler.T_mult)
    return Values("CosineAnnealingWarmRestarts", base, cycles)


def lambda_lr(scheduler: Any, group: int) -> Values:
    """LambdaLR: base * lr_lambda(k)."""
    base = base_rate(scheduler, group)
    factors = endless(from_function(scheduler.lr_lambdas[group]))
    return Values("LambdaLR", base, base * factors)


def multiplicative_lr(scheduler: Any, group: int) -> Multiplied:
    """MultiplicativeLR: base * lr_lambda(1) * ... * lr_lambda(k)."""
    function = scheduler.lr_lambdas[group]
    base = base_rate(scheduler, group)
    return Multiplied("MultiplicativeLR", base, function, from_0=habits().moves_at_0)
