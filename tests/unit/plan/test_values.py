"""Values that can be worked out by hand."""

import numpy as np
import pytest

from glidepath import Horizon, Phase, Plan, constant, cosine, linear, presets, staircase


def test_a_phase_is_half_open():
    schedule = linear(0.0, 1.0).over(4) >> constant(7.0).over(1)
    assert [schedule(t) for t in range(6)] == [0.0, 0.25, 0.5, 0.75, 7.0, 7.0]


def test_a_cosine_is_half_way_in_the_middle():
    assert cosine(1.0, 0.0).over(10)(5) == pytest.approx(0.5)
    assert cosine(1.0, 0.0).over(3, at="end")(2) == 0.0


def test_a_staircase_stops_at_its_end():
    down = staircase(1.0, 0.25, every=10, by=0.5).over(100)
    assert [down(t) for t in (0, 9, 10, 19, 20, 99)] == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_stairs_count_epochs_where_values_move_per_epoch_and_have_no_end_to_sample():
    horizon = Horizon(samples=100, batch=10)
    stairs = staircase(1, 5, every="1 epoch")
    for at in ("start", "end"):
        schedule = stairs.over("5 epochs", per="epoch", at=at).on(horizon)
        assert [schedule(t) for t in (0, 9, 10, 20, 49)] == [1, 1, 2, 3, 5]
        assert schedule(np.array([0, 9, 10, 20, 49])).tolist() == [1, 1, 2, 3, 5]
    by_steps = staircase(2, 4, every=3).over(9, at="end")
    assert [by_steps(t) for t in range(9)] == [2, 2, 2, 3, 3, 3, 4, 4, 4]


def test_a_stair_longer_than_32_bits_is_never_left():
    schedule = staircase(1, 5, every=3_000_000_000).over(10**10)
    assert schedule(2**31 - 1) == 1
    assert schedule(np.array([2**31 - 1, 3 * 10**9])).tolist() == [1, 2]


def test_zero_has_one_sign():
    plus, minus = (Plan(Phase("a", 10, lr=zero)) for zero in (0.0, -0.0))
    assert plus == minus
    assert plus.fingerprint == minus.fingerprint


def test_the_demo_counts_the_times_that_it_trains_on():
    from glidepath.weather.split import Split

    assert presets.graphcast_demo().horizon.samples == Split(365 * 4, 0.2).num_training_times


def test_per_epoch_holds_a_value_through_each_epoch():
    horizon = Horizon(samples=7, batch=2)
    schedule = linear(1.0, 0.0).over("4 epochs", per="epoch").on(horizon)
    starts = [0, 3, 7, 10]
    assert schedule.total_steps == 14
    for epoch, (start, end) in enumerate(zip(starts, [*starts[1:], 14], strict=True)):
        assert {schedule(t) for t in range(start, end)} == {1.0 - epoch / 4}


def test_lengths_in_epochs_do_not_drift():
    horizon = Horizon(samples=10, batch=3)
    phases = [Phase(f"epoch {i}", "1 epoch", lr=1.0) for i in range(300)]
    plan = Plan(*phases, horizon=horizon)
    assert plan.starts[3] == 10
    assert plan.starts[299] == 299 * 10 // 3
    assert plan.total_steps == 1000


def test_graphcast_is_what_the_paper_says():
    plan = presets.graphcast()
    assert plan.total_steps == 311_000
    assert plan.starts == (0, 1_000, 300_000)
    lr, rollout = plan["lr"], plan["rollout"]
    assert (lr(0), lr(500), lr(1_000)) == (0.0, 0.0005, 0.001)
    assert lr(150_500) == pytest.approx(0.0005)
    assert lr(299_999) < 1e-10
    assert {lr(t) for t in range(300_000, 311_000, 500)} == {3e-7}
    assert [rollout(t) for t in (0, 299_999, 300_000, 300_999, 301_000)] == [1, 1, 2, 2, 3]
    assert rollout(310_999) == 12
    assert isinstance(rollout(0), int)
    assert plan.at(300_000).epoch == pytest.approx(300_000 * 32 / 54_000)


def test_the_run_can_be_longer_than_its_phases():
    plan = Plan(Phase("a", 10, lr=linear(0.0, 1.0)), horizon=Horizon(total_steps=15))
    assert plan.total_steps == 15
    assert plan["lr"](14) == plan["lr"](9) == 0.9


def test_numpy_integers_are_steps_too():
    schedule = linear(0.0, 1.0).over(4)
    assert schedule(np.int64(1)) == 0.25
    assert schedule(np.array(2)) == 0.5
    assert schedule(np.array([[0, 1], [2, 3]])).tolist() == [[0.0, 0.25], [0.5, 0.75]]


def test_one_and_one_point_zero_make_equal_plans_with_one_fingerprint():
    a, b = (Plan(Phase("a", 10, lr=value)) for value in (1, 1.0))
    assert a == b
    assert a.fingerprint == b.fingerprint


def test_the_fingerprint_stays_the_same_from_release_to_release():
    assert presets.graphcast().fingerprint == "703ed5a688988179"
