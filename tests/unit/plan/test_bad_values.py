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
    linear,
    presets,
    staircase,
)

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
    with pytest.raises(ValueError, match="'warm-up' ends at step 2000, after the run's"):
        Plan(
            Phase("warm-up", 2000, lr=linear(0.0, 1.0)),
            horizon=Horizon(total_steps=1000),
        )
    with pytest.raises(ValueError, match="leaves no room for a decay"):
        presets.graphcast(warmup_steps=2000, total_steps=1000)


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


def test_a_shape_for_the_whole_plan_raises_value_error():
    with pytest.raises(ValueError, match="belongs into a phase"):
        Plan(Phase("decay", 10, lr=1.0), weight_decay=linear(0, 1))


def test_a_schedule_where_a_shape_belongs_raises_type_error():
    with pytest.raises(TypeError, match="has a length of its own"):
        Phase("decay", 10, lr=linear(0, 1).over(10))


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
    with pytest.raises(ValueError, match="at least one segment"):
        Schedule(())


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
