"""optax's schedule constructors, each as the expression of shapes that gives the same values.

Each function has the name and the arguments of optax's, all of them given by keyword. The formulas
are those of optax 0.2.8; t is the count, which is 0 at the first update.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import reduce
from itertools import pairwise
from operator import rshift
from typing import Any

from glidepath.adapters.optax.reading.arguments import (
    count,
    count_from_1,
    lengths,
    number,
    number_as_given,
    positive_number,
    products,
    several_schedules,
)
from glidepath.adapters.optax.reading.binding import bound
from glidepath.plan import (
    Schedule,
    Shape,
    constant,
    cosine,
    decay,
    linear,
    piecewise_constant,
    polynomial,
)
from glidepath.plan.algebra import Segment, Then
from glidepath.plan.endless import endless
from glidepath.plan.shapes import Constant


def constant_schedule(*, value: Any) -> Schedule:
    """The same value throughout."""
    return constant(number_as_given("value", value)).over(1)


def polynomial_schedule(
    *, init_value: Any, end_value: Any, power: Any, transition_steps: Any, transition_begin: Any
) -> Schedule:
    """A power of what remains, to the end value, which holds.

    v(t) = end + (init - end) * (1 - clip(t - begin, 0, steps) / steps) ** power
    """
    start, end = number("init_value", init_value), number("end_value", end_value)
    exponent = positive_number("power", power)
    shape = linear(start, end) if exponent == 1 else polynomial(start, end, power=exponent)
    fall = shape.over(_transition("transition_steps", transition_steps, start, end)).then(end)
    return _later(fall, transition_begin)


def linear_schedule(
    *, init_value: Any, end_value: Any, transition_steps: Any, transition_begin: Any
) -> Schedule:
    """A line to the end value, which holds."""
    return polynomial_schedule(
        init_value=init_value,
        end_value=end_value,
        power=1,
        transition_steps=transition_steps,
        transition_begin=transition_begin,
    )


def piecewise_constant_schedule(*, init_value: Any, boundaries_and_scales: Any) -> Schedule:
    """Times a scale from each boundary on: v(t) = init * product of scales with boundary <= t."""
    values, boundaries = products(init_value, boundaries_and_scales)
    return piecewise_constant(values, boundaries)


def piecewise_interpolate_schedule(
    *, interpolate_type: Any, init_value: Any, boundaries_and_scales: Any
) -> Schedule:
    """From product to product of the scales, by lines or half cosines.

    An array of steps gives an array of values here; optax's own gives their sum.
    """
    curves: dict[Any, Callable[[float, float], Shape]] = {"linear": linear, "cosine": cosine}
    if interpolate_type not in curves:
        raise ValueError(
            f'`interpolate_type` must be "linear" or "cosine", got {interpolate_type!r}'
        )
    return _through(curves[interpolate_type], *products(init_value, boundaries_and_scales))


def exponential_decay(
    *,
    init_value: Any,
    transition_steps: Any,
    decay_rate: Any,
    transition_begin: Any,
    staircase: Any,
    end_value: Any,
) -> Schedule:
    """A factor in every so many steps, without end, no further than the end value.

    v(t) = init * rate ** ((t - begin) / steps),  the exponent rounded down if `staircase`
    """
    start = number("init_value", init_value)
    instead = f'; for the same value throughout write read("constant_schedule", {start})'
    every = count_from_1("transition_steps", transition_steps, instead)
    rate = positive_number("decay_rate", decay_rate, instead)
    fall = endless(decay(start, rate, every=every, stair=bool(staircase)))
    fall = _later(fall, transition_begin)
    if end_value is None:
        return fall
    bound = number("end_value", end_value)
    return fall.clip(min=bound) if rate < 1 else fall.clip(max=bound)


def cosine_decay_schedule(
    *, init_value: Any, decay_steps: Any, alpha: Any, exponent: Any
) -> Schedule:
    """Half a cosine wave to `alpha` times the first value, which holds.

    v(t) = init * (alpha + (1 - alpha) * ((1 + cos(pi * min(t / steps, 1))) / 2) ** exponent)
    """
    start = number("init_value", init_value)
    end, power = start * number("alpha", alpha), positive_number("exponent", exponent)
    return (
        cosine(start, end, exponent=power).over(count_from_1("decay_steps", decay_steps)).then(end)
    )


def _one_cycle(peak_value: Any, div_factor: Any, final_div_factor: Any) -> tuple[float, ...]:
    """Where a cycle starts, its peak, and where it ends."""
    peak = number("peak_value", peak_value)
    low = peak / positive_number("div_factor", div_factor)
    return low, peak, low / positive_number("final_div_factor", final_div_factor)


def linear_onecycle_schedule(
    *,
    transition_steps: Any,
    peak_value: Any,
    pct_start: Any,
    pct_final: Any,
    div_factor: Any,
    final_div_factor: Any,
) -> Schedule:
    """Three lines: up to the peak, back to where it started, and on to a fraction of that."""
    total = count_from_1("transition_steps", transition_steps)
    low, peak, end = _one_cycle(peak_value, div_factor, final_div_factor)
    shares = {"pct_start": pct_start, "pct_final": pct_final}
    return _through(linear, [low, peak, low, end], _knots(total, shares))


def cosine_onecycle_schedule(
    *,
    transition_steps: Any,
    peak_value: Any,
    pct_start: Any,
    div_factor: Any,
    final_div_factor: Any,
) -> Schedule:
    """Two half cosine waves: up to the peak, and down to a fraction of where it started."""
    total = count_from_1("transition_steps", transition_steps)
    low, peak, end = _one_cycle(peak_value, div_factor, final_div_factor)
    return _through(cosine, [low, peak, end], _knots(total, {"pct_start": pct_start}))


def warmup_constant_schedule(*, init_value: Any, peak_value: Any, warmup_steps: Any) -> Schedule:
    """A line to the peak, which holds."""
    start, peak = number("init_value", init_value), number("peak_value", peak_value)
    return (
        linear(start, peak).over(_transition("warmup_steps", warmup_steps, start, peak)).then(peak)
    )


def warmup_cosine_decay_schedule(
    *,
    init_value: Any,
    peak_value: Any,
    warmup_steps: Any,
    decay_steps: Any,
    end_value: Any,
    exponent: Any,
) -> Schedule:
    """A line to the peak, then half a cosine wave to the end value, which holds.

    The warm-up counts as part of `decay_steps`. A peak of 0 stays 0, whatever the end value.
    """
    start, peak = number("init_value", init_value), number("peak_value", peak_value)
    warmup, total = count("warmup_steps", warmup_steps), count_from_1("decay_steps", decay_steps)
    if total <= warmup:
        raise ValueError(
            "`decay_steps` counts the warm-up, and must be more than `warmup_steps`, got "
            f"{total} and {warmup}"
        )
    end = number("end_value", end_value) if peak else 0.0
    wave = cosine(peak, end, exponent=positive_number("exponent", exponent)).over(total - warmup)
    return _after_warm_up(start, peak, warmup, wave).then(end)


def warmup_exponential_decay_schedule(
    *,
    init_value: Any,
    peak_value: Any,
    warmup_steps: Any,
    transition_steps: Any,
    decay_rate: Any,
    transition_begin: Any,
    staircase: Any,
    end_value: Any,
) -> Schedule:
    """A line to the peak, then an `exponential_decay` from there."""
    start, peak = number("init_value", init_value), number("peak_value", peak_value)
    fall = exponential_decay(
        init_value=peak,
        transition_steps=transition_steps,
        decay_rate=decay_rate,
        transition_begin=transition_begin,
        staircase=staircase,
        end_value=end_value,
    )
    return _after_warm_up(start, peak, count("warmup_steps", warmup_steps), fall)


def sgdr_schedule(*, cosine_kwargs: Iterable[Mapping[str, Any]]) -> Schedule:
    """Warm restarts: one `warmup_cosine_decay_schedule` after another, each in `decay_steps`."""
    name = "warmup_cosine_decay_schedule"
    cycles = [warmup_cosine_decay_schedule(**bound(name, (), one)) for one in cosine_kwargs]
    if not cycles:
        raise ValueError("`cosine_kwargs` must have the arguments of at least one cycle, got none")
    first = [_beginning(cycle, cycle.total_steps or 0) for cycle in cycles[:-1]]
    return reduce(rshift, [*first, cycles[-1]])


def join_schedules(*, schedules: Iterable[Any], boundaries: Iterable[Any]) -> Schedule:
    """One schedule after another, each counting from its own boundary."""
    given = several_schedules(schedules)
    lasting = lengths(boundaries, len(given))
    first = [_beginning(one, length) for one, length in zip(given, lasting, strict=False) if length]
    return reduce(rshift, [*first, given[-1]])


CONSTRUCTORS: dict[str, Callable[..., Schedule]] = {
    build.__name__: build
    for build in (
        constant_schedule,
        cosine_decay_schedule,
        cosine_onecycle_schedule,
        exponential_decay,
        join_schedules,
        linear_onecycle_schedule,
        linear_schedule,
        piecewise_constant_schedule,
        piecewise_interpolate_schedule,
        polynomial_schedule,
        sgdr_schedule,
        warmup_constant_schedule,
        warmup_cosine_decay_schedule,
        warmup_exponential_decay_schedule,
    )
}
"""Every constructor of a schedule of the count in `optax.schedules`, by its name."""


def _transition(name: str, value: Any, start: float, end: float) -> int:
    """The length of a transition, of which optax only logs that it never happens."""
    instead = (
        f"; optax would hold {start} for ever, and only log it: if that is meant, write "
        f'read("constant_schedule", {start}), and if {end} should hold at once, the same with {end}'
    )
    return count_from_1(name, value, instead)


def _later(schedule: Schedule, transition_begin: Any) -> Schedule:
    """A transition that begins after so many steps."""
    instead = "; optax would begin at once, and only log it: if that is meant, write 0"
    begin = count("transition_begin", transition_begin, instead)
    return schedule.shift(begin) if begin else schedule


def _after_warm_up(start: float, peak: float, warmup: int, rest: Schedule) -> Schedule:
    """A line, if it has any steps, and what follows."""
    return linear(start, peak).over(warmup) >> rest if warmup else rest


def _through(
    curve: Callable[[float, float], Shape], values: Sequence[float], knots: Sequence[int]
) -> Schedule:
    """Curves from value to value, the first at step 0 and one a knot; then the last holds."""
    ends, spans = pairwise(values), pairwise([0, *knots])
    pieces = [
        curve(*both).over(end - begin)
        for both, (begin, end) in zip(ends, spans, strict=True)
        if end > begin
    ]
    return reduce(rshift, pieces).then(values[-1]) if pieces else constant(values[0]).over(1)


def _knots(total: int, shares: Mapping[str, Any]) -> list[int]:
    """The whole steps at shares of the total, and the total.

    Raises:
        TypeError, ValueError: if they do not ascend: optax keeps one of two at the same step.
    """
    knots = [int(number(name, share) * total) for name, share in shares.items()]
    if not all(before < after for before, after in pairwise([-1, *knots, total])):
        given = ", ".join(f"{name}={share}" for name, share in shares.items())
        raise ValueError(
            f"`{'` and `'.join(shares)}` must lie at ascending steps before the end, got {given} "
            f"of {total} steps, which are steps {knots}"
        )
    return [*knots, total]


def _beginning(schedule: Schedule, steps: int) -> Schedule:
    """The first steps of a schedule, in the fewest words."""
    term, total = schedule.term, None
    if isinstance(term, Segment) and isinstance(term.shape, Constant):
        return term.shape.over(steps).on(schedule.horizon)
    with suppress(ValueError):  # of a horizon that is still to come
        total = schedule.total_steps
    if total != steps:
        return schedule.lasting(steps)
    return Schedule(term.inside if isinstance(term, Then) else term, schedule.horizon)
