"""What holds for any schedule that can be put together."""

from dataclasses import replace
from fractions import Fraction

import jax
import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import glidepath
from glidepath import Horizon, Phase, Plan, constant, cosine, decay, linear, staircase
from glidepath.plan import files
from glidepath.plan.arrays import NUMBERS

UNEVEN = Horizon(samples=54, batch=7, tokens_per_sample=3, total_steps=500)
rates = st.sampled_from([0.0, 0.25, 1.0, 3.5])
amounts = st.sampled_from(["0.5", "1", "1.25", "2", "3"])
durations = st.one_of(
    st.integers(1, 40).map("{} steps".format),
    amounts.map("{} epochs".format),
    st.integers(7, 200).map("{} samples".format),
    st.integers(21, 500).map("{} tokens".format),
    st.sampled_from(["1%", "2.5%", "7%"]),
)
smooth = st.one_of(
    rates.map(constant), st.builds(linear, rates, rates), st.builds(cosine, rates, rates)
)
stairs = st.one_of(
    st.builds(lambda a, b, e: staircase(a, b, every=e), st.integers(1, 5), st.integers(1, 5),
              durations),
    st.builds(lambda e: decay(1.0, 0.5, every=e, stair=True), durations),
)  # fmt: skip
ends = st.sampled_from(["start", "end"])
segments = st.one_of(
    st.builds(lambda s, d, at: s.over(d, at=at), st.one_of(smooth, stairs), durations, ends),
    st.builds(
        lambda s, n, at: s.over(f"{n} epochs", per="epoch", at=at), smooth, st.integers(1, 4), ends
    ),
)


def composed(inner):
    return st.one_of(
        st.builds(lambda a, b: a >> b, inner, inner),
        st.builds(lambda a, n: a.repeat(n), inner, st.integers(1, 4)),
        st.builds(lambda a, g: a.repeat(3, growth=g), inner, st.sampled_from([1.5, 2])),
        st.builds(lambda a, b: a * b, inner, inner),
        st.builds(lambda a, b: a + b, inner, inner),
        st.builds(lambda a, d: a.shift(d), inner, durations),
        st.builds(lambda a, d: a.lasting(d), inner, durations),
        st.builds(lambda a: a.clip(0.5, 2.0), inner),
        st.builds(lambda a, v: a.then(v), inner, rates),
        st.builds(lambda a: a.repeat().lasting("9 epochs"), inner),
    )


schedules = st.recursive(segments, composed, max_leaves=6)


def placed(schedule):
    """The schedule on its horizon, where every length in it makes a step."""
    schedule = schedule.on(UNEVEN)
    try:
        schedule(0)
    except ValueError as error:
        assume("step" not in str(error) and "epochs" not in str(error))
        raise
    return schedule


@settings(max_examples=200)
@given(schedules, st.integers(2, 7))
def test_a_value_does_not_depend_on_how_finely_a_step_is_counted(schedule, times):
    schedule = placed(schedule)
    parts = schedule.frame.parts * times
    finer = schedule.term.place(replace(schedule.frame, parts=parts), Fraction(0))
    for step in range(0, 200):
        assert finer(step * parts + parts - 1, NUMBERS) == schedule(step)


@settings(max_examples=100)
@given(schedules)
def test_arrays_and_printing_agree_with_the_schedule(schedule):
    schedule = placed(schedule)
    steps = np.arange(200)
    one_by_one = [schedule(step) for step in range(200)]
    assert np.allclose(schedule(steps), one_by_one, rtol=1e-14, atol=1e-15)
    assert eval(repr(schedule), vars(glidepath).copy()) == schedule
    total = schedule.total_steps
    assert len({schedule(total + 1 + step) for step in (0, 7, 10**6)}) == 1


@settings(max_examples=15)
@given(schedules)
def test_compiled_code_agrees_in_32_bits(schedule):
    schedule = placed(schedule)
    steps = np.concatenate([np.arange(200), [2**30 - 1, 2**31 - 1]]).astype(np.int32)
    exact = np.array([schedule(int(step)) for step in steps])
    assert np.abs(np.asarray(jax.jit(schedule)(steps)) - exact).max() <= 1e-5 * exact.max(initial=1)


@settings(max_examples=100)
@given(schedules, schedules, st.integers(1, 250))
def test_a_branch_and_an_extension_leave_the_past_alone(one, other, at):
    one, other = placed(one), placed(other)
    horizon = Horizon(samples=54, batch=7, tokens_per_sample=3)
    assume("%" not in repr(one) + repr(other))
    plan = Plan(
        Phase("a", one.total_steps + 1, mine=one.on(Horizon())),
        Phase("b", f"{other.total_steps + 1} epochs", mine=other.on(Horizon())),
        horizon=horizon,
        quantities=["mine"],
    )
    assume(at < plan.total_steps)
    new = cosine(0.3, 0.1).over("0.5 epochs").repeat()
    branched = plan.branch(at, Phase("c", 100, mine=new))
    longer = plan.extend(Phase("c", 100, mine=new))
    assert [branched["mine"](step) for step in range(at)] == [
        plan["mine"](step) for step in range(at)
    ]
    past = range(max(0, plan.total_steps - 200), plan.total_steps)
    assert [longer["mine"](step) for step in past] == [plan["mine"](step) for step in past]
    assert files.loads(files.dumps(branched)) == branched
