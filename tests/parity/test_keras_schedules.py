"""Keras' schedules, on JAX and in its own float32, against the same schedules written here."""

import os

# Keras chooses its backend once, when it is first imported.
os.environ["KERAS_BACKEND"] = "jax"

import pytest
from keras.optimizers import schedules as theirs

from glidepath import (
    constant,
    cosine,
    decay,
    inverse_time,
    linear,
    piecewise_constant,
    polynomial,
)
from tests.parity.peers import FLOAT32, assert_same_rates, float32_of_a_power, grid, jax_rates

STEPS = 300
BASES = (1e-3, 0.1, 3.0)


def assert_same_in_float32(ours, theirs, of_peak=FLOAT32):
    assert_same_rates(ours, theirs, each=0.0, of_peak=of_peak)


@grid(base=BASES, steps=(1, 100, 299), alpha=(0.0, 0.1, 1.0))
def test_cosine_decay_has_its_floor_as_a_share(base, steps, alpha):
    schedule = theirs.CosineDecay(base, steps, alpha=alpha)
    ours = cosine(base, base * alpha).over(steps) >> constant(base * alpha).over(1)
    assert_same_in_float32(ours, jax_rates(schedule, STEPS))


@grid(base=BASES, first=(0.0, 0.1), warmup=(1, 10, 77), steps=(1, 150), alpha=(0.0, 0.1))
def test_cosine_decay_does_not_count_its_warm_up_as_decay(base, first, warmup, steps, alpha):
    schedule = theirs.CosineDecay(
        base * first, steps, alpha=alpha, warmup_target=base, warmup_steps=warmup
    )
    ours = (
        linear(base * first, base).over(warmup)
        >> cosine(base, base * alpha).over(steps)
        >> constant(base * alpha).over(1)
    )
    assert_same_in_float32(ours, jax_rates(schedule, STEPS))


LENGTHS = ((1, 1.0), (64, 1.0), (1, 2.0), (16, 2.0), (1, 3.0), (33, 3.0), (64, 1.5), (16, 2.5))


@grid(base=(1e-3, 3.0), length=LENGTHS, scale=(0.5, 1.0))
def test_cosine_decay_restarts_is_a_cosine_repeated(base, length, scale):
    first, growth = length
    schedule = theirs.CosineDecayRestarts(base, first, t_mul=growth, m_mul=scale)
    rates = jax_rates(schedule, STEPS)
    ours = cosine(base, 0.0).over(first).repeat(growth=growth, scale=scale)
    most_cycles = STEPS if growth == 1 and first == 1 else 10
    assert_same_in_float32(ours, rates, float32_of_a_power(most_cycles))


@grid(base=[3.0], first=(16, 40), growth=(1.0, 2.0), scale=(1.0, 0.5, 0.9), alpha=(0.05, 0.5))
def test_cosine_decay_restarts_with_a_floor_lowers_what_is_above_it(
    base, first, growth, scale, alpha
):
    schedule = theirs.CosineDecayRestarts(base, first, t_mul=growth, m_mul=scale, alpha=alpha)
    lengths = [round(first * growth**n) for n in range(3)]
    one, two, three = (
        cosine(base * ((1 - alpha) * scale**n + alpha), base * alpha).over(length)
        for n, length in enumerate(lengths)
    )
    assert_same_in_float32(one >> two >> three, jax_rates(schedule, sum(lengths)))


def test_a_cycle_of_a_broken_length_misses_its_peak_there_and_is_rounded_here():
    schedule = theirs.CosineDecayRestarts(1.0, 10, t_mul=1.25)
    # Cycles of 10, 12.5, 15.625 and 19.53 steps, which ours rounds to 10, 13, 16 and 20.
    rates = jax_rates(schedule, 60)
    ours = cosine(1.0, 0.0).over(10).repeat(growth=1.25)
    assert rates[[23, 39]] == pytest.approx([0.99748, 0.99506], abs=1e-5)
    assert [ours(23), ours(39)] == [1.0, 1.0]


@grid(base=BASES, steps=(1, 10, 70), rate=(0.5, 0.97, 1.01), staircase=(False, True))
def test_exponential_decay_is_a_decay(base, steps, rate, staircase):
    schedule = theirs.ExponentialDecay(base, steps, rate, staircase=staircase)
    ours = decay(base, rate, every=steps, stair=staircase).over(STEPS)
    assert_same_in_float32(ours, jax_rates(schedule, STEPS), float32_of_a_power(STEPS / steps))


@grid(base=BASES, steps=(1, 10, 70), rate=(0.1, 0.5, 2.0))
def test_inverse_time_decay_is_an_inverse_of_time(base, steps, rate):
    schedule = theirs.InverseTimeDecay(base, steps, rate)
    ours = inverse_time(base, rate, every=steps).over(STEPS)
    assert_same_in_float32(ours, jax_rates(schedule, STEPS))


@grid(base=BASES, steps=(10, 33, 70), rate=(0.1, 0.5, 2.0))
def test_inverse_time_decay_in_stairs_is_a_piecewise_constant(base, steps, rate):
    schedule = theirs.InverseTimeDecay(base, steps, rate, staircase=True)
    boundaries = list(range(steps, STEPS, steps))
    ours = piecewise_constant(
        [base / (1 + rate * n) for n in range(len(boundaries) + 1)], boundaries
    )
    assert_same_in_float32(ours, jax_rates(schedule, STEPS))


@grid(
    base=BASES,
    boundaries=([10], [0, 100], [1, 2, 3], [30, 60, 90], [50, 298]),
    factor=(0.1, 0.5),
)
def test_piecewise_constant_decay_switches_one_step_after_ours(base, boundaries, factor):
    values = [base * factor**n for n in range(len(boundaries) + 1)]
    schedule = theirs.PiecewiseConstantDecay(boundaries, values)
    rates = jax_rates(schedule, STEPS)
    assert_same_in_float32(piecewise_constant(values, [at + 1 for at in boundaries]), rates)
    # At the boundary itself theirs still has the value before.
    at = boundaries[-1]
    assert rates[at] == pytest.approx(values[-2])
    if at:
        first = next(n for n, boundary in enumerate(boundaries) if boundary)
        ours = piecewise_constant(values[first:], boundaries[first:])
        assert ours(at) == values[-1]


@grid(base=BASES, end=(0.0, 0.1), steps=(1, 30, 299), power=(1.0, 2.0, 0.5))
def test_polynomial_decay_is_a_polynomial_and_then_its_end(base, end, steps, power):
    schedule = theirs.PolynomialDecay(base, steps, end_learning_rate=base * end, power=power)
    ours = polynomial(base, base * end, power=power).over(steps) >> constant(base * end).over(1)
    assert_same_in_float32(ours, jax_rates(schedule, STEPS))


def tooth(base, end, power, steps, n):
    """The last of n parts of a polynomial, from the step after it began to the step of its end."""
    left = (steps - 1) / (n * steps)
    start = end + (base - end) * left**power
    return polynomial(start, end, power=power).over(steps - 1) >> constant(end).over(1)


@grid(base=BASES, end=(0.0, 0.1), steps=(10, 33, 75), power=(1.0, 2.0))
def test_polynomial_decay_in_cycles_is_ever_lower_teeth(base, end, steps, power):
    schedule = theirs.PolynomialDecay(
        base, steps, end_learning_rate=base * end, power=power, cycle=True
    )
    ours = constant(base).over(1)
    for n in range(1, STEPS // steps + 2):
        ours = ours >> tooth(base, base * end, power, steps, n)
    assert_same_in_float32(ours, jax_rates(schedule, STEPS))
