"""What every schedule and every plan promises."""

import pickle

import jax
import numpy as np
import pytest

from glidepath import Phase, Plan
from glidepath.plan import files
from tests.conformance.registry import (
    HORIZON,
    PLANS,
    SCHEDULES,
    SEGMENTS,
    test_the_registry_has_every_shape,
)

__all__ = ["test_the_registry_has_every_shape"]

FAR = 2**31 - 1


def interesting_steps(schedule):
    """The ends of every segment and what is around them, random steps, and the far end."""
    near = {max(0, bound + d) for bound in schedule.bounds for d in (-2, -1, 0, 1, 2)}
    random = np.random.default_rng(0)
    spread = random.integers(0, schedule.total_steps, size=200)
    far = random.integers(0, FAR, size=50)
    return sorted(s for s in {*near, *spread.tolist(), *far.tolist(), FAR} if s <= FAR)


def tolerance(schedule, dtype, ulps):
    """So many units in the last place of the largest endpoint."""
    largest = max(max(map(abs, segment.shape.extremes)) for segment in schedule.segments)
    return ulps * float(np.spacing(dtype(largest)))


@pytest.fixture(params=SCHEDULES, ids=str)
def schedule(request):
    return SCHEDULES[request.param]


def test_an_array_of_steps_gives_the_values_of_its_steps(schedule):
    steps = interesting_steps(schedule)
    one_by_one = [schedule(step) for step in steps]
    together = schedule(np.array(steps))
    assert together.shape == (len(steps),)
    assert np.abs(together - one_by_one).max() <= tolerance(schedule, np.float64, 2)


def test_compiled_code_in_float32_gives_the_same_to_4_ulp(schedule):
    steps = interesting_steps(schedule)
    exact = np.array([schedule(step) for step in steps])
    compiled = np.asarray(jax.jit(schedule)(np.array(steps, np.int32)), np.float64)
    assert np.abs(compiled - exact).max() <= tolerance(schedule, np.float32, 4)


def test_compiled_code_counts_a_negative_step_as_the_first(schedule):
    assert jax.jit(schedule)(np.int32(-5)) == jax.jit(schedule)(np.int32(0))


def test_past_the_end_the_last_value_holds(schedule):
    last = schedule(schedule.total_steps - 1)
    assert schedule(schedule.total_steps) == last
    assert schedule(schedule.total_steps + 12_345) == last


def test_a_value_does_not_depend_on_what_was_asked_before(schedule):
    step = schedule.total_steps // 3
    fresh = pickle.loads(pickle.dumps(schedule))
    for other in (0, schedule.total_steps - 1, 7):
        schedule(other)
    assert schedule(step) == fresh(step)


def test_equal_schedules_compare_equal_and_hash_alike(schedule):
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert hash(again) == hash(schedule)


def test_a_schedule_prints_as_the_expression_that_makes_it(schedule):
    import glidepath

    assert eval(repr(schedule), vars(glidepath).copy()) == schedule


def test_small_integers_are_wide_enough_for_the_arithmetic(schedule):
    assert schedule(np.arange(100, dtype=np.int8)) == pytest.approx(schedule(np.arange(100)))
    compiled = jax.jit(schedule)(np.arange(100, dtype=np.uint8))
    exact = schedule(np.arange(100))
    assert np.abs(compiled - exact).max() <= tolerance(schedule, np.float32, 4)


@pytest.mark.parametrize("segment", SEGMENTS)
def test_a_shape_survives_a_plan_s_file(segment):
    (one,) = SEGMENTS[segment].segments
    phase = Phase("only", one.duration, at=one.at, per=one.per, mine=one.shape)
    plan = Plan(phase, horizon=HORIZON, quantities=["mine"])
    assert files.loads(files.dumps(plan)) == plan


@pytest.fixture(params=PLANS, ids=str)
def plan(request):
    return PLANS[request.param]


def test_a_plan_survives_its_file(plan, tmp_path):
    files.save(plan, tmp_path / "plan.toml")
    assert files.load(tmp_path / "plan.toml") == plan


def test_a_plan_survives_pickling_and_keeps_its_fingerprint(plan):
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan
    assert hash(again) == hash(plan)
    assert again.fingerprint == plan.fingerprint


def test_a_plan_prints_as_the_expression_that_makes_it(plan):
    import glidepath

    assert eval(repr(plan), vars(glidepath).copy()) == plan


def test_a_plan_says_at_a_step_what_its_schedules_say(plan):
    for step in (0, plan.total_steps // 2, plan.total_steps - 1, plan.total_steps + 5):
        assert plan.at(step).values == {name: plan[name](step) for name in plan.names}


def test_neighbouring_phases_that_agree_at_their_seam_are_continuous(plan):
    for start in plan.starts[1:]:
        before, after = plan["lr"](start - 1), plan["lr"](start)
        peak = max(dict(phase.values)["lr"].extremes[1] for phase in plan.phases)
        assert abs(before - after) <= peak / 20
