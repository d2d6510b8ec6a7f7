"""Bad input to plans: an error where the value is made, that says what would work."""

from fractions import Fraction

import numpy as np
import pytest

from glidepath import (
    Duration,
    Horizon,
    Phase,
    Plan,
    Schedule,
    constant,
    cosine,
    decay,
    exponential,
    from_function,
    inverse_time,
    layerwise,
    linear,
    piecewise_constant,
    piecewise_linear,
    plateau,
    polynomial,
    presets,
    scaled,
    staircase,
    tanh,
)

RAMP = linear(0.0, 1.0).over(16)

SHAPES = (constant, lambda x: linear(x, 1.0), lambda x: cosine(1.0, x))


@pytest.mark.parametrize("make", SHAPES)
@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf"), 10**400])
def test_a_number_that_is_not_finite_raises_value_error(make, number):
    with pytest.raises(ValueError, match="must be a finite number"):
        make(number)


@pytest.mark.parametrize("make", SHAPES)
@pytest.mark.parametrize("number", [True, "1e-3", None, [1.0], 1j])
def test_what_is_no_number_raises_type_error(make, number):
    with pytest.raises(TypeError, match="must be a number, got"):
        make(number)


@pytest.mark.parametrize("amount", [0, -5, "0 steps", "-3 epochs", "0.0 epochs"])
def test_a_duration_that_is_not_positive_raises_value_error(amount):
    with pytest.raises(ValueError, match="must be positive"):
        Phase("decay", amount, lr=1.0)


@pytest.mark.parametrize("text", ["", "ten steps", "5", "5 fortnights", "1.5 steps", "9" * 5000])
def test_a_text_that_is_no_duration_raises_value_error(text):
    with pytest.raises(ValueError, match="duration"):
        Duration.of(text)


@pytest.mark.parametrize("value", [None, 2.5, True, [3]])
def test_a_thing_that_is_no_duration_raises_type_error(value):
    with pytest.raises(TypeError, match="must be an int"):
        Duration.of(value)


def test_a_phase_without_a_duration_raises_type_error():
    with pytest.raises(TypeError, match="duration"):
        Phase("decay", lr=1.0)


def test_a_length_in_epochs_without_a_horizon_names_what_is_missing():
    with pytest.raises(ValueError, match="needs `batch`"):
        Plan(Phase("decay", "2 epochs", lr=1.0), horizon=Horizon(samples=100))


def test_a_length_of_less_than_a_step_raises_value_error():
    with pytest.raises(ValueError, match="less than one step"):
        Plan(Phase("decay", "0.01 epochs", lr=1.0), horizon=Horizon(samples=100, batch=10))


def test_a_warm_up_longer_than_the_run_raises_value_error():
    with pytest.raises(ValueError, match="'warm-up': it ends at step 2000, after the run's"):
        Plan(
            Phase("warm-up", 2000, lr=linear(0.0, 1.0)),
            horizon=Horizon(total_steps=1000),
        )
    with pytest.raises(ValueError, match="leaves no room for a decay"):
        presets.graphcast(warmup=2000, total=1000)


def test_a_step_before_the_first_raises_value_error():
    schedule = linear(0.0, 1.0).over(10)
    with pytest.raises(ValueError, match="at least 0, got -1"):
        schedule(-1)
    with pytest.raises(ValueError, match="at least 0, got -3"):
        schedule(np.array([1, -3]))


@pytest.mark.parametrize(
    "step", [1.0, True, "1", None, np.array([1.0]), np.float32(2), np.array([True]), object()]
)
def test_a_step_that_is_not_whole_raises_type_error(step):
    with pytest.raises(TypeError, match="step"):
        linear(0.0, 1.0).over(10)(step)


def test_a_quantity_without_a_value_in_some_phase_raises_value_error():
    with pytest.raises(ValueError, match="`lr` has no value in phase 'decay'"):
        Plan(Phase("warm-up", 1, lr=1.0), Phase("decay", 1, weight_decay=0.1), weight_decay=0)


def test_a_misspelt_quantity_gets_a_suggestion():
    with pytest.raises(ValueError, match="did you mean `weight_decay`"):
        Plan(Phase("decay", 1, lr=1.0), weight_decy=0.1)


def test_a_quantity_of_one_s_own_is_declared():
    plan = Plan(Phase("decay", 2, lr=1.0, mixup=linear(0, 1)), quantities=["mixup"])
    assert plan["mixup"](1) == 0.5


@pytest.mark.parametrize("rollout", [1.5, linear(1, 3), cosine(1.0, 2.0), 2.0])
def test_a_rollout_that_is_not_whole_raises_value_error(rollout):
    with pytest.raises(ValueError, match="`rollout` takes whole numbers only"):
        Phase("decay", 10, rollout=rollout)


def test_a_rollout_below_one_or_a_negative_rate_raises_value_error():
    with pytest.raises(ValueError, match="`rollout` must be at least 1"):
        Phase("decay", 10, rollout=0)
    with pytest.raises(ValueError, match="`lr` must be at least 0"):
        Phase("decay", 10, lr=linear(1.0, -1.0))


def test_a_curve_for_the_whole_plan_and_another_in_a_phase_raise_value_error():
    with pytest.raises(ValueError, match="`weight_decay` follows one curve throughout the plan"):
        Plan(Phase("decay", 10, lr=1.0, weight_decay=0.1), weight_decay=linear(0, 1))
    with pytest.raises(ValueError, match="and 'a' is followed by one that does not"):
        Plan(Phase("a", 10, lr=1.0), Phase("b", 10), lr=linear(0, 1))


def test_a_schedule_longer_than_its_phase_raises_value_error():
    with pytest.raises(ValueError, match=r"lasts 10 steps and has .* which takes 11: lengthen"):
        Plan(Phase("decay", 10, lr=linear(0, 1).over(11)))


def test_a_schedule_with_a_horizon_of_its_own_raises_value_error():
    schedule = linear(0, 1).over("1 epoch").on(Horizon(samples=10, batch=1))
    with pytest.raises(ValueError, match="`lr` has a horizon of its own"):
        Phase("decay", 10, lr=schedule)


def test_two_phases_of_one_name_raise_value_error():
    with pytest.raises(ValueError, match="two phases are called 'a'"):
        Plan(Phase("a", 1, lr=1.0), Phase("a", 1, lr=1.0))


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", 3])
def test_a_phase_without_a_printable_name_raises_value_error(name):
    with pytest.raises(ValueError, match="needs a name"):
        Phase(name, 10, lr=1.0)


def test_a_stair_that_can_t_be_climbed_raises_value_error():
    with pytest.raises(ValueError, match="height of a stair"):
        staircase(1, 5, every=10, by=-1)
    with pytest.raises(ValueError, match="at least one step"):
        plan = Plan(
            Phase("a", 10, rollout=staircase(1, 5, every="0.1 epochs")),
            horizon=Horizon(samples=4, batch=1),
        )
        plan["rollout"](0)


def test_a_clock_that_does_not_exist_raises_value_error():
    with pytest.raises(ValueError, match='"start" or "end"'):
        linear(0, 1).over(10, at="middle")
    with pytest.raises(ValueError, match='"step" or "epoch"'):
        linear(0, 1).over(10, per="day")
    with pytest.raises(ValueError, match="needs a whole number of epochs"):
        linear(0, 1).over(10, per="epoch")
    with pytest.raises(ValueError, match="needs a whole number of epochs"):
        linear(0, 1).over("2.5 epochs", per="epoch")


def test_two_horizons_in_one_schedule_raise_value_error():
    first = linear(0, 1).over(1).on(Horizon(batch=1))
    with pytest.raises(ValueError, match="two horizons"):
        first >> linear(0, 1).over(1).on(Horizon(batch=2))


@pytest.mark.parametrize("batch", [0, -1])
def test_a_horizon_below_one_raises_value_error(batch):
    with pytest.raises(ValueError, match="`batch` must be at least 1"):
        Horizon(batch=batch)


def test_a_plan_without_phases_raises_type_error():
    with pytest.raises(TypeError, match="a plan needs phases"):
        Plan(lr=1.0)


@pytest.mark.parametrize("names", ["mixup", [3], None, ["a b"], ["lr2", "version"], ["phase"]])
def test_a_name_that_can_t_stand_as_a_key_is_refused(names):
    with pytest.raises((TypeError, ValueError), match=r"quantit|iterable"):
        Plan(Phase("a", 5, lr=1.0), quantities=names)


@pytest.mark.parametrize(
    ("step", "error"), [(-1, ValueError), (1.0, TypeError), (True, TypeError), ("1", TypeError)]
)
def test_a_plan_is_asked_about_steps_only(step, error):
    plan = Plan(Phase("a", 5, lr=1.0))
    for ask in (plan.at, plan.phase_at):
        with pytest.raises(error, match="step"):
            ask(step)
    with pytest.raises(TypeError, match="asked about one step"):
        plan.at(np.arange(3))


@pytest.mark.parametrize("amount", [Fraction(3, 2), Fraction(-1), 5, float("nan"), "1"])
def test_a_duration_that_no_file_could_hold_is_refused(amount):
    with pytest.raises((TypeError, ValueError), match=r"duration|amount"):
        Duration(amount, "steps")
    with pytest.raises(ValueError, match="at most 12 decimals"):
        Duration(Fraction(100, 3), "epochs")


def test_epochs_shorter_than_a_step_can_t_hold_a_value():
    with pytest.raises(ValueError, match="epochs of at least one step"):
        Plan(
            Phase("a", "40 epochs", per="epoch", lr=linear(0, 1)),
            horizon=Horizon(samples=10, batch=20),
        )


def test_what_is_no_horizon_is_refused():
    with pytest.raises(TypeError, match="must be a Horizon"):
        Plan(Phase("a", 5, lr=1.0), horizon={"batch": 3})


def test_a_plan_of_nothing_is_refused():
    with pytest.raises(ValueError, match="a plan needs a quantity"):
        Plan(Phase("a", 5))


def test_an_empty_schedule_is_refused():
    with pytest.raises(TypeError, match="a schedule is made by"):
        Schedule(())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: exponential(0.0, 1.0), "can't touch or cross 0"),
        (lambda: exponential(1.0, -1.0), "must have one sign, got 1.0 and -1.0"),
        (lambda: cosine(1.0, 0.0, exponent=0), "`exponent` must be positive, got 0.0"),
        (lambda: polynomial(1.0, 0.0, power=-1), "`power` must be positive, got -1.0"),
        (lambda: decay(1.0, 0.0, every=3), "`factor` must be positive, got 0.0"),
        (lambda: inverse_time(1.0, -0.1), "`rate` must be positive, got -0.1"),
        (lambda: tanh(1.0, 0.0, lower=3, upper=-3), "`lower` must be below `upper`"),
        (lambda: RAMP.repeat(0), "`times` must be at least 1, got 0"),
        (lambda: RAMP.repeat(growth=-1), "`growth` must be positive, got -1.0"),
        (lambda: RAMP.repeat(scale=0), "`scale` must be positive, got 0.0"),
        (lambda: RAMP.repeat().repeat(), "has no end and can't be repeated"),
        (lambda: RAMP.repeat() >> RAMP, "nothing can follow .*, which has no end"),
        (lambda: RAMP.repeat(growth=0.5)(0), "cycle 7 of .* is shorter than a step: .*times=6"),
        (lambda: RAMP.repeat(growth=1.001)(0), "more than 5,000 cycles: give `times=...`"),
        (RAMP.clip, "needs `min`, `max` or both"),
        (lambda: RAMP.repeat(80, growth=2).repeat(80, growth=2), "come to 6,400"),
        (lambda: RAMP.repeat(6_000, growth=2), "at most 5,000 cycles where they grow"),
        (lambda: RAMP.clip(2, 1), "`min` must not be above `max`, got 2 and 1"),
        (lambda: RAMP * float("nan"), "`factor` must be a finite number"),
        (lambda: RAMP.shift("0 steps"), "must be positive"),
        (
            lambda: piecewise_linear([1.0, 0.0], [5, 9]),
            "`values` must be one more than `knots`, got 2 values",
        ),
        (lambda: piecewise_constant([1.0, 0.5, 0.1], [9, 9]), "must ascend, got 9 steps and then"),
        (lambda: piecewise_linear([1, 2, 3], [5, "1 epoch"]), "in one unit, got 5 steps, 1 epoch"),
        (lambda: layerwise(0.0, 3), "`decay` must be positive"),
        (lambda: layerwise(0.5, 0), "`layers` must be at least 1"),
        (lambda: plateau("loss", patience=-1), "`patience` must be at least 0, got -1"),
        (lambda: plateau("loss", patience=1, mode="low"), '`mode` must be "min" or "max"'),
        (lambda: plateau("loss", patience=1, min_delta=-1), "`min_delta` must be at least 0"),
        (lambda: Duration.of("101%"), "at most 100% of the run"),
        (lambda: Duration.of("1.5 samples"), "in samples must be a whole number"),
    ],
)
def test_numbers_that_make_no_sense_raise_value_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: RAMP * "2", "`factor` must be a number, got '2'"),
        (lambda: RAMP + "2", "`summand` must be a number, got '2'"),
        (lambda: RAMP * None, "`factor` must be a number"),
        (lambda: RAMP >> 3, "unsupported operand"),
        (lambda: RAMP.repeat(1.5), "`times` must be a whole number"),
        (lambda: RAMP.repeat(growth="2"), "`growth` must be a number"),
        (lambda: RAMP.cut(0.1, on="loss"), "`on` must be a condition such as plateau"),
        (lambda: decay(1.0, 0.5, every=3, stair=1), "`stair` must be True or False"),
        (lambda: from_function(3), "`function` must be callable"),
        (lambda: plateau("", patience=1), "`metric` must be a name"),
        (lambda: Phase("a", 3, until="loss", lr=1), "`until` must be a condition"),
        (lambda: scaled("half"), "`factor` must be a number"),
    ],
)
def test_things_that_make_no_sense_raise_type_error(make, message):
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize(
    ("duration", "horizon", "message"),
    [
        ("2 epochs", {"samples": 100}, "a length in epochs needs `batch` in the horizon: Horizon"),
        ("500 samples", {}, "a length in samples needs `batch`"),
        ("1k tokens", {"batch": 3}, "a length in tokens needs `tokens_per_sample`"),
        ("1k tokens", {}, "needs `batch` and `tokens_per_sample`"),
        ("100%", {"batch": 3}, "a length in percent of the run needs `total_steps`"),
        ("rest", {}, 'the "rest" of the run needs `total_steps`'),
    ],
)
def test_a_unit_that_the_horizon_can_t_resolve_names_the_missing_number(duration, horizon, message):
    with pytest.raises(ValueError, match=message):
        Plan(Phase("a", duration, lr=1.0), horizon=Horizon(**horizon))


def test_percentages_add_up_to_the_run_or_raise_value_error():
    horizon = Horizon(total_steps=1000)
    with pytest.raises(ValueError, match="add up to 90% of the run, not to 100%"):
        Plan(Phase("a", "10%", lr=1.0), Phase("b", "80%", lr=1.0), horizon=horizon)
    with pytest.raises(ValueError, match="add up to 110% of the run"):
        Plan(Phase("a", "30%", lr=1.0), Phase("b", "80%", lr=1.0), horizon=horizon)
    with pytest.raises(ValueError, match="'b': it ends at step 1001, after the run's"):
        Plan(Phase("a", "201 steps", lr=1.0), Phase("b", "80%", lr=1.0), horizon=horizon)


def test_lengths_that_make_no_run_are_refused_though_no_value_stands_in_a_phase():
    horizon = Horizon(total_steps=200)
    for phases, message in [
        ([Phase("a", "15%")], "add up to 15% of the run"),
        ([Phase("a", 300)], "it ends at step 300, after the run's"),
        ([Phase("a", "rest"), Phase("b", 3)], "it must be the last"),
        ([Phase("a", "3 epochs")], "needs `samples` and `batch`"),
    ]:
        with pytest.raises(ValueError, match=message):
            Plan(*phases, lr=0.1, horizon=horizon)


def test_an_open_ended_phase_is_the_last_or_raises_value_error():
    horizon = Horizon(total_steps=10)
    with pytest.raises(ValueError, match="'a' is the rest of the run; it must be the last"):
        Plan(Phase("a", "rest", lr=1.0), Phase("b", 5, lr=1.0), horizon=horizon)
    with pytest.raises(ValueError, match="nothing is left of the run's `total_steps` of 10"):
        Plan(Phase("a", 10, lr=1.0), Phase("b", "rest", lr=1.0), horizon=horizon)


def test_a_group_is_declared_or_raises_value_error():
    lr = {"default": 1.0, "backbone": scaled(0.1)}
    with pytest.raises(ValueError, match="`backbone` is no parameter group: did you mean `backbo"):
        Plan(Phase("a", 5, lr=lr), groups=["backbones"])
    with pytest.raises(ValueError, match="no parameter group: declare it by"):
        Plan(Phase("a", 5, lr=lr))
    with pytest.raises(ValueError, match="`lr` can't be scaled: only a group can"):
        Phase("a", 5, lr=scaled(0.1))


def test_a_group_needs_a_default_or_raises_value_error():
    with pytest.raises(ValueError, match="`lr` has no value in phase 'a'"):
        Plan(Phase("a", 5, lr={"head": scaled(0.1)}), groups=["head"])


@pytest.mark.parametrize("beta", [1.5, linear(0.9, 1.1)])
def test_a_decay_of_moments_above_one_is_refused(beta):
    with pytest.raises(ValueError, match="`beta1` must be at most 1"):
        Phase("a", 5, beta1=beta)


def test_a_plan_can_t_be_changed():
    plan = presets.graphcast()
    with pytest.raises(AttributeError):
        plan.phases = ()
    with pytest.raises(AttributeError):
        plan.phases[0].name = "x"
    with pytest.raises(KeyError, match="the plan has no `momentum`"):
        plan["momentum"]
