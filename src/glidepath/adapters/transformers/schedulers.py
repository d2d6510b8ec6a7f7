"""transformers' schedulers, each as the expression of shapes that gives the same values.

Each takes the peak, and by keyword what transformers' own takes. The formulas are those of
transformers 5.23 in absolute terms, the multiplier times the peak; W is the number of warm-up
steps, T that of all training steps, and t the step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from operator import rshift
from typing import Any

from glidepath.adapters.transformers.arguments import (
    at_least_0,
    count,
    cycles,
    half_wave,
    lowest_rate,
    one_of,
    stable_steps,
    warm_up_and_rest,
)
from glidepath.adapters.transformers.waves import falls, waves
from glidepath.plan import (
    Schedule,
    Shape,
    constant,
    cosine,
    inverse_sqrt,
    linear,
    one_minus_sqrt,
    polynomial,
)
from glidepath.plan.endless import endless
from glidepath.plan.numbers import positive

WARMUPS: dict[str, Callable[[float, float], Shape]] = {
    "linear": linear,
    "cosine": cosine,
    "1-sqrt": partial(polynomial, power=0.5),  # 1 - sqrt(1 - p)
}
DECAYS: dict[str, Callable[[float, float], Shape]] = {
    "linear": linear,
    "cosine": cosine,
    "1-sqrt": one_minus_sqrt,
}


def _constant(peak: float) -> Schedule:
    """The peak throughout."""
    return constant(peak).over(1)


def _constant_with_warmup(peak: float, *, num_warmup_steps: Any) -> Schedule:
    """A line from 0 to the peak, which holds."""
    warmup = count("num_warmup_steps", num_warmup_steps)
    return linear(0.0, peak).over(warmup).then(peak) if warmup else _constant(peak)


def _linear(peak: float, *, num_warmup_steps: Any, num_training_steps: Any) -> Schedule:
    """A line from the peak to 0, which holds."""
    warmup, rest = warm_up_and_rest(num_warmup_steps, num_training_steps)
    return _after_warm_up(peak, warmup, linear(peak, 0.0).over(rest).then(0.0))


def _cosine(
    peak: float, *, num_warmup_steps: Any, num_training_steps: Any, num_cycles: Any = 0.5
) -> Schedule:
    """So many waves between the peak and 0 as far as T, and no end: half of one, by default.

    v(t) = peak * (1 + cos(2 * pi * num_cycles * (t - W) / (T - W))) / 2
    """
    warmup, rest = warm_up_and_rest(num_warmup_steps, num_training_steps)
    return _after_warm_up(peak, warmup, waves(peak, 0.0, half_wave(rest, num_cycles)))


def _cosine_with_restarts(
    peak: float, *, num_warmup_steps: Any, num_training_steps: Any, num_cycles: Any = 1
) -> Schedule:
    """Half waves from the peak to 0, each beginning at the peak again; from T on 0.

    v(t) = peak * (1 + cos(pi * (num_cycles * (t - W) / (T - W) mod 1))) / 2
    """
    warmup, rest = warm_up_and_rest(num_warmup_steps, num_training_steps)
    restarts = falls(peak, rest / cycles(num_cycles), rest)
    return _after_warm_up(peak, warmup, restarts.then(0.0))


def _polynomial(
    peak: float,
    *,
    num_warmup_steps: Any,
    num_training_steps: Any,
    lr_end: Any = 1e-7,
    power: Any = 1.0,
) -> Schedule:
    """A power of what remains, from the peak to `lr_end`, which holds."""
    warmup, rest = warm_up_and_rest(num_warmup_steps, num_training_steps)
    end, exponent = at_least_0("lr_end", lr_end), positive("power", power)
    if end >= peak:
        raise ValueError(f"`lr_end` must be below the peak of {peak}, got {end}")
    shape = linear(peak, end) if exponent == 1 else polynomial(peak, end, power=exponent)
    return _after_warm_up(peak, warmup, shape.over(rest).then(end))


def _inverse_sqrt(peak: float, *, num_warmup_steps: Any, timescale: Any = None) -> Schedule:
    """The inverse square root of time, without end, by the warm-up's length or 10,000 steps.

    v(t) = peak * sqrt(timescale / (timescale + t - W))
    """
    warmup = count("num_warmup_steps", num_warmup_steps)
    scale = (warmup or 10_000) if timescale is None else count("timescale", timescale, least=1)
    fall = endless(inverse_sqrt(peak, timescale=scale))
    return _after_warm_up(peak, warmup, fall)


def _cosine_with_min_lr(
    peak: float,
    *,
    num_warmup_steps: Any,
    num_training_steps: Any,
    num_cycles: Any = 0.5,
    min_lr: Any = None,
    min_lr_rate: Any = None,
) -> Schedule:
    """As `cosine`, with waves between the peak and a floor."""
    warmup, rest = warm_up_and_rest(num_warmup_steps, num_training_steps)
    floor = lowest_rate(peak, min_lr, min_lr_rate)
    return _after_warm_up(peak, warmup, waves(peak, floor, half_wave(rest, num_cycles)))


def _cosine_warmup_with_min_lr(
    peak: float,
    *,
    num_warmup_steps: Any,
    num_training_steps: Any,
    num_cycles: Any = 0.5,
    min_lr: Any = None,
    min_lr_rate: Any = None,
    warmup_lr_rate: Any = None,
) -> Schedule:
    """As `cosine_with_min_lr`, a step ahead: each step has the value of its end.

    With a `warmup_lr_rate`, the first rate as a share of the peak, the warm-up is a line from that
    to the peak at step W - 1.
    """
    warmup, rest = warm_up_and_rest(num_warmup_steps, num_training_steps)
    floor = lowest_rate(peak, min_lr, min_lr_rate)
    wave = waves(peak, floor, half_wave(rest, num_cycles), at="end")
    if not warmup:
        return wave
    if warmup_lr_rate is None:
        return linear(0.0, peak).over(warmup, at="end") >> wave
    first = peak * at_least_0("warmup_lr_rate", warmup_lr_rate)
    if warmup == 1:
        return constant(first).over(1) >> wave
    return linear(first, peak).over(warmup - 1) >> constant(peak).over(1) >> wave


def _warmup_stable_decay(
    peak: float,
    *,
    num_warmup_steps: Any,
    num_decay_steps: Any,
    num_training_steps: Any = None,
    num_stable_steps: Any = None,
    warmup_type: Any = "linear",
    decay_type: Any = "cosine",
    min_lr_ratio: Any = 0.0,
    num_cycles: Any = 0.5,
) -> Schedule:
    """Up from a share of the peak, the peak, and down to that share, which holds.

    `num_stable_steps` counts where it is given, whatever `num_training_steps` says.
    """
    warmup = count("num_warmup_steps", num_warmup_steps)
    cooldown = count("num_decay_steps", num_decay_steps)
    stable = stable_steps(num_stable_steps, num_training_steps, warmup, cooldown)
    low = peak * at_least_0("min_lr_ratio", min_lr_ratio)
    rise = one_of("warmup_type", warmup_type, WARMUPS)(low, peak)
    fall = one_of("decay_type", decay_type, DECAYS)(peak, low)
    pieces = [rise.over(warmup)] if warmup else []
    pieces += [constant(peak).over(stable)] if stable else []
    if cooldown and decay_type == "cosine" and num_cycles != 0.5:
        pieces += [waves(peak, low, half_wave(cooldown, num_cycles)).lasting(cooldown)]
    elif cooldown:
        pieces += [fall.over(cooldown)]
    return reduce(rshift, pieces).then(low) if pieces else constant(low).over(1)


def _after_warm_up(peak: float, warmup: int, rest: Schedule) -> Schedule:
    """A line from 0 to the peak, if it has any steps, and what follows."""
    return linear(0.0, peak).over(warmup) >> rest if warmup else rest


SCHEDULERS: dict[str, Callable[..., Schedule]] = {
    "linear": _linear,
    "cosine": _cosine,
    "cosine_with_restarts": _cosine_with_restarts,
    "polynomial": _polynomial,
    "constant": _constant,
    "constant_with_warmup": _constant_with_warmup,
    "inverse_sqrt": _inverse_sqrt,
    "cosine_with_min_lr": _cosine_with_min_lr,
    "cosine_warmup_with_min_lr": _cosine_warmup_with_min_lr,
    "warmup_stable_decay": _warmup_stable_decay,
}
"""Every scheduler of transformers' that is a function of the step, by the name it has there."""
