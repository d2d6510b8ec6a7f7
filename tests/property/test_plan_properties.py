"""What holds for any plan that can be made."""

import math
from fractions import Fraction

import jax
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glidepath import Duration, Horizon, Phase, Plan, constant, cosine, linear, staircase
from glidepath.plan import files
from glidepath.plan.arrays import Arrays
from glidepath.plan.periods import count_whole, start_of

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


@given(st.integers(0, 2**31 - 1), counts, st.integers(1, 60_000))
def test_epochs_are_counted_exactly(step, samples, batch):
    length = Fraction(samples, batch)
    epoch = count_whole(step, length)
    assert start_of(epoch, length) <= step
    assert start_of(epoch + 1, length) > step or length < 1


@settings(max_examples=50)
@given(
    st.lists(st.integers(0, 2**31 - 1), min_size=8, max_size=8),
    counts,
    st.integers(1, 46_000),
)
def test_compiled_code_counts_epochs_as_exactly_in_32_bits(steps, samples, batch):
    length = Fraction(samples, batch)
    assume(length >= 1)
    counted = jax.jit(lambda t: count_whole(t, length, Arrays(jax.numpy, 2**31 - 1)))
    got = counted(np.array(steps, np.int32))
    assert got.tolist() == [count_whole(step, length) for step in steps]


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
