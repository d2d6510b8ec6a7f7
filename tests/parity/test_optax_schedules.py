"""optax's schedules against the same ones written here, in its own float32 and in float64."""

from functools import reduce
from itertools import pairwise
from operator import rshift

import jax
import numpy as np
import optax

from glidepath import (
    constant,
    cosine,
    decay,
    linear,
    piecewise_constant,
    piecewise_linear,
    polynomial,
)
from tests.parity.peers import FLOAT32, assert_same_rates, float32_of_a_power, grid, jax_rates

STEPS = 300
BASES = (1e-3, 0.1, 3.0)


def assert_same_as_optax(ours, theirs, float32=FLOAT32):
    """As near as float32 allows, relative to the peak, and in float64 to 12 digits."""
    assert_same_rates(ours, jax_rates(theirs, STEPS), each=0.0, of_peak=float32)
    with jax.enable_x64(True):
        # optax adds 1 and a cosine near -1, or takes the end from the start: digits of the peak.
        assert_same_rates(ours, jax_rates(theirs, STEPS), of_peak=1e-13)


def warm_cosine(init, peak, warmup, total, end, exponent=1.0):
    """optax counts the warm-up into `decay_steps`."""
    decline = cosine(peak, end, exponent=exponent).over(total - warmup) >> constant(end).over(1)
    return linear(init, peak).over(warmup) >> decline if warmup else decline


@grid(base=(1e-3, 3.0), warmup=(0, 1, 75), total=(100, 299), end=(0.0, 0.05), exponent=(1.0, 2.0))
def test_warmup_cosine_decay_counts_the_warm_up_as_decay(base, warmup, total, end, exponent):
    theirs = optax.warmup_cosine_decay_schedule(
        base / 10, base, warmup, total, end_value=base * end, exponent=exponent
    )
    ours = warm_cosine(base / 10, base, warmup, total, base * end, exponent)
    assert_same_as_optax(ours, theirs)


@grid(base=BASES, steps=(1, 100, 299), alpha=(0.0, 0.1), exponent=(1.0, 0.5, 3.0))
def test_cosine_decay_has_its_floor_as_a_share(base, steps, alpha, exponent):
    theirs = optax.cosine_decay_schedule(base, steps, alpha=alpha, exponent=exponent)
    ours = cosine(base, base * alpha, exponent=exponent).over(steps)
    # A root magnifies what float32 rounds off 1 + cos near the end, where ours takes a sine.
    float32 = 1e-5 if exponent < 1 else FLOAT32
    assert_same_as_optax(ours >> constant(base * alpha).over(1), theirs, float32)


@grid(
    base=(1e-3, 3.0),
    every=(1, 10, 70),
    rate=(0.5, 0.97, 1.01),
    begin=(0, 100),
    staircase=(False, True),
    is_bounded=(False, True),
)
def test_exponential_decay_is_a_decay_shifted_and_clipped(
    base, every, rate, begin, staircase, is_bounded
):
    bound = base * (0.2 if rate < 1 else 1.5)
    theirs = optax.exponential_decay(
        base, every, rate, begin, staircase, end_value=bound if is_bounded else None
    )
    ours = decay(base, rate, every=every, stair=staircase).over(STEPS)
    ours = ours.shift(begin) if begin else ours
    if is_bounded:
        ours = ours.clip(min=bound) if rate < 1 else ours.clip(max=bound)
    assert_same_as_optax(ours, theirs, float32_of_a_power(STEPS / every))


@grid(
    base=BASES,
    scales=({}, {10: 0.1}, {10: 0.5, 11: 0.5}, {1: 2.0, 150: 0.3, 299: 0.1}, {100: 0.0}),
    power=(1, 2),
)
def test_piecewise_constant_multiplies_at_its_boundaries(base, scales, power):
    scales = {at: scale**power for at, scale in scales.items()}
    theirs = optax.piecewise_constant_schedule(base, scales)
    values = np.cumprod([base, *scales.values()]).tolist()
    assert_same_as_optax(piecewise_constant(values, list(scales)), theirs)


KNOTS = ({10: 0.1}, {10: 5.0, 11: 0.5}, {1: 2.0, 150: 0.3, 299: 0.1}, {50: 1.0, 100: 0.0})


@grid(base=(1e-3, 0.1, 3.0, 17.0), scales=KNOTS, kind=("linear", "cosine"))
def test_piecewise_interpolate_goes_from_product_to_product(base, scales, kind):
    theirs = optax.piecewise_interpolate_schedule(kind, base, scales)
    values, knots = np.cumprod([base, *scales.values()]).tolist(), [0, *scales]
    ours = piecewise_linear(values, knots[1:])
    if kind == "cosine":
        waves = [
            cosine(*ends).over(until - begin)
            for ends, (begin, until) in zip(pairwise(values), pairwise(knots), strict=True)
        ]
        ours = reduce(rshift, [*waves, constant(values[-1]).over(1)])
    assert_same_as_optax(ours, theirs)


@grid(base=BASES, end=(0.0, 0.3, 2.0), steps=(1, 30, 200), begin=(0, 1, 90))
def test_linear_schedule_is_a_line_shifted(base, end, steps, begin):
    theirs = optax.linear_schedule(base, base * end, steps, begin)
    ours = linear(base, base * end).over(steps) >> constant(base * end).over(1)
    assert_same_as_optax(ours.shift(begin) if begin else ours, theirs)


@grid(base=(1e-3, 3.0), end=(0.0, 0.3), power=(1.0, 2.0, 0.5), steps=(1, 30, 200), begin=(0, 90))
def test_polynomial_schedule_is_a_polynomial_shifted(base, end, power, steps, begin):
    theirs = optax.polynomial_schedule(base, base * end, power, steps, begin)
    ours = polynomial(base, base * end, power=power).over(steps) >> constant(base * end).over(1)
    # A root magnifies what float32 rounds off 1 - t / T near the end.
    float32 = 1e-5 if power < 1 else FLOAT32
    assert_same_as_optax(ours.shift(begin) if begin else ours, theirs, float32)


DIVS = ((25.0, 1e4), (4.0, 10.0))


@grid(peak=BASES, steps=(20, 37, 250), pcts=((0.3, 0.85), (0.1, 0.5)), divs=DIVS)
def test_linear_onecycle_has_its_knots_at_whole_steps(peak, steps, pcts, divs):
    theirs = optax.linear_onecycle_schedule(steps, peak, *pcts, *divs)
    low = peak / divs[0]
    knots = [int(pcts[0] * steps), int(pcts[1] * steps), steps]
    assert_same_as_optax(piecewise_linear([low, peak, low, low / divs[1]], knots), theirs)


@grid(peak=BASES, steps=(20, 37, 250), pct=(0.3, 0.1), divs=DIVS)
def test_cosine_onecycle_is_two_half_cosines(peak, steps, pct, divs):
    theirs = optax.cosine_onecycle_schedule(steps, peak, pct, *divs)
    low, up = peak / divs[0], int(pct * steps)
    final = low / divs[1]
    rise, fall = cosine(low, peak).over(up), cosine(peak, final).over(steps - up)
    assert_same_as_optax(rise >> fall >> constant(final).over(1), theirs)


@grid(base=BASES, warmup=(0, 5), length=(20, 35), growth=(1, 2), scale=(1.0, 0.5))
def test_sgdr_is_a_cycle_repeated(base, warmup, length, growth, scale):
    cycles = [
        {
            "init_value": 0.0,
            "peak_value": base * scale**n,
            "warmup_steps": warmup * growth**n,
            "decay_steps": length * growth**n,
            "end_value": base * scale**n / 20,
        }
        for n in range(3)
    ]
    cycle = cosine(base, base / 20).over(length - warmup)
    cycle = linear(0.0, base).over(warmup) >> cycle if warmup else cycle
    last = constant(cycles[-1]["end_value"]).over(1)
    ours = cycle.repeat(3, growth=growth, scale=scale) >> last
    assert_same_as_optax(ours, optax.sgdr_schedule(cycles))


@grid(init=(0.0, 1e-4, 0.5), peak=BASES, warmup=(1, 10, 299))
def test_warmup_constant_is_a_line_and_a_constant(init, peak, warmup):
    theirs = optax.warmup_constant_schedule(init, peak, warmup)
    assert_same_as_optax(linear(init, peak).over(warmup) >> constant(peak).over(1), theirs)


@grid(peak=BASES, warmup=(1, 50), every=(10, 70), begin=(0, 20), staircase=(False, True))
def test_warmup_exponential_decay_is_a_line_and_a_decay(peak, warmup, every, begin, staircase):
    theirs = optax.warmup_exponential_decay_schedule(
        0.0, peak, warmup, every, 0.5, begin, staircase
    )
    fall = decay(peak, 0.5, every=every, stair=staircase).over(STEPS)
    ours = linear(0.0, peak).over(warmup) >> (fall.shift(begin) if begin else fall)
    assert_same_as_optax(ours, theirs)


@grid(base=BASES, first=(1, 20), second=(1, 60), third=(1, 100))
def test_join_schedules_is_one_thing_after_another(base, first, second, third):
    theirs = optax.join_schedules(
        [
            optax.linear_schedule(0.0, base, first),
            optax.constant_schedule(base),
            optax.cosine_decay_schedule(base, third),
            optax.constant_schedule(base / 100),
        ],
        [first, first + second, first + second + third],
    )
    ours = (
        linear(0.0, base).over(first)
        >> constant(base).over(second)
        >> cosine(base, 0.0).over(third)
        >> constant(base / 100).over(1)
    )
    assert_same_as_optax(ours, theirs)
