"""transformers' schedules, stepped beside an optimizer, against the same schedules written here."""

from functools import partial

import pytest
from transformers import optimization as theirs

from glidepath import Horizon, constant, cosine, inverse_sqrt, linear, one_minus_sqrt, polynomial
from tests.parity.peers import assert_same_rates, grid, torch_rates

BASES = (5e-5, 1e-3, 0.7)
WARMUPS = (0, 1, 10, 37)
DECAYS = (1, 50, 120)


def after_warm_up(base, warmup, rest):
    """transformers warms up from 0, if at all."""
    return linear(0.0, base).over(warmup) >> rest if warmup else rest


@grid(base=BASES, warmup=(0, 1, 2, 10, 37, 100, 150))
def test_constant_with_warm_up_is_a_line_and_a_constant(base, warmup):
    make = partial(theirs.get_constant_schedule_with_warmup, num_warmup_steps=warmup)
    ours = after_warm_up(base, warmup, constant(base).over(1))
    assert_same_rates(ours, torch_rates(make, base, 200))


@grid(base=BASES, warmup=WARMUPS, steps=DECAYS)
def test_linear_is_two_lines_and_then_0(base, warmup, steps):
    make = partial(
        theirs.get_linear_schedule_with_warmup,
        num_warmup_steps=warmup,
        num_training_steps=warmup + steps,
    )
    ours = after_warm_up(base, warmup, linear(base, 0.0).over(steps) >> constant(0.0).over(1))
    assert_same_rates(ours, torch_rates(make, base, warmup + steps + 20))


@grid(base=BASES, warmup=WARMUPS, steps=(12, 60, 120), half_waves=(1, 2, 3))
def test_cosine_is_half_waves_down_and_up_as_far_as_the_end(base, warmup, steps, half_waves):
    make = partial(
        theirs.get_cosine_schedule_with_warmup,
        num_warmup_steps=warmup,
        num_training_steps=warmup + steps,
        num_cycles=half_waves / 2,
    )
    half = steps // half_waves
    wave = (cosine(base, 0.0).over(half) >> cosine(0.0, base).over(half)).repeat().lasting(steps)
    ours = after_warm_up(base, warmup, wave >> constant(base * (half_waves % 2 == 0)).over(1))
    rates = torch_rates(make, base, warmup + steps + 1)
    # Near the trough their cosine of a large angle and ours of a small one round differently.
    assert_same_rates(ours, rates, of_peak=1e-14)


@grid(base=BASES, warmup=WARMUPS, steps=(7, 60))
def test_past_its_end_their_cosine_rises_again_and_ours_stays_at_0(base, warmup, steps):
    make = partial(
        theirs.get_cosine_schedule_with_warmup,
        num_warmup_steps=warmup,
        num_training_steps=warmup + steps,
    )
    ours = after_warm_up(base, warmup, cosine(base, 0.0).over(steps) >> constant(0.0).over(1))
    rates = torch_rates(make, base, warmup + 2 * steps + 1)
    assert rates[-1] == pytest.approx(base)
    assert ours(warmup + 2 * steps) == 0.0


@grid(base=BASES, warmup=WARMUPS, length=(1, 8, 32), cycles=(1, 2, 4))
def test_cosine_with_restarts_is_a_cosine_repeated_and_then_0(base, warmup, length, cycles):
    make = partial(
        theirs.get_cosine_with_hard_restarts_schedule_with_warmup,
        num_warmup_steps=warmup,
        num_training_steps=warmup + length * cycles,
        num_cycles=cycles,
    )
    waves = cosine(base, 0.0).over(length).repeat(cycles)
    ours = after_warm_up(base, warmup, waves >> constant(0.0).over(1))
    assert_same_rates(ours, torch_rates(make, base, warmup + length * cycles + 20), of_peak=1e-13)


def test_a_cycle_of_a_third_of_100_steps_misses_its_peak_there_and_starts_at_it_here():
    make = partial(
        theirs.get_cosine_with_hard_restarts_schedule_with_warmup,
        num_warmup_steps=0,
        num_training_steps=100,
        num_cycles=3,
    )
    rates = torch_rates(make, 1.0, 100)
    # An epoch of 33 1/3 steps: what begins in step 33 has the whole of it.
    ours = cosine(1.0, 0.0).over("1 epoch").repeat(3).on(Horizon(samples=100, batch=3))
    assert rates[[33, 34]] == pytest.approx([0.00024672, 0.99901336], rel=1e-5)
    assert [ours(33), ours(66)] == [1.0, 1.0]
    assert ours(32) == pytest.approx(rates[32], abs=0.002)


@grid(base=BASES, warmup=WARMUPS, steps=DECAYS, power=(1.0, 2.0, 0.5))
def test_polynomial_ends_in_a_constant(base, warmup, steps, power):
    make = partial(
        theirs.get_polynomial_decay_schedule_with_warmup,
        num_warmup_steps=warmup,
        num_training_steps=warmup + steps,
        lr_end=1e-7,
        power=power,
    )
    decline = polynomial(base, 1e-7, power=power).over(steps) >> constant(1e-7).over(1)
    ours = after_warm_up(base, warmup, decline)
    assert_same_rates(ours, torch_rates(make, base, warmup + steps + 20))


@grid(base=BASES, warmup=WARMUPS, timescale=(None, 10, 1000))
def test_inverse_sqrt_is_as_old_as_its_timescale_after_the_warm_up(base, warmup, timescale):
    make = partial(theirs.get_inverse_sqrt_schedule, num_warmup_steps=warmup, timescale=timescale)
    decline = inverse_sqrt(base, timescale=timescale or warmup or 10_000).over(300)
    ours = after_warm_up(base, warmup, decline)
    assert_same_rates(ours, torch_rates(make, base, 250))


WARMUP_SHAPES = {
    "linear": linear,
    "cosine": cosine,
    # 1 - sqrt(1 - p) is the mirror image of a square root of what remains.
    "1-sqrt": partial(polynomial, power=0.5),
}
DECAY_SHAPES = {"linear": linear, "cosine": cosine, "1-sqrt": one_minus_sqrt}


@grid(
    base=BASES,
    warmup=(0, 1, 20),
    decay=(1, 70),
    warmup_type=WARMUP_SHAPES,
    decay_type=DECAY_SHAPES,
    ratio=(0.0, 0.1),
)
def test_warmup_stable_decay_is_four_pieces(base, warmup, decay, warmup_type, decay_type, ratio):
    make = partial(
        theirs.get_wsd_schedule,
        num_warmup_steps=warmup,
        num_stable_steps=40,
        num_decay_steps=decay,
        warmup_type=warmup_type,
        decay_type=decay_type,
        min_lr_ratio=ratio,
    )
    low = base * ratio
    ours = (
        constant(base).over(40)
        >> DECAY_SHAPES[decay_type](base, low).over(decay)
        >> constant(low).over(1)
    )
    if warmup:
        ours = WARMUP_SHAPES[warmup_type](low, base).over(warmup) >> ours
    assert_same_rates(ours, torch_rates(make, base, warmup + 40 + decay + 20))


@grid(base=BASES, warmup=WARMUPS, steps=DECAYS, ratio=(0.1, 0.0))
def test_cosine_with_min_lr_is_a_cosine_to_a_floor(base, warmup, steps, ratio):
    make = partial(
        theirs.get_cosine_with_min_lr_schedule_with_warmup,
        num_warmup_steps=warmup,
        num_training_steps=warmup + steps,
        min_lr=base * ratio,
    )
    ours = after_warm_up(
        base, warmup, cosine(base, base * ratio).over(steps) >> constant(base * ratio).over(1)
    )
    assert_same_rates(ours, torch_rates(make, base, warmup + steps + 1))


@grid(base=BASES, warmup=WARMUPS, steps=DECAYS, ratio=(0.1, 0.0))
def test_cosine_warmup_with_min_lr_is_sampled_at_the_ends_of_its_steps(base, warmup, steps, ratio):
    make = partial(
        theirs.get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
        num_warmup_steps=warmup,
        num_training_steps=warmup + steps,
        min_lr_rate=ratio,
    )
    ours = cosine(base, base * ratio).over(steps, at="end")
    if warmup:
        ours = linear(0.0, base).over(warmup, at="end") >> ours
    # It is the only one that reaches its floor in the run; after it, it would rise again.
    assert_same_rates(ours, torch_rates(make, base, warmup + steps))
    assert ours(warmup + steps + 20) == base * ratio


@grid(base=BASES, warmup=(2, 10, 37), steps=DECAYS, first=(0.0, 0.1))
def test_cosine_warmup_with_min_lr_warms_up_from_a_rate_one_step_early(base, warmup, steps, first):
    make = partial(
        theirs.get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
        num_warmup_steps=warmup,
        num_training_steps=warmup + steps,
        min_lr_rate=0.1,
        warmup_lr_rate=first,
    )
    # With a first rate of its own its line ends at the last step of the warm-up, not after it.
    ours = (
        linear(base * first, base).over(warmup - 1)
        >> constant(base).over(1)
        >> cosine(base, base * 0.1).over(steps, at="end")
    )
    assert_same_rates(ours, torch_rates(make, base, warmup + steps))
