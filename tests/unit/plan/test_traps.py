"""What goes wrong elsewhere and can't go wrong here, with the wrong number beside the right one.

The traps are numbered as in the project's notes on the field's schedulers; where a peer still has
one, the test says so with its live number, and with the issue that reported it.
"""

import os
import pickle
from functools import partial

# Keras chooses its backend once, when it is first imported.
os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from torch.optim import lr_scheduler
from transformers import get_linear_schedule_with_warmup
from transformers.optimization import get_cosine_with_min_lr_schedule_with_warmup

from glidepath import (
    Horizon,
    Phase,
    Plan,
    constant,
    cosine,
    decay,
    exponential,
    inverse_sqrt,
    linear,
    one_minus_sqrt,
    one_minus_square,
    piecewise_constant,
    piecewise_linear,
    plateau,
    polynomial,
    rex,
    scaled,
    staircase,
)
from tests.parity.peers import torch_rates

FAR = 2**31 - 1


def values(schedule, steps):
    return [schedule(step) for step in range(steps)]


# Trap 1: sequences. pytorch#196243, #162591, #68978.


def sequence(optimizer, *schedulers, milestones):
    return lr_scheduler.SequentialLR(optimizer, list(schedulers), milestones=milestones)


def warm_up_and_decay(optimizer):
    warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=3)
    return sequence(optimizer, warm_up, lr_scheduler.ExponentialLR(optimizer, 0.5), milestones=[3])


def nested_sequence(optimizer):
    still = lr_scheduler.ConstantLR(optimizer, factor=1.0)
    return sequence(optimizer, warm_up_and_decay(optimizer), still, milestones=[6])


# Undoing the steps of the inner scheduler confuses torch's count of the optimizer's.
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning")
def test_nesting_a_sequence_changes_nothing():
    warm_up, fall, still = linear(0.1, 1.0).over(3), decay(1.0, 0.5, every=1).over(3), constant(1.0)
    nested = (warm_up >> fall) >> still.over(2)
    assert nested == warm_up >> (fall >> still.over(2))
    right = [0.1, 0.4, 0.7, 1.0, 0.5, 0.25, 1.0, 1.0]
    assert values(nested, 8) == pytest.approx(right)
    theirs = torch_rates(nested_sequence, 1.0, 8)
    assert theirs == pytest.approx([0.1, 0.4, 1.0, 0.5, 0.25, 0.125, 1.0, 1.0])


def test_going_on_at_a_step_is_asking_at_that_step():
    # pytorch#162591: built to go on at step 5, the sequence begins at its warm-up's rate.
    rates = torch_rates(warm_up_and_decay, 1.0, 8)
    optimizer = torch.optim.SGD([{"params": [torch.zeros(1)], "initial_lr": 1.0}], lr=1.0)
    warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=3)
    fall = lr_scheduler.ExponentialLR(optimizer, 0.5)
    lr_scheduler.SequentialLR(optimizer, [warm_up, fall], milestones=[3], last_epoch=4)
    ours = linear(0.1, 1.0).over(3) >> decay(1.0, 0.5, every=1).over(5)
    assert (rates[5], optimizer.param_groups[0]["lr"]) == (0.25, 0.1)
    assert pickle.loads(pickle.dumps(ours))(5) == 0.25


def test_a_nested_sequence_may_stand_anywhere():
    inner = linear(0.1, 1.0).over(3) >> constant(1.0).over(1)
    assert (constant(0.5).over(2) >> inner)(3) == pytest.approx(0.4)

    def make(optimizer):
        still = lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=9)
        return sequence(optimizer, still, warm_up_and_decay(optimizer), milestones=[2])

    with pytest.raises(NotImplementedError):
        torch_rates(make, 1.0, 4)


def test_a_one_cycle_leaves_the_phase_before_it_alone():
    def in_sequence(optimizer):
        still = lr_scheduler.ConstantLR(optimizer, factor=0.5, total_iters=100)
        cycle = lr_scheduler.OneCycleLR(optimizer, max_lr=5.0, total_steps=20)
        return sequence(optimizer, still, cycle, milestones=[4])

    cycle = cosine(0.2, 5.0).over(5) >> cosine(5.0, 0.0).over(15)
    assert values(constant(0.5).over(4) >> cycle, 5) == [0.5, 0.5, 0.5, 0.5, 0.2]
    # Theirs makes its own start, 5 / 25, the base rate of the phase before: half of it.
    assert torch_rates(in_sequence, 1.0, 4) == pytest.approx([0.1] * 4)


def test_a_plateau_can_follow_a_warm_up():
    lr = linear(0.0, 1.0).over(2) >> constant(1.0).over(98).cut(0.1, on=plateau("loss", patience=0))
    listener = Plan(Phase("training", 100, lr=lr)).listen()
    plan = listener.replay([(10, {"loss": 1.0}), (20, {"loss": 1.0})])
    assert [plan["lr"](step) for step in (1, 19, 20)] == [0.5, 1.0, pytest.approx(0.1)]

    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    warm_up = lr_scheduler.LinearLR(optimizer)
    with pytest.raises(ValueError, match="does not support `ReduceLROnPlateau`"):
        sequence(optimizer, warm_up, lr_scheduler.ReduceLROnPlateau(optimizer), milestones=[2])


# Trap 3: exact restarts by the logarithm of a float.

RESTART = 1 + 3 + 9 + 27 + 81


@pytest.mark.parametrize("length", [1, 2, 7, 10, 49, 100, 999, 123_456])
def test_warm_restarts_are_at_their_peak_at_an_exact_restart(length):
    schedule = cosine(1.0, 0.0).over(length).repeat(growth=3)
    starts = [length * (3**n - 1) // 2 for n in range(9)]
    assert starts[5] == RESTART * length
    assert [schedule(start) for start in starts] == [1.0] * 9
    assert schedule(np.array(starts)).tolist() == [1.0] * 9
    compiled = jax.jit(schedule)(np.array(starts, np.int32))
    assert compiled.tolist() == [1.0] * 9

    optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    theirs = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=length, T_mult=3)
    optimizer.step()
    theirs.step(RESTART * length)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.0)


def test_every_length_of_a_first_cycle_restarts_at_its_peak():
    lengths = range(1, 500)
    schedules = (cosine(1.0, 0.0).over(length).repeat(growth=3) for length in lengths)
    at_restarts = [one(RESTART * n) for n, one in zip(lengths, schedules, strict=True)]
    assert at_restarts == [1.0] * len(lengths)
    # Keras' logarithms are out by a bit for other growths: cycles of 10 and 12 steps, then 0.
    theirs = keras.optimizers.schedules.CosineDecayRestarts(1.0, 10, t_mul=1.2)
    assert cosine(1.0, 0.0).over(10).repeat(growth=1.2)(22) == 1.0
    assert float(theirs(22)) == 0.0


# Trap 4: one-cycles and their ends. pytorch#38170.


def one_cycle(shape, total):
    rise, fall = shape(0.04, 1.0).over("30%"), shape(1.0, 4e-6).over("70%")
    return (rise >> fall >> constant(4e-6).over(1)).on(Horizon(total_steps=total))


PAST_THE_END = [(linear, "linear", -0.0143), (cosine, "cos", 5.07e-4)]


@pytest.mark.parametrize(("shape", "strategy", "theirs"), PAST_THE_END)
def test_a_step_past_the_end_of_a_one_cycle_stays_at_its_end(shape, strategy, theirs):
    assert [one_cycle(shape, 100)(step) for step in (100, 10**9)] == [4e-6, 4e-6]
    make = partial(lr_scheduler.OneCycleLR, max_lr=1.0, total_steps=100, anneal_strategy=strategy)
    rates = torch_rates(make, 1.0, 101)
    assert rates[99] == pytest.approx(4e-6)
    assert rates[100] == pytest.approx(theirs, rel=1e-2)


@pytest.mark.parametrize("total", [5, 7, 11, 25, 33, 99, 101, 1234])
def test_a_one_cycle_reaches_its_peak_whatever_its_share_of_the_steps(total):
    rates = values(one_cycle(cosine, total), total)
    assert max(rates) == 1.0
    assert rates.index(1.0) == 3 * total // 10
    make = partial(lr_scheduler.OneCycleLR, max_lr=1.0, total_steps=total, div_factor=25.0)
    assert torch_rates(make, 1.0, total).max() < 1.0


def test_a_phase_of_less_than_a_step_says_so():
    ours = linear(0.0, 1.0).over("1%") >> constant(1.0).over("99%")
    with pytest.raises(ValueError, match="less than one step"):
        ours.on(Horizon(total_steps=10))(0)
    make = partial(lr_scheduler.OneCycleLR, max_lr=1.0, total_steps=10, pct_start=0.1)
    with pytest.raises(ZeroDivisionError):
        torch_rates(make, 1.0, 2)


# Trap 5: zeros, and times that are no whole steps.


def test_a_line_may_start_at_0():
    assert values(linear(0.0, 1.0).over(4), 4) == [0.0, 0.25, 0.5, 0.75]
    with pytest.raises(ValueError, match="greater than 0"):
        torch_rates(partial(lr_scheduler.LinearLR, start_factor=0.0), 1.0, 1)


def test_a_constant_may_be_0_and_be_followed():
    assert values(constant(0.0).over(2) >> constant(0.1).over(2), 4) == [0.0, 0.0, 0.1, 0.1]
    with pytest.raises(ZeroDivisionError):
        torch_rates(partial(lr_scheduler.ConstantLR, factor=0.0, total_iters=2), 0.1, 4)


@pytest.mark.parametrize("boundary", ["2.5 epochs", "255 samples", "25.5%", "2550 tokens"])
def test_a_boundary_inside_a_step_fires_in_that_step(boundary):
    # 10 samples a step, and 10.2 steps an epoch: 25.5 steps each.
    horizon = Horizon(samples=102, batch=10, tokens_per_sample=10, total_steps=100)
    schedule = piecewise_constant([1.0, 0.1], [boundary]).on(horizon)
    assert (schedule(24), schedule(25), schedule(99)) == (1.0, 0.1, 0.1)
    assert schedule(np.arange(24, 27)).tolist() == [1.0, 0.1, 0.1]
    theirs = torch_rates(partial(lr_scheduler.MultiStepLR, milestones=[25.5]), 1.0, 100)
    assert set(theirs) == {1.0}


# Trap 9: floors, of groups and past the end.


def cosine_to_a_floor(groups, steps):
    optimizer = torch.optim.SGD([{"params": [torch.zeros(1)], "lr": lr} for lr in groups], lr=1e-3)
    scheduler = get_cosine_with_min_lr_schedule_with_warmup(optimizer, 0, 10, min_lr=1e-5)
    for _ in range(steps):
        optimizer.step()
        scheduler.step()
    return [group["lr"] for group in optimizer.param_groups]


def test_each_parameter_group_ends_at_the_floor_it_was_given():
    lr = {"default": cosine(1e-3, 1e-5), "head": cosine(1e-4, 1e-5), "body": scaled(0.1)}
    plan = Plan(Phase("decay", 10, at="end", lr=lr), groups=["head", "body"])
    assert plan["lr"](9) == plan["lr.head"](9) == 1e-5
    # A multiple of another is one to the end; to have a floor of its own, it is clipped.
    multiple = 0.1 * cosine(1e-3, 1e-5).over(10, at="end")
    assert values(plan["lr.body"], 12) == values(multiple, 12)
    assert multiple.clip(min=1e-5)(9) == 1e-5
    assert cosine_to_a_floor([1e-3, 1e-4], 10) == pytest.approx([1e-5, 1e-6])


def test_a_cosine_never_rises_again_past_its_end():
    schedule = cosine(1e-3, 1e-5).over(10) >> constant(1e-5).over(1)
    assert values(schedule, 30)[10:] == [1e-5] * 20
    assert cosine_to_a_floor([1e-3], 20) == pytest.approx([1e-3])


# Trap 10: arrays, pickles and lengths of nothing.


def test_an_array_of_steps_gives_an_array_of_values():
    schedule = piecewise_linear([1.0, 0.5, 0.25], [10, 20])
    theirs = optax.piecewise_interpolate_schedule("linear", 1.0, {10: 0.5, 20: 0.5})
    for library in (np, jnp, torch):
        assert schedule(library.asarray([[0], [15]])).tolist() == [[1.0], [0.375]]
    # Theirs gives each element the sum of both.
    assert theirs(np.array([0, 15])).tolist() == [1.375, 1.375]


def test_a_piecewise_schedule_can_be_pickled():
    schedule = piecewise_linear([1.0, 0.5, 0.25], [10, 20])
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    theirs = optax.piecewise_interpolate_schedule("linear", 1.0, {10: 0.5, 20: 0.5})
    with pytest.raises(AttributeError, match="pickle"):
        pickle.dumps(theirs)


@pytest.mark.parametrize("nothing", [0, "0 steps", "0%", "0.0 epochs", -1])
def test_a_warm_up_of_no_length_raises_value_error(nothing):
    with pytest.raises(ValueError, match="must be positive"):
        linear(0.0, 1.0).over(nothing)
    # Others stay at its start for ever.
    assert float(optax.warmup_constant_schedule(0.0, 1.0, 0)(1000)) == 0.0
    make = partial(lr_scheduler.LinearLR, start_factor=0.5, total_iters=0)
    assert set(torch_rates(make, 1.0, 100)) == {0.5}


# Trap 11: arguments that are silently ignored, and plateaus on top of schedules.


def test_a_clock_that_no_shape_would_follow_is_refused():
    schedule = linear(0.0, 1.0).over(10)
    for clock in ({"at": "end"}, {"per": "epoch"}):
        with pytest.raises(ValueError, match="`lr` has a schedule with a clock of its own"):
            Phase("a", "10 epochs", lr=schedule, **clock)
    with pytest.raises(ValueError, match='`at` must be "start" or "end"'):
        Phase("a", 10, lr=1.0, at="middle")


def test_a_phase_s_argument_that_is_no_quantity_raises_value_error():
    with pytest.raises(ValueError, match="`warmup_steps` is no quantity"):
        Plan(Phase("decay", 100, lr=cosine(1.0, 0.0), warmup_steps=50))
    theirs = keras.optimizers.schedules.CosineDecay(1.0, 100, warmup_steps=50)
    assert float(theirs(0)) == 1.0


def test_a_plateau_cuts_a_schedule():
    lr = cosine(1.0, 0.0).over(100).cut(0.5, on=plateau("loss", patience=0))
    listener = Plan(Phase("training", 100, lr=lr)).listen()
    plan = listener.replay([(10, {"loss": 1.0}), (20, {"loss": 1.0})])
    assert plan["lr"](50) == 0.25

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    falling = keras.optimizers.schedules.CosineDecay(1.0, 100)
    model.compile(optimizer=keras.optimizers.SGD(falling), loss="mse")
    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=1)
    callback.set_model(model)
    callback.on_train_begin()
    callback.on_epoch_end(0, {"loss": 1.0})
    with pytest.raises(TypeError, match="LearningRateSchedule"):
        callback.on_epoch_end(1, {"loss": 1.0})


# Trap 12: the first update and the last. gpt-neox#1373, bert#1293, pytorch#47560.

EXACT_ENDS = [
    *(linear, cosine, exponential, polynomial, one_minus_sqrt, one_minus_square, rex),
    pytest.param(partial(cosine, exponent=0.5), id="cosine ** 0.5"),
    pytest.param(partial(polynomial, power=2.0), id="parabola"),
]


@pytest.mark.parametrize("shape", EXACT_ENDS)
@pytest.mark.parametrize("steps", [1, 7, 10, 1000])
def test_sampled_at_the_end_a_decay_reaches_its_floor_in_the_last_update(shape, steps):
    schedule = shape(0.3, 1e-5).over(steps, at="end")
    assert schedule(steps - 1) == 1e-5
    assert all(schedule(step) > 1e-5 for step in range(steps - 1))


def test_sampled_at_the_end_a_warm_up_from_0_wastes_no_update():
    assert values(linear(0.0, 1.0).over(4, at="end"), 5) == [0.25, 0.5, 0.75, 1.0, 1.0]
    make = partial(get_linear_schedule_with_warmup, num_warmup_steps=4, num_training_steps=8)
    theirs = torch_rates(make, 1.0, 8)
    assert (theirs[0], theirs[-1]) == (0.0, 0.25)
    ours = linear(0.0, 1.0).over(4, at="end") >> linear(1.0, 0.0).over(4, at="end")
    assert (ours(0), ours(7)) == (0.25, 0.0)


# Trap 14: counts beyond what float32 can count.

EPOCHS = Horizon(samples=54_000, batch=32)
FAR_SCHEDULES = {
    "linear": linear(0.0, 1.0).over(FAR),
    "cosine": cosine(1.0, 0.0).over(FAR),
    "polynomial": polynomial(1.0, 0.0, power=2.0).over(FAR),
    "exponential": exponential(1.0, 0.01).over(FAR),
    "inverse_sqrt": inverse_sqrt(1.0, timescale=10_000).over(FAR),
    "decay in stairs": decay(1.0, 0.9, every=10**8, stair=True).over(FAR),
    "decay": decay(1.0, 0.9, every=10**8).over(FAR),
    "staircase": staircase(0.0, 1.0, every=10**7, by=1 / 214).over(FAR),
    "series": constant(0.5).over(10**9 - 30) >> linear(1.0, 0.0).over(100) >> constant(0.1).over(1),
    "shifted": linear(1.0, 0.0).over(100).shift(10**9 - 50),
    "repeated": cosine(1.0, 0.0).over(100).repeat(),
    "triangles": (linear(0.0, 1.0).over(33) >> linear(1.0, 0.0).over(70)).repeat(),
    "growing": cosine(1.0, 0.0).over(33).repeat(growth=3),
    "in epochs": cosine(1.0, 0.0).over("3.5 epochs").repeat().on(EPOCHS),
    "per epoch": linear(1.0, 0.0).over("90 epochs", per="epoch").repeat().on(EPOCHS),
}


@pytest.mark.parametrize("name", FAR_SCHEDULES)
def test_far_steps_are_exact_in_float32(name):
    schedule = FAR_SCHEDULES[name]
    steps = [start + n for start in (0, 10**9 - 60, FAR - 120) for n in range(121)]
    exact = np.array([schedule(step) for step in steps])
    compiled = jax.jit(schedule)(np.array(steps, np.int32))
    assert compiled.dtype == jnp.float32
    ulp = np.spacing(np.float32(1.0))
    assert np.abs(np.asarray(compiled, np.float64) - exact).max() <= 4 * ulp


def test_a_billion_steps_on_a_cycle_is_where_it_should_be():
    step = 10**9 + 50
    theirs = keras.optimizers.schedules.CosineDecayRestarts(1.0, 100, t_mul=1.0)
    assert float(jax.jit(cosine(1.0, 0.0).over(100).repeat())(np.int32(step))) == pytest.approx(0.5)
    # Near 10**9 a float32 counts in steps of 64, and its hundreds not at all.
    assert abs(float(theirs(step)) - 0.5) > 0.3
