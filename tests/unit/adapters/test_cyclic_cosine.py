"""CyclicCosineDecayLR: the formula of the original, on today's torch."""

import copy
import io
import itertools
import math

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

from glidepath import Phase, Plan, presets
from glidepath.adapters.torch import CyclicCosineDecayLR

BASE, LOW = 0.1, 1e-3


def sgd(*rates):
    groups = [
        {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates or [BASE]
    ]
    return torch.optim.SGD(groups, lr=1.0)


def rates(optimizer, *schedulers, num):
    used = []
    for _ in range(num):
        used.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        for scheduler in schedulers:
            scheduler.step()
    return used


def wave(t, length, high, low):
    return low + (high - low) * (1 + math.cos(math.pi * t / length)) / 2


def original(t, *, base=BASE, low=LOW, decay=20, interval=None, growth=None, high=None, warmup=0,
             start=0.0):  # fmt: skip
    """The formula in the project's notes, by floats; a little is added before it rounds down."""
    high = base if high is None else high
    if t < warmup:
        return wave(t, warmup, start, base)
    if t < warmup + decay:
        return wave(t - warmup, decay, base, low)
    if interval is None:
        return low
    x = t - warmup - decay
    if growth in (None, 1):
        return wave(x % interval, interval, high, low)
    n = math.floor(math.log(1 - (1 - growth) * x / interval, growth) + 1e-9)
    begun = interval * (1 - growth**n) / (1 - growth)
    return wave(x - begun, interval * growth**n, high, low)


SETTINGS = [
    (interval, growth, high, warmup)
    for interval, growth, high, warmup in itertools.product(
        (None, 1, 7, 10), (None, 1, 2, 3, 1.5, 1.1), (None, 0.03), (0, 1, 5)
    )
    if interval is not None or (growth is None and high is None)
]


@pytest.mark.parametrize(("interval", "growth", "high", "warmup"), SETTINGS)
def test_it_is_the_original_at_every_epoch(interval, growth, high, warmup):
    optimizer = sgd()
    scheduler = CyclicCosineDecayLR(
        optimizer, 20, LOW, restart_interval=interval, restart_interval_multiplier=growth,
        restart_lr=high, warmup_epochs=warmup or None, warmup_start_lr=2e-3 if warmup else None,
    )  # fmt: skip
    theirs = [
        original(t, interval=interval, growth=growth, high=high, warmup=warmup, start=2e-3)
        for t in range(400)
    ]
    found = [used for (used,) in rates(optimizer, scheduler, num=400)]
    assert found == pytest.approx(theirs, rel=1e-9)
    schedule = scheduler.schedules[0]
    assert found == [schedule(t) for t in range(400)]


def test_a_restart_is_at_its_peak_where_a_float_logarithm_misses_it():
    optimizer = sgd()
    scheduler = CyclicCosineDecayLR(
        optimizer, 1, 0.0, restart_interval=1, restart_interval_multiplier=3
    )
    starts = [1 + (3**n - 1) // 2 for n in range(12)]
    assert [scheduler.schedules[0](t) for t in starts] == [BASE] * 12
    # By floats, as the original does it, one of them is a whole cycle late.
    by_floats = [math.floor(math.log(1 + 2 * (t - 1), 3)) for t in starts]
    assert by_floats != list(range(12))


def test_each_group_can_have_rates_of_its_own():
    optimizer = sgd(0.1, 0.2)
    scheduler = CyclicCosineDecayLR(
        optimizer, 10, [0.01, 0.02], restart_interval=5, restart_lr=[0.05, 0.06],
        warmup_epochs=4, warmup_start_lr=[0.001, 0.002],
    )  # fmt: skip
    for i, used in enumerate(zip(*rates(optimizer, scheduler, num=40), strict=True)):
        base, low, high, start = (0.1, 0.01, 0.05, 0.001) if i == 0 else (0.2, 0.02, 0.06, 0.002)
        theirs = [
            original(t, base=base, low=low, decay=10, interval=5, high=high, warmup=4, start=start)
            for t in range(40)
        ]
        assert list(used) == pytest.approx(theirs, rel=1e-12)


def test_it_is_the_preset():
    peak, end = 12.5e-5, 2.5e-6
    optimizer = sgd(peak)
    scheduler = CyclicCosineDecayLR(
        optimizer, 15, end, restart_interval=10, warmup_epochs=10, warmup_start_lr=end
    )
    plan = presets.cyclic_cosine(peak=peak, end=end)
    starts = [plan.horizon.steps_per_epoch * epoch for epoch in range(75)]
    found = [used for (used,) in rates(optimizer, scheduler, num=75)]
    assert found == pytest.approx([plan["lr"](math.ceil(start)) for start in starts], rel=1e-12)


def test_its_schedule_makes_a_plan_that_can_be_saved():
    optimizer = sgd()
    scheduler = CyclicCosineDecayLR(optimizer, 20, LOW, restart_interval=10)
    plan = Plan(Phase("training", 100), lr=scheduler.schedules[0])
    assert plan.fingerprint
    assert plan["lr"](30) == BASE


# Trap 15: on one optimizer, torch's schedulers multiply.


def test_beside_another_that_multiplies_the_factors_of_both_stand():
    for order in (1, -1):
        optimizer = sgd()
        ours = CyclicCosineDecayLR(optimizer, 20, LOW, restart_interval=10)
        other = lr_scheduler.ExponentialLR(optimizer, 0.9)
        found = [used for (used,) in rates(optimizer, *[ours, other][::order], num=60)]
        theirs = [original(t, interval=10) * 0.9**t for t in range(60)]
        assert found == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("gamma_every", [1, 7])
def test_the_factors_of_others_outlive_a_checkpoint(gamma_every):
    def fresh():
        optimizer = sgd()
        both = [
            CyclicCosineDecayLR(optimizer, 20, LOW, restart_interval=10),
            lr_scheduler.StepLR(optimizer, gamma_every, 0.5),
        ]
        return optimizer, both

    optimizer, both = fresh()
    rates(optimizer, *both, num=23)
    file = io.BytesIO()
    torch.save([one.state_dict() for one in (optimizer, *both)], file)
    file.seek(0)
    states = torch.load(file, weights_only=True)
    again, both_again = fresh()
    for one, state in zip((again, *both_again), states, strict=True):
        one.load_state_dict(state)
    whole = rates(optimizer, *both, num=30)
    assert rates(again, *both_again, num=30) == whole
    assert whole[0][0] == pytest.approx(original(23, interval=10) * 0.5 ** (23 // gamma_every))


def test_an_optimizer_that_is_loaded_alone_does_not_change_the_rates_for_ever():
    optimizer = sgd()
    rates(optimizer, CyclicCosineDecayLR(optimizer, 20, LOW, restart_interval=10), num=15)
    again = sgd()
    scheduler = CyclicCosineDecayLR(again, 20, LOW, restart_interval=10)
    again.load_state_dict(optimizer.state_dict())
    found = [used for (used,) in rates(again, scheduler, num=30)]
    assert found[1:] == pytest.approx([original(t, interval=10) for t in range(1, 30)])


def test_in_torchs_sequence_it_begins_when_its_turn_comes():
    optimizer = sgd()
    warm_up = lr_scheduler.LinearLR(optimizer, 0.5, total_iters=5)
    ours = CyclicCosineDecayLR(optimizer, 20, LOW)
    sequence = lr_scheduler.SequentialLR(optimizer, [warm_up, ours], [5])
    found = [used for (used,) in rates(optimizer, sequence, num=30)]
    assert found[5:] == pytest.approx([original(t) for t in range(25)])


def test_last_epoch_goes_on_after_that_epoch():
    optimizer = sgd()
    for group in optimizer.param_groups:
        group["initial_lr"] = BASE
    scheduler = CyclicCosineDecayLR(optimizer, 20, LOW, last_epoch=6)
    assert scheduler.get_last_lr() == [pytest.approx(original(7))]


def test_tensor_rates_are_filled_in_place():
    rate = torch.tensor(BASE, dtype=torch.float64)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)
    scheduler = CyclicCosineDecayLR(optimizer, 20, LOW, restart_interval=10)
    for t in range(40):
        assert optimizer.param_groups[0]["lr"] is rate
        assert float(rate) == pytest.approx(original(t, interval=10))
        optimizer.step()
        scheduler.step()


def test_a_group_that_is_added_later_joins_in_with_its_own_rate():
    optimizer = sgd()
    scheduler = CyclicCosineDecayLR(optimizer, 20, LOW)
    rates(optimizer, scheduler, num=5)
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.5})
    rates(optimizer, scheduler, num=2)
    found = scheduler.get_last_lr()
    assert found == pytest.approx([original(7), original(7, base=0.5)])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, LOW), "`init_decay_epochs` must be at least 1, got 0"),
        ((2.5, LOW), "`init_decay_epochs`"),
        ((20, None), "`min_decay_lr` must be a rate"),
        ((20, [LOW, LOW]), r"`min_decay_lr` must be a rate, or one for each of the 1 parameter"),
        ((20, float("nan")), "`min_decay_lr`"),
        ((20, LOW, None, 2), "`restart_interval_multiplier` must be at least 1, beside a restart_"),
        ((20, LOW, 5, 0.5), "`restart_interval_multiplier` must be at least 1"),
        ((20, LOW, 0), "`restart_interval`"),
        ((20, LOW, None, None, 0.1), "`restart_lr` needs a restart_interval"),
        ((20, LOW, None, None, None, 5), "`warmup_epochs` and `warmup_start_lr` belong together"),
    ],
)
def test_what_makes_no_schedule_is_refused(arguments, message):
    with pytest.raises((TypeError, ValueError), match=message):
        CyclicCosineDecayLR(sgd(), *arguments)


def test_the_state_of_another_scheduler_is_refused():
    scheduler = CyclicCosineDecayLR(sgd(), 20, LOW)
    with pytest.raises(ValueError, match="no state of glidepath's CyclicCosineDecayLR"):
        scheduler.load_state_dict(lr_scheduler.StepLR(sgd(), 3).state_dict())
    with pytest.raises(ValueError, match="the state is of 2 parameter groups, and there are 1"):
        scheduler.load_state_dict(CyclicCosineDecayLR(sgd(1.0, 2.0), 20, LOW).state_dict())


def test_a_resumed_run_has_the_rates_that_it_began_with():
    optimizer = sgd(0.3)
    scheduler = CyclicCosineDecayLR(optimizer, 20, LOW)
    rates(optimizer, scheduler, num=5)
    again = sgd(0.7)
    resumed = CyclicCosineDecayLR(again, 20, LOW)
    again.load_state_dict(optimizer.state_dict())
    resumed.load_state_dict(scheduler.state_dict())
    assert rates(again, resumed, num=20) == rates(optimizer, scheduler, num=20)
    with pytest.raises(ValueError, match="saved with the arguments"):
        CyclicCosineDecayLR(sgd(), 30, LOW).load_state_dict(scheduler.state_dict())


def test_a_factor_that_is_on_the_rate_when_it_begins_stays_as_with_torchs_own():
    def after_a_warm_up(make):
        optimizer = sgd(1.0)
        warm_up = lr_scheduler.LinearLR(optimizer, 0.5, total_iters=2)
        return rates(optimizer, warm_up, make(optimizer), num=8)

    theirs = after_a_warm_up(lambda one: lr_scheduler.CosineAnnealingLR(one, 20))
    ours = after_a_warm_up(lambda one: CyclicCosineDecayLR(one, 20, 0.0))
    assert np.allclose(ours, theirs, rtol=1e-12)


@pytest.mark.parametrize("scheduler_first", [True, False])
@pytest.mark.parametrize("stop", range(1, 8))
def test_beside_another_that_multiplies_a_run_goes_on_whichever_state_is_loaded_first(
    scheduler_first, stop
):
    def fresh():
        optimizer = sgd()
        other = lr_scheduler.ExponentialLR(optimizer, 0.5)
        return optimizer, CyclicCosineDecayLR(optimizer, 20, LOW, restart_interval=10), other

    whole = fresh()
    rates(whole[0], *whole[1:], num=stop)
    states = [copy.deepcopy(one.state_dict()) for one in whole]
    again = fresh()
    for one, state in list(zip(again, states, strict=True))[:: -1 if scheduler_first else 1]:
        one.load_state_dict(state)
    assert rates(again[0], *again[1:], num=9) == rates(whole[0], *whole[1:], num=9)


def test_going_to_an_epoch_and_on_brings_no_old_factor_back():
    optimizer = sgd()
    ours = CyclicCosineDecayLR(optimizer, 20, LOW)
    rates(optimizer, ours, lr_scheduler.ExponentialLR(optimizer, 0.5), num=3)
    optimizer.step()
    with pytest.warns(UserWarning, match="epoch"):
        ours.step(7)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(original(7))
    assert rates(optimizer, ours, num=2)[1] == [pytest.approx(original(8))]
