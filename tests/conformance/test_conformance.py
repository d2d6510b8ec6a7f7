"""What every schedule and every plan promises."""

import itertools
import math
import pickle
from dataclasses import replace
from fractions import Fraction

import jax
import numpy as np
import pytest
import torch

import glidepath
from glidepath import Phase, Plan
from glidepath.plan import files
from glidepath.plan.algebra import OPERATIONS, Segment, Series, Then, walk
from glidepath.plan.arrays import NUMBERS
from glidepath.plan.shapes import SHAPES, Function
from tests.conformance.registry import (
    HORIZON,
    PLANS,
    SCHEDULES,
    SEGMENTS,
    UNSAVED,
)

FAR = 2**31 - 1
NAMES = vars(glidepath).copy()


def steps_of(schedule):
    """What lies around the beginning of its pieces, random steps, and the far end."""
    seams = itertools.islice(schedule.seams(FAR), 60)
    near = {max(0, seam + d) for seam in seams for d in (-2, -1, 0, 1, 2)}
    random = np.random.default_rng(0)
    length = min(schedule.total_steps or FAR, FAR)
    spread = random.integers(0, length, size=200)
    far = random.integers(0, FAR, size=50)
    return sorted(s for s in {*near, *spread.tolist(), *far.tolist(), FAR} if s <= FAR)


@pytest.fixture(params=SCHEDULES, ids=str)
def schedule(request):
    return SCHEDULES[request.param]


@pytest.fixture
def steps(schedule):
    return steps_of(schedule)


@pytest.fixture
def one_by_one(schedule, steps):
    return np.array([schedule(step) for step in steps], dtype=float)


def tolerance(schedule, steps, values, dtype, ulps):
    """So many units in the last place of the larger endpoint of the phase, for each step."""
    is_series = isinstance(schedule.term, Series)
    parts = schedule.term.parts if is_series else (schedule.term,)
    starts = [0]
    for part in parts[:-1]:
        starts.append(starts[-1] + part.length(schedule.frame))
    phase = np.searchsorted([int(start) for start in starts], steps, side="right") - 1
    largest = np.empty(len(values))
    for i, part in enumerate(parts):
        ends = [abs(end) for end in part.extremes if math.isfinite(end)]
        largest[phase == i] = max([*ends, *np.abs(values[phase == i])], default=0.0)
    return ulps * np.spacing(largest.astype(dtype)).astype(float)


def assert_near(schedule, steps, got, exact, dtype, ulps):
    gap = np.abs(np.asarray(got, dtype=float) - exact)
    assert (gap <= tolerance(schedule, steps, exact, dtype, ulps)).all()


def test_the_registry_has_every_shape_and_every_operation():
    terms = [term for schedule in SCHEDULES.values() for term in walk(schedule.term)]
    shapes = {type(term.shape) for term in terms if isinstance(term, Segment)}
    assert shapes == {*SHAPES.values(), Function}
    assert {type(term) for term in terms} == {Segment, *OPERATIONS.values()}


def test_the_registry_has_every_preset():
    assert set(PLANS) >= set(glidepath.plan.presets.PRESETS)


def test_an_array_of_steps_gives_the_values_of_its_steps(schedule, steps, one_by_one):
    together = schedule(np.array(steps))
    assert together.shape == (len(steps),)
    assert_near(schedule, steps, together, one_by_one, np.float64, 2)


def test_the_order_and_the_shape_of_an_array_do_not_matter(schedule, steps, one_by_one):
    order = np.random.default_rng(1).permutation(len(steps))[: len(steps) // 4 * 4]
    grid = np.array(steps)[order].reshape(4, -1)
    assert_near(schedule, grid.ravel(), schedule(grid).ravel(), one_by_one[order], np.float64, 2)
    assert schedule(grid[:, :0]).shape == (4, 0)
    assert schedule(np.array(steps[7])) == pytest.approx(one_by_one[7], rel=1e-14, abs=1e-15)


def test_compiled_jax_gives_the_same_in_float32(schedule, steps, one_by_one):
    compiled = jax.jit(schedule)(np.array(steps, np.int32))
    assert_near(schedule, steps, compiled, one_by_one, np.float32, 4)


def test_compiled_jax_gives_the_same_in_float64(schedule, steps, one_by_one):
    with jax.enable_x64(True):
        compiled = np.asarray(jax.jit(schedule)(np.array(steps)))
    assert_near(schedule, steps, compiled, one_by_one, np.float64, 2)


@pytest.mark.parametrize(
    ("dtype", "exact", "ulps"), [(torch.float32, np.float32, 4), (torch.float64, np.float64, 2)]
)
def test_torch_gives_the_same(schedule, steps, one_by_one, dtype, exact, ulps):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        values = schedule(torch.tensor(steps))
        one = schedule(torch.tensor(steps[3]))
    finally:
        torch.set_default_dtype(before)
    assert_near(schedule, steps, values.numpy(), one_by_one, exact, ulps)
    assert float(one) == float(values[3])


@pytest.mark.heavy
def test_tensorflow_gives_the_same_in_float64(schedule, steps, one_by_one):
    tensorflow = pytest.importorskip("tensorflow")
    tensor = tensorflow.constant(steps, tensorflow.int64)
    for function in (schedule, tensorflow.function(schedule)):
        values = function(tensor)
        is_whole = schedule.term.is_whole
        assert values.dtype == (tensorflow.int64 if is_whole else tensorflow.float64)
        assert_near(schedule, steps, values, one_by_one, np.float64, 2)


def test_compiled_code_counts_a_negative_step_as_the_first(schedule):
    assert jax.jit(schedule)(np.int32(-5)) == jax.jit(schedule)(np.int32(0))
    assert schedule(torch.tensor([-5])) == schedule(torch.tensor([0]))


def test_past_the_end_the_last_value_holds(schedule):
    if schedule.total_steps is None:
        assert schedule.term.is_endless
        return
    total = schedule.total_steps
    holds = schedule.term.value if isinstance(schedule.term, Then) else schedule(total - 1)
    for later in (total, total + 1, total + 12_345, FAR):
        assert schedule(later) == holds


def test_a_value_does_not_depend_on_what_was_asked_before(schedule):
    step = (schedule.total_steps or 100_000) // 3
    fresh = pickle.loads(pickle.dumps(schedule))
    for other in (0, (schedule.total_steps or 100_000) - 1, 7):
        schedule(other)
    assert schedule(step) == fresh(step)


def test_equal_schedules_compare_equal_and_hash_alike(schedule):
    again = pickle.loads(pickle.dumps(schedule))
    assert again == schedule
    assert hash(again) == hash(schedule)


def test_a_schedule_prints_as_the_expression_that_makes_it(schedule):
    names = NAMES | {"half_of": SEGMENTS["function"].term.shape.function}
    assert eval(repr(schedule), names) == schedule


def test_small_integers_are_wide_enough_for_the_arithmetic(schedule):
    steps = np.arange(100)
    exact = schedule(steps)
    for dtype in (np.int8, np.uint16, np.uint64):
        assert schedule(steps.astype(dtype)) == pytest.approx(exact, rel=1e-15)
    for dtype in (np.uint8, np.uint32):
        compiled = jax.jit(schedule)(steps.astype(dtype))
        assert_near(schedule, steps, compiled, exact, np.float32, 4)
    narrow = schedule(torch.arange(100, dtype=torch.int8)).numpy()
    assert_near(schedule, steps, narrow, exact, np.float32, 4)


def test_its_values_lie_between_its_extremes(schedule, steps, one_by_one):
    low, high = schedule.term.extremes
    if math.isnan(low):
        assert any(
            isinstance(term, Segment) and isinstance(term.shape, Function)
            for term in walk(schedule.term)
        )
        return
    slack = tolerance(schedule, steps, one_by_one, np.float64, 4).max()
    assert low - slack <= one_by_one.min()
    assert one_by_one.max() <= high + slack


def pairs_that_agree():
    """Neighbours in a series, or in a plan, of which the first ends where the second starts."""
    for name, schedule in SCHEDULES.items():
        parts = schedule.term.children
        starts = list(itertools.islice(schedule.seams(FAR), len(parts)))
        for before, after, seam in zip(parts, parts[1:], starts[1:], strict=False):
            ends = getattr(getattr(before, "shape", None), "end", None)
            begins = getattr(getattr(after, "shape", None), "start", None)
            samples_starts = getattr(after, "at", "start") == "start"
            if (
                isinstance(schedule.term, Series)
                and samples_starts
                and ends is not None
                and ends == begins
            ):
                yield pytest.param(schedule, before, seam, id=f"{name} at {seam}")


@pytest.mark.parametrize(("schedule", "before", "seam"), list(pairs_that_agree()))
def test_pieces_that_agree_at_their_seam_are_continuous(schedule, before, seam):
    shape, ticks = before.shape, before.length(schedule.frame)
    if before.per == "epoch":
        ticks = before.duration.amount
    assert schedule(seam) == pytest.approx(shape.end, abs=abs(shape.start - shape.end) / 1000)
    last = schedule(seam - 1)
    assert abs(last - shape.end) <= 4 * abs(shape.start - shape.end) / ticks


def test_repeating_once_and_lasting_as_long_change_nothing(schedule, steps):
    if schedule.total_steps is None:
        return
    once, lasting = schedule.repeat(1), schedule.lasting(max(schedule.total_steps, 1))
    inside = [step for step in steps if step < schedule.total_steps]
    assert [once(step) for step in inside] == [schedule(step) for step in inside]
    assert [lasting(step) for step in inside] == [schedule(step) for step in inside]


def test_finer_parts_of_a_step_change_nothing(schedule, steps, one_by_one):
    parts = schedule.frame.parts * 6
    finer = schedule.term.place(replace(schedule.frame, parts=parts), Fraction(0))
    assert [finer(step * parts + parts - 1, NUMBERS) for step in steps] == one_by_one.tolist()


def test_it_explains_the_value_that_it_has(schedule):
    for step in steps_of(schedule)[::40]:
        parts = schedule.frame.parts
        lines = list(schedule.term.explain(schedule.frame, 0, step * parts + parts - 1))
        assert lines
        assert all(isinstance(line, str) and line.strip() for line in lines)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_survives_a_plan_s_files(name):
    schedule = SCHEDULES[name]
    horizon = schedule_horizon(schedule)
    length = schedule.on(horizon).total_steps or 10**6
    phase = Phase("only", length + 1, mine=glidepath.Schedule(schedule.term))
    plan = Plan(phase, horizon=horizon, quantities=["mine"])
    if name in UNSAVED:
        for save in (files.dumps, lambda plan: plan.fingerprint):
            with pytest.raises(ValueError, match="can't be saved: a file holds no code"):
                save(plan)
        return
    for kind in files.FORMATS:
        again = files.loads(files.dumps(plan, kind=kind), kind=kind)
        assert again == plan
        assert again.fingerprint == plan.fingerprint


def schedule_horizon(schedule):
    """Without the length of the run, which a plan would have to fit into."""
    if "%" in repr(schedule.term):
        return replace(schedule.horizon, total_steps=10**7)
    return glidepath.Horizon(
        samples=schedule.horizon.samples,
        batch=schedule.horizon.batch,
        tokens_per_sample=schedule.horizon.tokens_per_sample,
    )


@pytest.mark.parametrize("segment", [name for name in SEGMENTS if name not in UNSAVED])
def test_a_shape_survives_a_plan_s_file(segment):
    one = SEGMENTS[segment].term
    phase = Phase("only", one.duration, at=one.at, per=one.per, mine=one.shape)
    rest = [Phase("rest", "rest", mine=1.0)] if one.duration.unit == "%" else []
    horizon = schedule_horizon(SEGMENTS[segment].on(HORIZON))
    plan = Plan(phase, *rest, horizon=horizon, quantities=["mine"])
    assert files.loads(files.dumps(plan)) == plan


@pytest.fixture(params=PLANS, ids=str)
def plan(request):
    return PLANS[request.param]


@pytest.mark.parametrize("suffix", [".toml", ".json"])
def test_a_plan_survives_its_file(plan, tmp_path, suffix):
    files.save(plan, tmp_path / f"plan{suffix}")
    again = files.load(tmp_path / f"plan{suffix}")
    assert again == plan
    assert again.fingerprint == plan.fingerprint


def test_a_plan_survives_pickling_and_keeps_its_fingerprint(plan):
    again = pickle.loads(pickle.dumps(plan))
    assert again == plan
    assert hash(again) == hash(plan)
    assert again.fingerprint == plan.fingerprint


def test_a_plan_prints_as_the_expression_that_makes_it(plan):
    assert eval(repr(plan), NAMES.copy()) == plan


def test_a_plan_says_at_a_step_what_its_schedules_say(plan):
    for step in (0, plan.total_steps // 2, plan.total_steps - 1, plan.total_steps + 5):
        assert plan.at(step).values == {name: plan[name](step) for name in plan.names}


def test_a_plan_explains_every_phase(plan):
    for phase, start in zip(plan.phases, plan.starts, strict=True):
        text = plan.explain(start)
        assert repr(phase.name) in text
        assert all(f"{name} = {plan[name](start):g}" in text for name in plan.names)
