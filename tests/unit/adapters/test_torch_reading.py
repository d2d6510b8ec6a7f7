"""torch's schedulers, stepped beside an optimizer, against what `read` makes of them."""

import copy
import itertools
import math
import pickle
import random
import warnings
from functools import partial

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as torchs
from torch.optim.swa_utils import SWALR

from glidepath import Phase, Plan, linear, load, save
from glidepath.adapters.torch import CyclicCosineDecayLR, PlanScheduler
from glidepath.adapters.torch.reading import read

RATES = (0.1, 3e-4)
DIGITS = 1e-12
AFTER_A_TROUGH = 1e-9
"""CosineAnnealingLR multiplies what is left of the rate, and near its floor digits are lost."""


def optimizer_of(rates=RATES, kind=torch.optim.SGD):
    settings = {"momentum": 0.9} if kind is torch.optim.SGD else {}
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return kind(groups, lr=1.0, **settings)


def built(make, optimizer):
    """A scheduler; when torch steps nested ones as it builds them it warns of its own steps."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step")
        return make(optimizer)


def stepped(scheduler, steps, see=lambda group: group["lr"]):
    """What each of the first updates sees in each group, as [group, step]."""
    optimizer, seen = scheduler.optimizer, []
    for step in range(steps):
        seen.append([float(see(group)) for group in optimizer.param_groups])
        optimizer.step()
        if step < steps - 1:
            scheduler.step()
    return np.array(seen).T


def assert_read(make, steps=250, *, each=DIGITS, of_peak=1e-14, **settings):
    """The schedules that are read, after comparing them with the live rates of every group."""
    scheduler = built(make, optimizer_of(**settings))
    schedules = [read(scheduler, group=g) for g in range(len(scheduler.optimizer.param_groups))]
    for ours, theirs in zip(schedules, stepped(scheduler, steps), strict=True):
        assert_same(ours, theirs, each=each, of_peak=of_peak)
    return schedules


def assert_same(ours, theirs, *, each=DIGITS, of_peak=1e-14):
    values = [ours(step) for step in range(len(theirs))]
    np.testing.assert_allclose(values, theirs, rtol=each, atol=of_peak * np.abs(theirs).max())
    np.testing.assert_allclose(ours(np.arange(len(theirs))), values, rtol=1e-14, atol=1e-300)


def sets(**axes):
    """Every combination of the numbers on the axes, named by them."""
    each = [dict(zip(axes, one, strict=True)) for one in itertools.product(*axes.values())]
    return [pytest.param(one, id=",".join(f"{k}={v}" for k, v in one.items())) for one in each]


def slowing(step):
    return 1 / (1 + 0.1 * step)


def nearly_one(step):
    return 0.99 + 0.005 * (step % 3)


# One scheduler alone.


@pytest.mark.parametrize("given", sets(step_size=(1, 7, 30, 2.5), gamma=(0.1, 0.97, 0, 1, 1.01)))
def test_step_lr(given):
    assert_read(partial(torchs.StepLR, **given))


MILESTONES = ([30, 60, 90], [1], [10, 10, 50], [20, 3, 99], [], [0, 4], [2.5, 7], [-3, 5])


@pytest.mark.parametrize("given", sets(milestones=MILESTONES, gamma=(0.1, 0.5, 0)))
def test_multi_step_lr(given):
    assert_read(partial(torchs.MultiStepLR, **given))


@pytest.mark.parametrize("given", sets(factor=(1 / 3, 0.01, 1), total_iters=(0, 1, 5, 2.5)))
def test_constant_lr(given):
    assert_read(partial(torchs.ConstantLR, **given))


@pytest.mark.parametrize(
    "given",
    sets(start_factor=(1 / 3, 0.001, 1), end_factor=(1, 0.25, 0), total_iters=(0, 1, 10, 7.5)),
)
def test_linear_lr(given):
    # torch multiplies the rate of the step before, and misses an end of 0 by what it rounded.
    assert_read(partial(torchs.LinearLR, **given), of_peak=1e-13)


@pytest.mark.parametrize("gamma", (0.9, 0.999, 0.5, 1.0, 1.01, 0.1, 0.0))
def test_exponential_lr(gamma):
    assert_read(partial(torchs.ExponentialLR, gamma=gamma))


@pytest.mark.parametrize(
    "given", sets(total_iters=(0, 0.5, 1, 10, 7.5, 97), power=(1.0, 2.0, 0.5, 0.9, 0))
)
def test_polynomial_lr(given):
    assert_read(partial(torchs.PolynomialLR, **given))


@pytest.mark.parametrize("given", sets(T_max=(1, 2, 10, 33, 10.5, -7), eta_min=(0.0, 1e-5, 0.05)))
def test_cosine_annealing_lr_over_several_waves(given):
    assert_read(partial(torchs.CosineAnnealingLR, **given), each=AFTER_A_TROUGH)


@pytest.mark.parametrize("given", sets(T_0=(1, 7, 40), T_mult=(1, 2, 3), eta_min=(0.0, 1e-5)))
def test_cosine_annealing_warm_restarts(given):
    assert_read(partial(torchs.CosineAnnealingWarmRestarts, **given))


@pytest.mark.parametrize("kind", (torchs.LambdaLR, torchs.MultiplicativeLR))
def test_functions_of_the_users_own(kind):
    assert_read(partial(kind, lr_lambda=[slowing, nearly_one]))


SIZES = ((1, None), (20, None), (20, 30), (30, 7), (7.5, None), (7.25, None), (20, 0), (1, 3))
"""In the second to last but two no peak lies on a step, and then no foot either."""


def cyclic(optimizer, sizes, mode, **settings):
    up, down = sizes
    return torchs.CyclicLR(
        optimizer, [0.01, 0.0], [0.3, 1.0], up, down, mode, 0.99, base_momentum=0.7, **settings
    )


@pytest.mark.parametrize("mode", ("triangular", "triangular2", "exp_range"))
@pytest.mark.parametrize("sizes", SIZES)
def test_cyclic_lr(mode, sizes):
    # torch counts cycles in floating point: 1 + k / length - floor(1 + k / length).
    assert_read(partial(cyclic, sizes=sizes, mode=mode), of_peak=1e-12)


@pytest.mark.parametrize("scale_mode", ("cycle", "iterations"))
def test_cyclic_lr_with_a_scale_of_the_users_own(scale_mode):
    make = partial(cyclic, sizes=(5, 8), mode="x", scale_fn=slowing, scale_mode=scale_mode)
    assert_read(make, of_peak=1e-12)


@pytest.mark.parametrize("gamma", (0.0, 1.0, -0.5))
def test_cyclic_lr_with_a_gamma_that_is_no_decay(gamma):
    make = partial(
        torchs.CyclicLR, base_lr=0.1, max_lr=1.0, step_size_up=5, mode="exp_range", gamma=gamma
    )
    assert_read(make, of_peak=1e-12)


def test_a_cyclic_lr_that_comes_late_begins_at_the_rate_before_it():
    def make(optimizer):
        torchs.StepLR(optimizer, 30)
        return WAVES(optimizer)

    (schedule, _) = assert_read(make, 40)
    assert (schedule(0), schedule(10)) == (0.1, 0.01)


CYCLES = sets(
    total_steps=(2, 10, 37, 195, 200),
    pct_start=(0.0, 0.05, 0.3, 0.45, 0.5, 0.7, 1.0),
    anneal_strategy=("cos", "linear"),
    three_phase=(False, True),
)
FAILING = [(total, share) for total, share in ((2, 0.5), (10, 0.1)) if total * share == 1]
"""Where the first phase ends at step 0 torch divides by its length."""


def one_cycle(given, optimizer):
    return torchs.OneCycleLR(optimizer, [0.3, 5.0], base_momentum=0.8, **given)


def is_possible(given):
    return (given["total_steps"], given["pct_start"]) not in FAILING


@pytest.mark.parametrize("given", [one for one in CYCLES if is_possible(one.values[0])])
def test_one_cycle_lr_wherever_its_phases_meet(given):
    total = given["total_steps"]
    for schedule in assert_read(partial(one_cycle, given), total, of_peak=1e-14):
        assert schedule.total_steps == total
        assert schedule(total) == schedule(10 * total) == schedule(total - 1)


def first_moment(group):
    return group["betas"][0] if "betas" in group else group["momentum"]


@pytest.mark.parametrize("kind", (torch.optim.SGD, torch.optim.AdamW))
@pytest.mark.parametrize(
    "make",
    (
        partial(one_cycle, {"total_steps": 100}),
        partial(one_cycle, {"total_steps": 37, "three_phase": True}),
        partial(one_cycle, {"total_steps": 37, "anneal_strategy": "linear"}),
        *(
            partial(cyclic, sizes=sizes, mode=mode)
            for sizes in ((5, 8), (7.5, None))
            for mode in ("triangular", "triangular2", "exp_range")
        ),
    ),
)
def test_the_momentum_that_a_scheduler_moves(kind, make):
    scheduler = make(optimizer_of(kind=kind))
    ours = [read(scheduler, group=g, quantity="momentum") for g in (0, 1)]
    for schedule, theirs in zip(ours, stepped(scheduler, 37, first_moment), strict=True):
        assert_same(schedule, theirs)


# Schedulers of schedulers.


def in_turn(makes, milestones, optimizer):
    children = [make(optimizer) for make in makes]
    return torchs.SequentialLR(optimizer, children, list(milestones))


def chained(makes, optimizer):
    return torchs.ChainedScheduler([make(optimizer) for make in makes])


def sequence(*makes, at):
    return partial(in_turn, makes, at)


def chain(*makes):
    return partial(chained, makes)


WARMUP = partial(torchs.LinearLR, start_factor=0.1, total_iters=5)
STEPS = partial(torchs.StepLR, step_size=4, gamma=0.5)
DECAY = partial(torchs.ExponentialLR, gamma=0.9)
COSINE = partial(torchs.CosineAnnealingLR, T_max=20, eta_min=1e-5)
TO_0 = partial(torchs.CosineAnnealingLR, T_max=20)
RESTARTS = partial(torchs.CosineAnnealingWarmRestarts, T_0=3, T_mult=2)
CYCLE = partial(torchs.OneCycleLR, max_lr=0.5, total_steps=50)
WAVES = partial(torchs.CyclicLR, base_lr=0.01, max_lr=0.5, step_size_up=5)
POWER = partial(torchs.PolynomialLR, total_iters=9, power=2.0)
MULTIPLIED = partial(torchs.MultiplicativeLR, lr_lambda=nearly_one)
FUNCTION = partial(torchs.LambdaLR, lr_lambda=slowing)
PARTS = (WARMUP, STEPS, DECAY, COSINE, TO_0, RESTARTS, WAVES, POWER, MULTIPLIED, FUNCTION)


@pytest.mark.parametrize("first", PARTS)
@pytest.mark.parametrize("second", PARTS)
def test_one_after_another(first, second):
    assert_read(sequence(first, second, at=[7]), 60, each=AFTER_A_TROUGH)


@pytest.mark.parametrize("milestones", ([5, 12], [5, 5], [1, 2], [0, 3], [0, 0], [-1, 4]))
def test_milestones_at_once_or_together(milestones):
    assert_read(sequence(WARMUP, DECAY, STEPS, at=milestones), 30)


def test_a_one_cycle_later_on_raises_the_rates_before_it():
    # torch's OneCycleLR writes its own initial_lr into the group, where SequentialLR begins.
    (schedule, _) = assert_read(sequence(WARMUP, CYCLE, at=[5]), 55)
    assert schedule(0) == pytest.approx(0.1 * 0.5 / 25)
    assert_read(sequence(COSINE, CYCLE, at=[33]), 80, each=AFTER_A_TROUGH)


@pytest.mark.parametrize("first", (*PARTS, chain(WARMUP, DECAY)))
@pytest.mark.parametrize("inner", (1, 2, 3, 6))
def test_sequences_in_sequences_three_deep(first, inner):
    innermost = sequence(first, DECAY, at=[inner])
    assert_read(sequence(innermost, STEPS, at=[9]), 40, each=AFTER_A_TROUGH)
    make = sequence(sequence(innermost, WARMUP, at=[9]), STEPS, at=[11])
    assert_read(make, 40, each=AFTER_A_TROUGH)


def test_a_sequence_in_a_sequence_comes_to_its_milestones_a_step_early():
    # github.com/pytorch/pytorch/issues/196243; what is read is what torch does.
    (alone, _) = assert_read(sequence(STEPS, DECAY, at=[6]), 12)
    (nested, _) = assert_read(sequence(sequence(STEPS, DECAY, at=[6]), STEPS, at=[20]), 12)
    assert nested(5) == alone(6) > alone(5)


CHAINS = (
    (WARMUP, DECAY),
    (WARMUP, DECAY, STEPS),
    (partial(torchs.ConstantLR, factor=0.1, total_iters=2), DECAY),
    (WARMUP, TO_0),
    (TO_0, partial(torchs.MultiStepLR, milestones=[4, 11])),
    (partial(torchs.LinearLR, start_factor=0.1, end_factor=0.5, total_iters=4), TO_0),
    (WARMUP, COSINE),
    (TO_0, DECAY),
    (DECAY, TO_0),
    (WARMUP, partial(torchs.CosineAnnealingLR, T_max=10.5)),
    (WARMUP, RESTARTS),
    (RESTARTS, WARMUP),
    (WARMUP, FUNCTION, DECAY),
    (COSINE, COSINE),
    (sequence(WARMUP, DECAY, at=[4]), STEPS),
    (WARMUP, sequence(WARMUP, TO_0, at=[4]), STEPS),
    (sequence(sequence(WARMUP, DECAY, at=[4]), COSINE, at=[9]), DECAY),
    (chain(WARMUP, DECAY), MULTIPLIED),
)


@pytest.mark.parametrize("makes", CHAINS)
def test_a_chain(makes):
    assert_read(chain(*makes), 150, each=AFTER_A_TROUGH)


@pytest.mark.parametrize("makes", CHAINS)
def test_a_chain_that_a_sequence_begins_with(makes):
    assert_read(sequence(chain(*makes), STEPS, at=[70]), 90, each=AFTER_A_TROUGH)


def drawn(random_, depth):
    """A scheduler as chance has it: torch can start composed ones only where they come first."""
    kind = random_.choice(("one", "sequence", "chain")) if depth else "one"
    if kind == "one":
        return random_.choice(PARTS)
    number = random_.randint(1, 3)
    if kind == "chain":
        return chain(*(drawn(random_, depth - 1) for _ in range(number)))
    rest = [random_.choice(PARTS) for _ in range(number)]
    at = sorted(random_.sample(range(4, 50), number))
    return sequence(drawn(random_, depth - 1), *rest, at=at)


@pytest.mark.parametrize("seed", range(60))
def test_whatever_is_nested_is_read(seed):
    # Chains lose more digits than waves alone: what is left near 0 is multiplied on.
    assert_read(drawn(random.Random(seed), 3), 80, each=1e-7, of_peak=1e-12)


# What it does not depend on.


def test_every_group_is_read_by_itself():
    first, second = assert_read(sequence(WARMUP, COSINE, at=[5]), 60, each=AFTER_A_TROUGH)
    assert [first(5), second(5)] == list(RATES)
    with pytest.raises(ValueError, match=r"`group` must be below 2.*got 2"):
        read(STEPS(optimizer_of()), group=2)


def test_a_group_that_joined_later_has_no_schedule():
    optimizer = optimizer_of()
    scheduler = STEPS(optimizer)
    optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.5})
    assert read(scheduler, group=1)(0) == RATES[1]
    with pytest.raises(ValueError, match="group 2 joined the optimizer after this StepLR"):
        read(scheduler, group=2)


COMPOSED = (sequence(WARMUP, RESTARTS, at=[4]), chain(DECAY, TO_0), chain(WARMUP, TO_0))


@pytest.mark.parametrize("make", (*PARTS[:-2], CYCLE, *COMPOSED))
def test_however_often_it_was_stepped_the_same_is_read(make):
    scheduler = make(optimizer_of())
    before = [read(scheduler, group=g) for g in (0, 1)]
    stepped(scheduler, 31)
    after = [read(scheduler, group=g) for g in (0, 1)]
    assert list(map(repr, after)) == list(map(repr, before))
    steps = np.arange(60)
    assert all((a(steps) == b(steps)).all() for a, b in zip(after, before, strict=True))


def state_of(scheduler):
    return copy.deepcopy((scheduler.state_dict(), scheduler.optimizer.state_dict()))


@pytest.mark.parametrize("make", (*PARTS, CYCLE, *COMPOSED))
def test_reading_changes_nothing(make):
    scheduler = make(optimizer_of())
    stepped(scheduler, 9)
    before, chance = state_of(scheduler), torch.get_rng_state()
    for group in (0, 1):
        read(scheduler, group=group)(20)
    after = state_of(scheduler)
    assert repr(after) == repr(before)
    assert torch.equal(torch.get_rng_state(), chance)


@pytest.mark.parametrize("make", (*PARTS, CYCLE, sequence(WARMUP, COSINE, at=[5])))
def test_rates_may_be_tensors(make):
    rates = tuple(torch.tensor(rate) for rate in RATES)
    # torch rounds to float32 at every step.
    assert_read(make, 40, each=3e-5, of_peak=3e-6, rates=rates)
    assert all(torch.is_tensor(rate) for rate in rates)


def test_limits_may_be_tensors():
    make = partial(
        torchs.CyclicLR, base_lr=torch.tensor(0.25), max_lr=torch.tensor(0.5), step_size_up=4
    )
    (schedule,) = assert_read(make, 40, rates=(torch.tensor(0.125),))
    assert repr(schedule) == (
        "(linear(0.25, 0.5).over('4 steps') >> linear(0.5, 0.25).over('4 steps')).repeat()"
    )
    # Where the rate was a number, torch makes the limit itself the rate, and then writes into it.
    with pytest.raises(ValueError, match="the very tensor that the optimizer's rate is"):
        read(make(optimizer_of()))


@pytest.mark.parametrize("make", (*PARTS, CYCLE))
def test_a_scheduler_that_goes_on_from_an_epoch_is_read_from_the_start(make):
    first = make(optimizer_of())
    whole = [read(first, group=g) for g in (0, 1)]
    stepped(first, 14)
    again = make(first.optimizer, last_epoch=12)
    for group, schedule in enumerate(whole):
        assert repr(read(again, group=group)) == repr(schedule)
        if make is not RESTARTS:  # whose cycles torch miscounts when it goes on
            assert again.get_last_lr()[group] == pytest.approx(schedule(13), rel=1e-9)


def test_a_loaded_state_brings_its_constants():
    scheduler = torchs.StepLR(optimizer_of(), 30)
    scheduler.load_state_dict(torchs.StepLR(optimizer_of((0.7, 0.2)), 5, gamma=0.5).state_dict())
    assert read(scheduler)(5) == 0.35


def test_a_one_cycle_saved_by_torch_1_is_read():
    scheduler = torchs.OneCycleLR(optimizer_of(), 1.0, total_steps=20, anneal_strategy="linear")
    expected = repr(read(scheduler))
    del scheduler._anneal_func_type
    scheduler.anneal_func = torchs.OneCycleLR._annealing_linear
    assert repr(read(scheduler)) == expected


# What people get.


def texts(make):
    return repr(read(make(optimizer_of((0.5,)))))


def test_what_is_read_prints_as_one_would_write_it():
    assert texts(sequence(WARMUP, TO_0, at=[5])) == (
        "linear(0.05, 0.5).over('5 steps') >> "
        "(cosine(0.5, 0.0).over('20 steps') >> cosine(0.0, 0.5).over('20 steps')).repeat()"
    )
    assert texts(sequence(WARMUP, RESTARTS, STEPS, at=[8, 17])).startswith(
        "linear(0.05, 0.5).over('5 steps') >> constant(0.5).over('3 steps') >> "
        "cosine(0.5, 0.0).over('3 steps').repeat(2, growth=2.0) >> decay(0.5, 0.5, every='4 steps'"
    )
    assert texts(WARMUP) == "linear(0.05, 0.5).over('5 steps').then(0.5)"
    assert texts(RESTARTS) == "cosine(0.5, 0.0).over('3 steps').repeat(growth=2.0)"
    assert texts(partial(torchs.MultiStepLR, milestones=[8, 9], gamma=0.5)) == (
        "(constant(0.5).over('8 steps') >> constant(0.25).over('1 step')).then(0.125)"
    )
    assert texts(chain(WARMUP, TO_0)) == (
        "(cosine(0.5, 0.0).over('20 steps') >> cosine(0.0, 0.5).over('20 steps')).repeat() * "
        "linear(0.1, 1.0).over('5 steps').then(1.0)"
    )


def test_a_schedule_without_end_has_none():
    endless = (STEPS, DECAY, COSINE, RESTARTS, WAVES, FUNCTION, MULTIPLIED, chain(WARMUP, DECAY))
    assert all(read(make(optimizer_of())).total_steps is None for make in endless)


@pytest.mark.parametrize(
    "make",
    (
        *PARTS[:8],
        partial(one_cycle, {"total_steps": 40}),
        partial(one_cycle, {"total_steps": 37, "anneal_strategy": "linear"}),
        partial(cyclic, sizes=(7.5, None), mode="triangular2"),
        partial(torchs.MultiStepLR, milestones=[3, 8]),
        sequence(sequence(WARMUP, RESTARTS, at=[5]), STEPS, at=[20]),
        chain(WARMUP, DECAY, STEPS),
        chain(WARMUP, TO_0),
    ),
)
def test_what_is_read_can_be_saved_in_a_plan(tmp_path, make):
    schedule = read(built(make, optimizer_of()))
    plan = Plan(Phase("as in torch", 60, lr=schedule))
    save(plan, tmp_path / "plan.toml")
    loaded = load(tmp_path / "plan.toml")
    assert loaded == plan
    steps = np.arange(60)
    assert (loaded["lr"](steps) == schedule(steps)).all()


@pytest.mark.parametrize("makes", (*CHAINS[:2], *CHAINS[6:12]))
def test_what_is_read_can_be_pickled(makes):
    schedule = read(chain(*makes)(optimizer_of()))
    values = [schedule(step) for step in (40, 3, 41, 0)]
    again = pickle.loads(pickle.dumps(schedule))
    assert [again(step) for step in (40, 3, 41, 0)] == values


def test_a_function_may_be_asked_out_of_order():
    scheduler = MULTIPLIED(optimizer_of())
    schedule = read(scheduler)
    asked = [schedule(step) for step in (30, 3, 31, 0, 12)]
    rates = stepped(scheduler, 40)[0]
    assert asked == pytest.approx([rates[step] for step in (30, 3, 31, 0, 12)], rel=DIGITS)


# What is refused.


class Mine(torchs.StepLR):
    def get_lr(self):
        return [0.5 for _ in self.base_lrs]


class Own(torchs.LRScheduler):
    def get_lr(self):
        return [0.5 for _ in self.base_lrs]


def test_a_subclass_is_not_taken_for_what_it_derives_from():
    with pytest.raises(TypeError, match=r"Mine, a StepLR that may.*from_function\(rate_at\)"):
        read(Mine(optimizer_of(), 30))
    with pytest.raises(TypeError, match=r"^Own is none of torch's own schedulers: write"):
        read(Own(optimizer_of()))
    with pytest.raises(TypeError, match=r"^SWALR is none"):
        read(SWALR(optimizer_of(), swa_lr=0.05))
    with pytest.raises(TypeError, match="Mine"):
        read(sequence(WARMUP, partial(Mine, step_size=3), at=[5])(optimizer_of()))


def test_what_is_no_scheduler_is_refused():
    with pytest.raises(TypeError, match=r"must be one of torch's, such as .*StepLR, got 0.1"):
        read(0.1)
    with pytest.raises(TypeError, match="`group` must be a whole number, got 'head'"):
        read(STEPS(optimizer_of()), group="head")


def test_a_plateau_is_refused_with_the_words_to_write():
    scheduler = torchs.ReduceLROnPlateau(
        optimizer_of(), "max", 0.5, patience=3, threshold=0.01, threshold_mode="abs", cooldown=2,
        min_lr=[1e-4, 1e-5],
    )  # fmt: skip
    words = (
        "schedule.cut(0.5, on=plateau(\"val_loss\", patience=3, min_delta=0.01, mode='max', "
        "cooldown=2), lowest=1e-05)"
    )
    with pytest.raises(ValueError, match="it listens to the run") as refusal:
        read(scheduler, group=1)
    assert words in str(refusal.value)
    with pytest.raises(ValueError, match=r"patience=10, min_delta=0.0001\)\).*threshold is rel"):
        read(torchs.ReduceLROnPlateau(optimizer_of()))


def test_a_momentum_that_no_scheduler_moves_is_refused():
    for make in (STEPS, partial(WAVES, cycle_momentum=False), sequence(CYCLE, STEPS, at=[40])):
        with pytest.raises(ValueError, match=r"does not move the momentum.*`cycle_momentum=True`"):
            read(make(optimizer_of()), quantity="momentum")
    with pytest.raises(ValueError, match='`quantity` must be "lr" or "momentum", got \'beta2\''):
        read(STEPS(optimizer_of()), quantity="beta2")


REFUSED = {
    "StepLR divides by its `step_size`": partial(torchs.StepLR, step_size=0),
    "CosineAnnealingLR divides by its `T_max`": partial(torchs.CosineAnnealingLR, T_max=0),
    "fails at step 5, where torch divides": partial(torchs.ConstantLR, factor=0, total_iters=5),
    "ExponentialLR.gamma must not be negative, got -0.5": partial(torchs.ExponentialLR, gamma=-0.5),
    "PolynomialLR.power must not be negative": partial(torchs.PolynomialLR, power=-1),
    "StepLR.step_size` must be a finite number": partial(torchs.StepLR, step_size=math.inf),
    "milestones must be whole numbers that ascend": sequence(WARMUP, STEPS, at=[2.5]),
    "ascend, got .9, 5.": sequence(WARMUP, STEPS, DECAY, at=[9, 5]),
    "its `total_iters` is 0: leave out": sequence(
        STEPS, partial(torchs.LinearLR, total_iters=0), at=[5]
    ),
    "milestones before 0 count only there": sequence(
        STEPS, partial(torchs.MultiStepLR, milestones=[-3, 5]), at=[5]
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_torch_makes_no_sense_of_is_refused(words):
    with pytest.raises(ValueError, match=words):
        read(REFUSED[words](optimizer_of()))


@pytest.mark.parametrize("later", (sequence(WARMUP, STEPS, at=[5]), chain(WARMUP, STEPS)))
def test_a_milestone_at_which_torch_fails_is_refused(later):
    scheduler = built(sequence(WARMUP, later, at=[5]), optimizer_of())
    with pytest.raises(ValueError, match="torch fails at milestone 5, where it can't start"):
        read(scheduler)
    with pytest.raises(NotImplementedError):
        stepped(scheduler, 10)


def test_glidepaths_own_schedulers_give_what_they_follow():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    lr = linear(1.0, 0.0).over(10)
    assert read(PlanScheduler(optimizer, lr))(3) == lr(3)
    cyclic = CyclicCosineDecayLR(optimizer, 10, 0.0, restart_interval=5)
    assert read(cyclic) == cyclic.schedules[0]
