"""What schedules are put together with: known values, and how they print."""

import jax
import numpy as np
import pytest

from glidepath import (
    Horizon,
    constant,
    cosine,
    exponential,
    from_function,
    linear,
    piecewise_constant,
    staircase,
)

UP = linear(0.0, 1.0).over(10)
DOWN = linear(1.0, 0.0).over(10)
UNEVEN = Horizon(samples=50_000, batch=128)


def test_nesting_changes_nothing():
    assert (UP >> DOWN) >> UP == UP >> (DOWN >> UP)
    assert (2 * UP) * DOWN == 2 * (UP * DOWN)
    assert (UP + DOWN) + 1 == UP + (DOWN + 1)
    assert str((UP >> (DOWN >> UP)) >> DOWN) == " >> ".join(map(str, [UP, DOWN, UP, DOWN]))


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (UP >> DOWN, "{up} >> {down}"),
        ((UP >> DOWN).repeat(3, scale=0.5), "({up} >> {down}).repeat(3, scale=0.5)"),
        (UP.repeat(growth=2), "{up}.repeat(growth=2.0)"),
        (0.1 * (UP >> DOWN), "0.1 * ({up} >> {down})"),
        (0.1 * UP + DOWN, "(0.1 * {up}) + {down}"),
        (0.1 * UP >> DOWN, "0.1 * {up} >> {down}"),
        ((1 + UP).clip(max=1.5), "(1 + {up}).clip(max=1.5)"),
        (UP.clip(0.1, 0.9).shift("3 steps"), "{up}.clip(0.1, 0.9).shift('3 steps')"),
        (UP.repeat().lasting("25 steps"), "{up}.repeat().lasting('25 steps')"),
    ],
)
def test_a_schedule_prints_as_it_was_made(schedule, text):
    up, down = "linear(0.0, 1.0).over('10 steps')", "linear(1.0, 0.0).over('10 steps')"
    assert repr(schedule) == text.format(up=up, down=down)


def test_restarts_begin_at_exact_steps():
    restarts = cosine(1.0, 0.0).over("10 epochs").repeat().on(UNEVEN)
    assert list(restarts.seams(20_000)) == [0, 3906, 7812, 11718, 15625, 19531]
    for n in range(0, 300_000, 1_001):
        start = n * 10 * 50_000 // 128
        assert restarts(start) == 1.0
        assert n == 0 or restarts(start - 1) < 1e-6


def test_each_cycle_is_scaled_and_stretched():
    cycles = linear(1.0, 0.0).over(10).repeat(growth=2, scale=0.5)
    assert list(cycles.seams(200)) == [0, 10, 30, 70, 150]
    assert [cycles(step) for step in (0, 5, 10, 20, 30, 50, 69)] == pytest.approx(
        [1.0, 0.5, 0.5, 0.25, 0.25, 0.125, 0.25 / 40]
    )


def test_a_growth_that_is_no_whole_number_rounds_lengths_to_the_nearest_half_up():
    cycles = UP.repeat(5, growth=1.25)
    assert list(cycles.seams(100)) == [0, 10, 23, 39, 59]  # 10, 12.5, 15.625, 19.53, 24.41
    assert cycles.total_steps == 83
    in_epochs = linear(0.0, 1.0).over("4 epochs", per="epoch").repeat(3, growth=1.5).on(UNEVEN)
    epochs = [0, 4, 10]  # 4, 6 and 9 epochs
    assert list(in_epochs.seams(10**6)) == [e * 50_000 // 128 for e in epochs]
    assert in_epochs.total_steps == 19 * 50_000 // 128


def test_parts_that_32_bits_can_t_count_are_refused_and_not_miscounted():
    fine = linear(0.0, 1.0).over("0.9 epochs").repeat(3)
    grown = fine.repeat(2, growth=1.37).on(Horizon(samples=100_003, batch=1_999))
    steps = np.arange(grown.total_steps)
    assert grown(steps).tolist() == [grown(int(step)) for step in steps]
    with pytest.raises(ValueError, match="can't be counted in integers of 32 bits: use steps of"):
        jax.jit(grown)(steps.astype(np.int32))


def test_a_repeat_with_a_number_of_times_ends_with_its_last_value():
    cycles = DOWN.repeat(3)
    assert cycles.total_steps == 30
    assert cycles(29) == cycles(10_000) == DOWN(9)
    assert (cycles >> constant(7).over(1))(30) == 7


def test_values_per_epoch_inside_restarts_change_at_the_epochs_of_the_run():
    restarts = linear(1.0, 0.0).over("5 epochs", per="epoch").repeat().on(UNEVEN)
    for epoch in range(0, 5_000, 7):
        start = epoch * 50_000 // 128
        assert restarts(start) == pytest.approx(1 - epoch % 5 / 5)
        assert restarts(start) != restarts(max(0, start - 1)) or epoch == 0


def test_a_product_and_a_sum_begin_together_and_hold_what_has_ended():
    assert [(UP * DOWN)(step) for step in (0, 5, 9)] == pytest.approx([0, 0.25, 0.09])
    assert [(UP + DOWN)(step) for step in (0, 5, 9, 99)] == pytest.approx([1, 1, 1, 1])
    long = UP * linear(1.0, 0.0).over(100)
    assert long.total_steps == 100
    assert long(50) == pytest.approx(0.9 * 0.5)


def test_a_product_with_endless_restarts_is_endless():
    warmed_up = linear(0.0, 1.0).over(20) * DOWN.repeat()
    assert warmed_up.total_steps is None
    assert [warmed_up(step) for step in (0, 10, 15)] == pytest.approx([0.0, 0.5, 0.375])
    assert warmed_up(1_005) == pytest.approx(0.95 * 0.5)


def test_a_repeat_inside_a_repeat_that_grows_begins_where_its_seams_are():
    for cycles in (
        linear(0.0, 1.0).over(10).repeat(100).repeat(2, growth=1.15),
        linear(0.0, 1.0).over(2).repeat(4).repeat(3, growth=1.5),
        linear(0.0, 1.0).over("0.7 epochs").repeat(3).repeat(3, growth=1.3).on(UNEVEN),
    ):
        seams = list(cycles.seams(5_000))
        assert len(seams) > 8
        assert {cycles(seam) for seam in seams} == {0.0}
        assert all(cycles(seam - 1) > 0 for seam in seams[1:])
        steps = range(cycles.total_steps)
        assert [step for step in steps if cycles(step) == 0.0] == seams


def test_a_clip_keeps_values_in_bounds():
    assert [UP.clip(0.25, 0.75)(step) for step in (0, 5, 9)] == [0.25, 0.5, 0.75]


def test_a_shift_holds_the_first_value_until_it_begins():
    later = linear(0.3, 1.3).over(10).shift(5)
    assert [later(step) for step in (0, 4, 5, 10)] == pytest.approx([0.3, 0.3, 0.3, 0.8])
    assert later.total_steps == 15


def test_lasting_cuts_off_or_holds():
    assert UP.lasting(4)(99) == UP(3)
    assert UP.lasting(40).total_steps == 40
    assert (UP.lasting(40) >> constant(5).over(1))(39) == UP(9)
    assert (UP.repeat().lasting(15) >> constant(5).over(1))(15) == 5


def test_a_cut_counts_from_the_steps_of_its_events():
    from glidepath import plateau

    rate = constant(1.0).over(100).cut(0.1, on=plateau("loss", patience=1), lowest=0.05,
                                       steps=(10, 20))  # fmt: skip
    assert [rate(step) for step in (9, 10, 19, 20, 99)] == [1.0, 0.1, 0.1, 0.05, 0.05]


def test_whole_numbers_stay_whole():
    rollout = staircase(1, 3, every=2).over(6) >> constant(4).over(1)
    assert [rollout(step) for step in range(7)] == [1, 1, 2, 2, 3, 3, 4]
    assert all(isinstance(rollout(step), int) for step in range(7))
    assert isinstance((2 * rollout)(0), int)
    assert isinstance((rollout + 1)(0), int)


def test_units_can_be_mixed():
    horizon = Horizon(samples=1_000, batch=10, tokens_per_sample=8, total_steps=1_000)
    schedule = (
        constant(1).over("10 steps")
        >> constant(2).over("0.5 epochs")
        >> constant(3).over("600 samples")
        >> constant(4).over("4.8k tokens")
        >> constant(5).over("10%")
        >> constant(6).over(1)
    ).on(horizon)
    assert list(schedule.seams(10_000)) == [0, 10, 60, 120, 180, 280]


def test_lengths_are_added_up_exactly():
    thirds = Horizon(samples=10, batch=3)
    schedule = constant(0).over("0.3 epochs").on(thirds)
    for _ in range(9):
        schedule = schedule >> constant(1).over("0.3 epochs").on(thirds)
    assert schedule.total_steps == 10  # 10 times 0.3 times 10/3, and not 10 times 0


def test_a_sum_of_a_geometric_sweep_and_a_function_is_what_both_say():
    sweep = exponential(1e-4, 1.0).over(4) + from_function(lambda t: t * t).over(4)
    assert [sweep(step) for step in range(4)] == pytest.approx([1e-4, 1.001, 4.01, 9.1])


def test_a_boundary_that_is_no_whole_step_takes_effect_where_it_lies():
    rate = piecewise_constant([1.0, 0.1], ["1.001 epochs"]).on(UNEVEN)
    assert rate(391 - 1) == 1.0
    assert rate(391) == 0.1  # 391.015625 lies in step 391
