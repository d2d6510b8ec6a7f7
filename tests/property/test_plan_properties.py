"""What holds for any plan that can be made."""

import math
from fractions import Fraction

import jax
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glidepath import Duration, Horizon, Phase, Plan, constant, cosine, linear, staircase
from glidepath.plan import files
from glidepath.plan.arrays import NUMBERS, JaxArrays, NumPyArrays
from glidepath.plan.times import MOST_PARTS, before, not_before, split, time_of

INT32 = JaxArrays(jax.numpy, 2**31 - 1)
INT32_NUMPY = NumPyArrays(np, 2**31 - 1)

numbers = st.floats(-1e6, 1e6, allow_nan=False)
rates = st.floats(0, 10, allow_nan=False)
lengths = st.integers(1, 10**7)
counts = st.integers(1, 2_000_000)
smooth_shapes = st.one_of(
    rates.map(constant), st.builds(linear, rates, rates), st.builds(cosine, rates, rates)
)
stairs = st.builds(
    lambda start, end, every: staircase(start, end, every=every),
    st.integers(1, 20),
    st.integers(1, 20),
    st.integers(1, 5000),
)


@st.composite
def plans(draw):
    names = draw(st.lists(st.text("abcdefg -ü", min_size=1), min_size=1, max_size=4, unique=True))
    assume(all(name.strip() for name in names))
    return Plan(
        *(
            Phase(
                name,
                draw(lengths),
                at=draw(st.sampled_from(["start", "end"])),
                lr=draw(smooth_shapes),
                rollout=draw(stairs),
            )
            for name in names
        ),
        weight_decay=draw(rates),
        horizon=draw(st.builds(Horizon, samples=counts, batch=st.integers(1, 40_000))),
    )


@given(plans())
def test_any_plan_survives_its_file(plan):
    assert files.loads(files.dumps(plan)) == plan


@given(plans(), st.integers(0, 2**31 - 1))
def test_a_value_lies_between_its_shape_s_ends(plan, step):
    shape = dict(plan.phase_at(step).values)["lr"]
    low, high = shape.extremes
    slack = 1e-12 * max(abs(low), abs(high))
    assert low - slack <= plan["lr"](step) <= high + slack


@given(plans(), st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=20))
def test_scalars_and_arrays_agree(plan, steps):
    for name in plan.names:
        together = plan[name](np.array(steps))
        one_by_one = np.array([plan[name](step) for step in steps], dtype=float)
        assert np.allclose(together, one_by_one, rtol=1e-14, atol=1e-14)


@given(st.lists(st.tuples(rates, rates, lengths), min_size=2, max_size=4))
def test_joining_is_associative(parts):
    first, *rest = [linear(a, b).over(n) for a, b, n in parts]
    left = first
    for schedule in rest:
        left = left >> schedule
    right = rest[-1]
    for schedule in (first, *rest[:-1])[::-1]:
        right = schedule >> right
    assert left == right


times = st.integers(0, 2**31 - 1)
fine_parts = st.integers(2, MOST_PARTS)


@given(times, fine_parts, st.integers(0, 2**31 - 1), st.integers(0, 2**15))
def test_what_begins_at_an_exact_time_has_begun_at_the_step_it_lies_in(step, parts, whole, rest):
    begins = whole * parts + rest % parts
    assert (time_of(step, parts, NUMBERS) >= begins) == (step >= whole)


@settings(max_examples=60)
@given(st.lists(times, min_size=8, max_size=8), fine_parts, st.data())
def test_compiled_code_counts_periods_as_exactly_in_32_bits(steps, parts, data):
    period = data.draw(st.integers(parts, 2**31 * parts))
    start = data.draw(st.integers(0, 2**31 * parts - 1))
    steps = [max(step, start // parts + (start % parts == parts - 1)) for step in steps]
    steps = [step for step in steps if step < 2**31]
    assume(steps)

    def counted(steps):
        time = time_of(steps, parts, INT32) - start
        passed, rest = split(time, period, INT32)
        return passed, rest.steps, rest.rest

    passed, whole, rest = jax.jit(counted)(np.array(steps, np.int32))
    exact = [divmod(time_of(s, parts, NUMBERS) - start, period) for s in steps]
    assert passed.tolist() == [count for count, _ in exact]
    assert [w * parts + r for w, r in zip(whole.tolist(), rest.tolist(), strict=True)] == [
        left for _, left in exact
    ]


@given(st.lists(times, min_size=1, max_size=8), fine_parts, st.integers(0, 2**31 * 2**15))
def test_bounds_of_wide_times_are_exact(steps, parts, bound):
    exact = [time_of(step, parts, NUMBERS) for step in steps]
    wide = time_of(np.array(steps, np.int32), parts, INT32_NUMPY)

    def parts_of(time):
        steps, rest = np.broadcast_arrays(time.steps, time.rest)
        return [int(s) * parts + int(r) for s, r in zip(steps, rest, strict=True)]

    assert list(wide >= bound) == [time >= bound for time in exact]
    if parts <= bound < 2**31 * parts:
        for move in (before, not_before):
            moved = [move(time, bound, parts, NUMBERS) for time in exact]
            assert parts_of(move(wide, bound, parts, INT32_NUMPY)) == moved
            assert all((now - then) % parts == 0 for now, then in zip(moved, exact, strict=True))
        assert all(before(time, bound, parts, NUMBERS) < bound for time in exact)
        assert all(not_before(time, bound, parts, NUMBERS) >= bound for time in exact)


cycles = st.integers(1, 2_000)


@given(counts, st.integers(1, 5_000), cycles, st.integers(0, 10**6))
def test_restarts_come_at_exact_steps_however_long_an_epoch_is(samples, batch, epochs, cycle):
    horizon = Horizon(samples=samples, batch=batch)
    assume(epochs * horizon.steps_per_epoch >= 2)
    schedule = linear(1.0, 0.0).over(f"{epochs} epochs").repeat().on(horizon)
    start = cycle * epochs * samples // batch
    assert schedule(start) == 1.0
    assert start == 0 or schedule(start - 1) < 1.0


@given(st.lists(st.tuples(rates, rates, lengths), min_size=1, max_size=3), st.integers(1, 4))
def test_a_repeat_is_the_same_laid_end_to_end(parts, times):
    first, *rest = [linear(a, b).over(n) for a, b, n in parts]
    for part in rest:
        first = first >> part
    laid_out = first
    for _ in range(times - 1):
        laid_out = laid_out >> first
    repeated = first.repeat(times)
    for step in range(0, laid_out.total_steps + 10, max(1, laid_out.total_steps // 50)):
        assert repeated(step) == laid_out(step)


@settings(max_examples=30)
@given(plans(), st.data())
def test_a_branch_leaves_the_past_as_it_is(plan, data):
    at = data.draw(st.integers(1, plan.total_steps))
    branched = plan.branch(at, Phase("another end", 100, lr=0.5, rollout=1))
    assert branched.total_steps == at + 100
    extended = plan.extend(Phase("more", 100, lr=0.5, rollout=1))
    assert extended.total_steps == plan.total_steps + 100
    for step in {0, at - 1, at // 2, data.draw(st.integers(0, at - 1))}:
        assert branched.at(step) == plan.at(step)
        assert extended.at(step) == plan.at(step)
    assert branched["lr"](at) == 0.5
    assert files.loads(files.dumps(branched)) == branched


@given(st.fractions(min_value=Fraction(1, 1000), max_value=10**9, max_denominator=1000))
def test_a_duration_prints_as_it_is_read(amount):
    assume(set(_prime_factors(amount.denominator)) <= {2, 5})
    duration = Duration(amount, "epochs")
    assert Duration.of(str(duration)) == duration


def _prime_factors(n):
    return [p for p in range(2, n + 1) if n % p == 0 and all(p % q for q in range(2, p))]


@given(numbers, numbers, st.integers(2, 1000))
def test_a_line_sampled_at_the_end_reaches_its_end(start, end, length):
    schedule = linear(start, end).over(length, at="end")
    assert schedule(length - 1) == end
    assert math.isclose(schedule(0), start + (end - start) / length, rel_tol=1e-9, abs_tol=1e-6)


@given(plans())
def test_a_fingerprint_tells_plans_apart(plan):
    other = Plan(*plan.phases, **dict(plan.values), horizon=Horizon(samples=7, batch=3))
    assert (other.fingerprint == plan.fingerprint) == (other == plan)
