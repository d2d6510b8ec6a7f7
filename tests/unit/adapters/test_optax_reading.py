"""optax's schedules read by name and arguments, against optax's own at every step."""

import inspect
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from glidepath import Phase, Plan, Schedule, constant, cosine, linear, load, save
from glidepath.adapters.optax.reading import read
from glidepath.adapters.optax.reading.constructors import CONSTRUCTORS
from tests.parity.peers import float32_of_a_power, jax_rates

STEPS = 160
FAR = 2**31 - 1

FLOAT64 = 2e-15
FLOAT32 = 4 * 2.0**-23
"""4 units in the last place; both of the largest value."""

CYCLE = {"init_value": 0.1, "peak_value": 2.0, "warmup_steps": 5, "decay_steps": 40}
CASES = [
    ("constant_schedule", {"value": 3e-4}),
    ("constant_schedule", {"value": 5}),
    *(
        ("linear_schedule", {"init_value": init, "end_value": end, **timing})
        for init, end in ((0.0, 1e-3), (3.0, 0.3), (-0.5, 0.1))
        for timing in (
            {"transition_steps": 1},
            {"transition_steps": 70.0},
            {"transition_steps": 70, "transition_begin": 9},
            {"transition_steps": 500, "transition_begin": 1},
        )
    ),
    *(
        ("polynomial_schedule", {"init_value": 2.0, "end_value": end, "power": power, **timing})
        for end in (0.0, 0.5, 3.0)
        for power in (1, 2.0, 0.5, 3.5)
        for timing in (
            {"transition_steps": 33},
            {"transition_steps": 140, "transition_begin": 11},
        )
    ),
    *(
        (name, {**kind, "init_value": 0.5, "boundaries_and_scales": scales})
        for name, kind in (
            ("piecewise_constant_schedule", {}),
            ("piecewise_interpolate_schedule", {"interpolate_type": "linear"}),
            ("piecewise_interpolate_schedule", {"interpolate_type": "cosine"}),
        )
        for scales in (
            None,
            {},
            {0: 2.0},
            {0: 0.5, 10: 0.1},
            {30: 3, 10: 0.5, 11: 0.2},
            {1: 0.1, 300: 2.0},
            {50: 0.0, 100.0: 1.0},
        )
    ),
    *(
        (
            "exponential_decay",
            {
                "init_value": 0.3,
                "transition_steps": every,
                "decay_rate": rate,
                "transition_begin": begin,
                "staircase": staircase,
                "end_value": end,
            },
        )
        for every, rate in ((1, 0.97), (7, 0.5), (40, 1.5), (10, 1.0))
        for begin in (0, 12)
        for staircase in (False, True)
        for end in (None, 0.1 if rate < 1 else 0.4)
    ),
    *(
        (
            "cosine_decay_schedule",
            {"init_value": init, "decay_steps": steps, "alpha": alpha, "exponent": exponent},
        )
        for init, steps in ((1e-3, 1), (0.5, 90), (-2.0, 1e3))
        for alpha in (0.0, 0.1, 2.0)
        for exponent in (1.0, 0.5, 3)
    ),
    *(
        (
            "linear_onecycle_schedule",
            {"transition_steps": steps, "peak_value": 0.4, **shares, "div_factor": div},
        )
        for steps in (20, 37, 150)
        for shares in ({}, {"pct_start": 0.0, "pct_final": 0.5})
        for div in (25.0, 4)
    ),
    *(
        (
            "cosine_onecycle_schedule",
            {"transition_steps": steps, "peak_value": 0.4, "pct_start": start, **end},
        )
        for steps in (20, 37, 150)
        for start in (0.0, 0.3, 0.7)
        for end in ({}, {"final_div_factor": 10.0})
    ),
    *(
        ("warmup_constant_schedule", {"init_value": init, "peak_value": 0.2, "warmup_steps": steps})
        for init in (0.0, 0.2, 1.0)
        for steps in (1, 10, 400)
    ),
    *(
        (
            "warmup_cosine_decay_schedule",
            {
                "init_value": 0.1,
                "peak_value": peak,
                "warmup_steps": warmup,
                "decay_steps": warmup + steps,
                "end_value": end,
                "exponent": exponent,
            },
        )
        for peak in (2.0, 0.0)
        for warmup in (0, 1, 30)
        for steps in (1, 100)
        for end in (0.0, 0.3)
        for exponent in (1.0, 2)
    ),
    *(
        (
            "warmup_exponential_decay_schedule",
            {
                "init_value": 0.0,
                "peak_value": 0.2,
                "warmup_steps": warmup,
                "transition_steps": 20,
                "decay_rate": 0.5,
                "transition_begin": begin,
                "staircase": staircase,
                "end_value": end,
            },
        )
        for warmup in (0, 1, 30)
        for begin in (0, 15)
        for staircase in (False, True)
        for end in (None, 0.05)
    ),
    *(
        ("sgdr_schedule", {"cosine_kwargs": cycles})
        for cycles in (
            [CYCLE],
            [CYCLE, CYCLE, CYCLE],
            [
                CYCLE,
                CYCLE | {"peak_value": 1.0, "decay_steps": 80, "end_value": 0.2},
                CYCLE | {"warmup_steps": 0, "exponent": 2.0},
            ],
        )
    ),
]


def named(cases):
    return pytest.mark.parametrize(
        ("name", "arguments"), cases, ids=[f"{name}-{n}" for n, (name, _) in enumerate(cases)]
    )


def assert_equal_at_every_step(ours, theirs, of_largest):
    values = np.array([ours(step) for step in range(STEPS)])
    rates = np.broadcast_to(jax_rates(lambda t: jnp.asarray(theirs(t)), STEPS), values.shape)
    np.testing.assert_allclose(values, rates, rtol=0, atol=of_largest * np.abs(values).max())


def float32_of(arguments):
    """float32 also rounds the factor of a decay, and so each of its powers."""
    if "decay_rate" not in arguments:
        return FLOAT32
    return float32_of_a_power(STEPS / arguments["transition_steps"])


def test_every_constructor_of_a_schedule_of_the_count_can_be_read():
    theirs = {
        name
        for name, one in vars(optax.schedules).items()
        if inspect.isfunction(one) and one.__annotations__.get("return") == optax.Schedule
    }
    assert len(theirs) == 14
    assert set(CONSTRUCTORS) == theirs
    assert {name for name, _ in CASES} == theirs - {"join_schedules"}


@named(CASES)
def test_what_is_read_is_equal_at_every_step_and_past_the_end(name, arguments):
    constructor = getattr(optax, name)
    ours, theirs = read(constructor, **arguments), constructor(**arguments)
    assert_equal_at_every_step(ours, theirs, float32_of(arguments))
    with jax.enable_x64(True):
        assert_equal_at_every_step(ours, theirs, FLOAT64)
        far = float(theirs(jnp.array(FAR)))
        assert ours(FAR) == pytest.approx(far, rel=1e-6, abs=1e-15)


@named(CASES[::7])
def test_the_same_by_name_and_by_position(name, arguments):
    constructor = getattr(optax, name)
    ours = read(constructor, **arguments)
    assert read(name, **arguments) == ours
    assert read(getattr(optax.schedules, name), **arguments) == ours
    bound = inspect.signature(constructor).bind(**arguments)
    bound.apply_defaults()
    assert read(constructor, *bound.args) == ours


@named(CASES[::5])
def test_compiled_and_on_arrays_it_has_the_same_values(name, arguments):
    ours = read(name, **arguments)
    values = np.array([ours(step) for step in range(STEPS)], float)
    scale = np.abs(values).max()
    np.testing.assert_allclose(ours(np.arange(STEPS)), values, rtol=1e-15, atol=1e-15 * scale)
    compiled = jax.jit(ours)(jnp.arange(STEPS))
    np.testing.assert_allclose(compiled, values, rtol=0, atol=FLOAT32 * scale)


@named(CASES[::3])
def test_it_can_be_saved_in_a_plan_and_loaded_again(name, arguments, tmp_path):
    ours = read(name, **arguments)
    plan = Plan(Phase("run", STEPS), mine=ours, quantities=["mine"])
    save(plan, tmp_path / "plan.toml")
    again = load(tmp_path / "plan.toml")
    assert again == plan
    assert [again["mine"](step) for step in range(STEPS)] == [ours(step) for step in range(STEPS)]


def test_defaults_and_order_are_those_of_the_installed_optax():
    read_in_order = read(optax.warmup_cosine_decay_schedule, 0.0, 1e-3, 100, 1000, exponent=2.0)
    wave = cosine(1e-3, 0.0, exponent=2.0).over(900)
    assert read_in_order == (linear(0.0, 1e-3).over(100) >> wave).then(0.0)


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (("constant_schedule", 0.1), "constant(0.1).over('1 step')"),
        (
            ("linear_schedule", 1.0, 0.0, 10, 5),
            "linear(1.0, 0.0).over('10 steps').then(0.0).shift('5 steps')",
        ),
        (
            ("piecewise_constant_schedule", 1.0, {20: 0.5, 10: 0.5}),
            "(constant(1.0).over('10 steps') >> constant(0.5).over('10 steps')).then(0.25)",
        ),
        (
            ("cosine_onecycle_schedule", 10, 4.0, 0.3, 4.0, 2.0),
            "(cosine(1.0, 4.0).over('3 steps') >> cosine(4.0, 0.5).over('7 steps')).then(0.5)",
        ),
        (
            ("exponential_decay", 0.1, 30, 0.5, 0, True, 0.01),
            "decay(0.1, 0.5, every='30 steps', stair=True).over('1000000000000 steps').repeat()"
            ".clip(0.01)",
        ),
        (
            ("sgdr_schedule", [CYCLE, CYCLE]),
            "linear(0.1, 2.0).over('5 steps') >> cosine(2.0, 0.0).over('35 steps') >> "
            "(linear(0.1, 2.0).over('5 steps') >> cosine(2.0, 0.0).over('35 steps')).then(0.0)",
        ),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_read_prints_as_one_would_write_it(schedule, text):
    assert repr(read(*schedule)) == text


def test_a_decay_goes_on_without_end():
    ours = read("exponential_decay", 1.0, 1000, 0.5)
    assert ours.total_steps is None
    assert ours(100_000) == pytest.approx(0.5**100)


def test_schedules_are_joined_as_optax_joins_its_own():
    parts = [
        ("linear_schedule", (0.0, 1.0, 10)),
        ("constant_schedule", (1.0,)),
        ("exponential_decay", (1.0, 5, 0.5)),
        ("piecewise_constant_schedule", (0.5, {4: 0.5})),
        ("cosine_decay_schedule", (0.3, 20)),
        ("linear_schedule", (0.2, 0.1, 30)),
    ]
    boundaries = [10, 25, 50, 57, 60.0]
    theirs = optax.join_schedules(
        [getattr(optax, name)(*arguments) for name, arguments in parts], boundaries
    )
    ours = read(
        optax.join_schedules,
        schedules=[read(name, *arguments) for name, arguments in parts],
        boundaries=boundaries,
    )
    assert_equal_at_every_step(ours, theirs, FLOAT32)
    with jax.enable_x64(True):
        assert_equal_at_every_step(ours, theirs, FLOAT64)
    assert repr(ours).startswith("linear(0.0, 1.0).over('10 steps') >> constant(1.0).over('15 ")


def test_joins_of_joins_are_joined():
    def join(read_or_call):
        inner = read_or_call(
            "join_schedules",
            [
                read_or_call("linear_schedule", 0.0, 1.0, 7),
                read_or_call("cosine_decay_schedule", 1.0, 9),
            ],
            [7],
        )
        last = read_or_call("warmup_constant_schedule", 0.5, 0.1, 6)
        return read_or_call("join_schedules", [inner, last, inner], [12, 30])

    ours, theirs = join(read), join(lambda name, *given: getattr(optax, name)(*given))
    assert_equal_at_every_step(ours, theirs, FLOAT32)


@pytest.mark.parametrize("boundaries", [[0, 10], [10, 10], [0, 0], [5, 5]])
def test_a_joined_schedule_of_no_steps_is_never_seen(boundaries):
    values = (1.0, 2.0, 3.0)
    theirs = optax.join_schedules([optax.constant_schedule(one) for one in values], boundaries)
    ours = read("join_schedules", [read("constant_schedule", one) for one in values], boundaries)
    assert_equal_at_every_step(ours, theirs, 0.0)


def test_a_schedule_of_ones_own_in_epochs_can_be_joined_before_it_has_a_horizon():
    ours = read(
        "join_schedules",
        [linear(0.0, 1.0).over("1 epoch"), read("constant_schedule", 0.5)],
        [10],
    )
    assert ours == linear(0.0, 1.0).over("1 epoch").lasting(10) >> constant(0.5).over(1)


def test_numbers_may_be_arrays_of_no_dimensions():
    ours = read("linear_schedule", jnp.float32(0.5), np.float64(0.25), np.int64(10), jnp.array(3))
    assert ours == read("linear_schedule", 0.5, 0.25, 10, 3)


def test_an_array_of_steps_gives_a_value_each_where_optax_gives_one_for_all():
    arguments = ("linear", 1.0, {10: 0.5, 20: 0.5})
    theirs = optax.piecewise_interpolate_schedule(*arguments)
    assert [theirs(0), theirs(15)] == [1.0, 0.375]
    np.testing.assert_allclose(theirs(jnp.array([0, 15])), [1.375, 1.375])
    ours = read("piecewise_interpolate_schedule", *arguments)
    np.testing.assert_allclose(ours(jnp.array([0, 15])), [1.0, 0.375])


def test_a_warm_up_of_no_steps_is_0_for_ever_in_optax_and_refused_here():
    assert optax.warmup_constant_schedule(0.0, 1.0, 0)(1000) == 0.0
    message = "optax would hold 0.0 for ever, and only log it.*if 1.0 should hold at once"
    with pytest.raises(ValueError, match=message):
        read("warmup_constant_schedule", 0.0, 1.0, 0)


LIVE = [(name, arguments) for name, arguments in dict(CASES).items()] + [
    ("join_schedules", {"schedules": [optax.constant_schedule(1.0)], "boundaries": []})
]


@named(LIVE)
def test_a_live_schedule_of_optaxs_is_refused_with_what_to_write(name, arguments):
    live = getattr(optax, name)(**arguments)
    message = r"keeps no arguments to read; .* read\(optax\.\w+, \w+=\.\.\."
    with pytest.raises(TypeError, match=message):
        read(live)
    with pytest.raises(TypeError, match=message):
        read("join_schedules", [live], [])


REFUSALS = [
    (("linear_schedul",), {}, ValueError, "did you mean `linear_schedule`"),
    (("cosine",), {}, ValueError, "optax has no schedule constructor 'cosine'"),
    ((optax.adam,), {}, TypeError, "give a constructor, such as optax.linear_schedule"),
    ((optax.inject_hyperparams,), {}, TypeError, "give a constructor"),
    ((3,), {}, TypeError, "expected a schedule constructor of optax's, got 3"),
    ((constant(1.0).over(1),), {}, TypeError, "a Schedule needs no reading"),
    (("linear_schedule", 0.0), {}, TypeError, "missing a required argument: 'end_value'"),
    (("linear_schedule", 0, 1, 1, 1, 1), {}, TypeError, "too many positional arguments"),
    (("linear_schedule", 0, 1), {"transition_step": 1}, TypeError, "mean `transition_steps`"),
    (("linear_schedule", 0, 1, 0), {}, ValueError, "`transition_steps` must be at least 1, got 0"),
    (("linear_schedule", 0, 1, -5), {}, ValueError, r'write read\("constant_schedule", 0.0\)'),
    (("linear_schedule", 0, 1, 9, -1), {}, ValueError, "optax would begin at once, and only log"),
    (("linear_schedule", 0, 1, 9.5), {}, TypeError, "`transition_steps` must be a whole number"),
    (("linear_schedule", 0, "1", 9), {}, TypeError, "`end_value` must be a number, got '1'"),
    (("linear_schedule", 0, np.ones(2), 9), {}, TypeError, "`end_value` must be a number"),
    (("linear_schedule", np.nan, 1, 9), {}, ValueError, "`init_value` must be a finite number"),
    (("polynomial_schedule", 0, 1, 0, 9), {}, ValueError, "`power` must be positive, got 0"),
    (("exponential_decay", 1.0, 0, 0.5), {}, ValueError, "must be at least 1, got 0; for the same"),
    (("exponential_decay", 1.0, 9, 0.0), {}, ValueError, "`decay_rate` must be positive, got 0"),
    (("exponential_decay", 1.0, 9, -0.5), {}, ValueError, "`decay_rate` must be positive"),
    (("cosine_decay_schedule", 1.0, 0), {}, ValueError, "`decay_steps` must be at least 1"),
    (("cosine_decay_schedule", 1.0, 9, 0, 0), {}, ValueError, "`exponent` must be positive"),
    (("warmup_cosine_decay_schedule", 0, 1, 10, 10), {}, ValueError, "counts the warm-up"),
    (("warmup_cosine_decay_schedule", 0, 1, -1, 10), {}, ValueError, "`warmup_steps` must be at"),
    (("warmup_exponential_decay_schedule", 0, 1, -1, 9, 0.5), {}, ValueError, "`warmup_steps`"),
    (("piecewise_constant_schedule", 1.0, {5: -1.0}), {}, ValueError, "scales of at least 0"),
    (("piecewise_constant_schedule", 1.0, {-5: 1.0}), {}, ValueError, "must be at least 0, got -5"),
    (("piecewise_constant_schedule", 1.0, [5]), {}, TypeError, "a dictionary of scales by step"),
    (("piecewise_interpolate_schedule", "cubic", 1.0), {}, ValueError, 'be "linear" or "cosine"'),
    (("linear_onecycle_schedule", 0, 1.0), {}, ValueError, "`transition_steps` must be at least 1"),
    (("linear_onecycle_schedule", 1, 1.0), {}, ValueError, "which are steps \\[0, 0\\]"),
    (("linear_onecycle_schedule", 10, 1.0, 0.8, 0.3), {}, ValueError, "at ascending steps"),
    (("cosine_onecycle_schedule", 10, 1.0, 1.0), {}, ValueError, "pct_start=1.0 of 10 steps"),
    (("cosine_onecycle_schedule", 10, 1.0, 0.3, 0), {}, ValueError, "`div_factor` must be posit"),
    (("sgdr_schedule", []), {}, ValueError, "at least one cycle, got none"),
    (
        ("sgdr_schedule", [{"peak_valu": 1.0}]),
        {},
        TypeError,
        "`peak_valu`: did you mean `peak_value`",
    ),
    (("join_schedules", [], []), {}, ValueError, "at least one schedule, got none"),
    (("join_schedules", [0.1], []), {}, TypeError, "`schedules` must be what `read` returned"),
]
ONES = [read("constant_schedule", 1.0)] * 3
REFUSALS += [
    (("join_schedules", ONES, [5]), {}, ValueError, "one fewer than `schedules`, got 1 and 3"),
    (("join_schedules", ONES, [5, 3]), {}, ValueError, r"must ascend, got \[5, 3\]"),
    (("join_schedules", ONES, [-5, 3]), {}, ValueError, "`boundaries` must be at least 0, got -5"),
]


@pytest.mark.parametrize(("args", "kwargs", "error", "message"), REFUSALS)
def test_what_makes_no_sense_is_refused_with_a_way_out(args, kwargs, error, message):
    with pytest.raises(error, match=message):
        read(*args, **kwargs)


def test_what_a_refusal_advises_can_be_read():
    with pytest.raises(ValueError, match="for ever") as refused:
        read("linear_schedule", 0.25, 1.0, 0)
    advised = re.search(r'read\("(\w+)", ([\d.]+)\)', str(refused.value))
    name, value = advised.groups()
    theirs = optax.linear_schedule(0.25, 1.0, 0)
    assert isinstance(read(name, float(value)), Schedule)
    assert read(name, float(value))(7) == theirs(7)
