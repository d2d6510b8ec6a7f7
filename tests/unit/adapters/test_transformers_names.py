"""transformers' schedulers by name, against transformers' own multipliers at every step."""

import ast
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import SchedulerType, get_scheduler

from glidepath import Phase, Plan, constant, cosine, linear, load, plateau, save
from glidepath.adapters.transformers import names
from glidepath.adapters.transformers.names import LISTENING, from_name
from glidepath.adapters.transformers.schedulers import SCHEDULERS

PEAK = 1e-3
PAST = 120
"""So many steps past the end are compared, too."""

RUNS = [(0, 1), (0, 60), (1, 13), (7, 8), (10, 110), (37, 138)]
"""Steps of the warm-up, and of the whole run."""


def cases(name, runs, *arguments):
    return [(name, *run, given) for run in runs for given in arguments]


def each(**choices):
    """A dictionary of one argument for every choice."""
    return [{key: value} for key, values in choices.items() for value in values]


WAVES = each(num_cycles=(1, 1.5, 2, 3, 0.25, 0.75, 1 / 3, 7))
FLOORS = each(min_lr=(0.0, 1e-4, 2e-3), min_lr_rate=(0.0, 0.1))
CASES = [
    *cases("linear", RUNS, {}),
    *cases("cosine", RUNS, {}, *WAVES),
    *cases("cosine_with_restarts", RUNS, {}, *each(num_cycles=(2, 3, 4, 5, 10, 1.5, 0.5))),
    *cases("polynomial", RUNS, {}, *each(power=(2, 0.5), lr_end=(0.0, 5e-4))),
    *cases("constant", [(0, 60)], {}),
    *cases("constant_with_warmup", [*RUNS, (10, None), (60, 20)], {}),
    *cases("inverse_sqrt", [*RUNS, (10, None)], {}, *each(timescale=(1, 10, 1000))),
    *cases("cosine_with_min_lr", RUNS, *FLOORS),
    *cases("cosine_with_min_lr", RUNS[1:4], *({"min_lr": 1e-4} | one for one in WAVES)),
    *cases("cosine_warmup_with_min_lr", RUNS, *FLOORS),
    *cases(
        "cosine_warmup_with_min_lr",
        RUNS[1:5],
        *({"min_lr_rate": 0.1} | one for one in WAVES),
        *({"min_lr_rate": 0.1} | one for one in each(warmup_lr_rate=(0.0, 0.1, 1.0))),
    ),
    *cases(
        "warmup_stable_decay",
        [(0, 60), (10, 60), (1, 21)],
        *(
            {"num_decay_steps": 20} | one
            for one in each(warmup_type=("linear", "cosine", "1-sqrt"))
        ),
        *({"num_decay_steps": 20} | one for one in each(decay_type=("linear", "cosine", "1-sqrt"))),
        *({"num_decay_steps": 13, "min_lr_ratio": 0.1} | one for one in [{}, *WAVES]),
        {"num_decay_steps": 0},
        {"num_decay_steps": 0, "min_lr_ratio": 0.1},
    ),
    *cases(
        "warmup_stable_decay",
        [(0, None), (10, None)],
        {"num_decay_steps": 20, "num_stable_steps": 15},
        {"num_decay_steps": 20, "num_stable_steps": 0, "decay_type": "1-sqrt", "num_cycles": 3},
    ),
]


def named(some):
    ids = [f"{name}-{n}" for n, (name, *_) in enumerate(some)]
    return pytest.mark.parametrize(("name", "warmup", "total", "given"), some, ids=ids)


def scheduler_of(optimizer, name, warmup, total, given):
    return get_scheduler(name, optimizer, warmup, total, given)


def optimizer_of(*rates):
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": rate} for rate in rates]
    return torch.optim.SGD(groups, lr=rates[0])


def theirs(name, warmup, total, given, steps, peak=PEAK):
    """The peak times the multiplier that their scheduler has at each step."""
    scheduler = scheduler_of(optimizer_of(peak), name, warmup, total, given)
    return np.array([peak * scheduler.lr_lambdas[0](step) for step in range(steps)])


def ours(name, warmup, total, given, peak=PEAK):
    return from_name(name, peak, num_warmup_steps=warmup, num_training_steps=total, **given)


def test_every_name_of_transformers_is_known():
    assert {*SCHEDULERS, *LISTENING} == {one.value for one in SchedulerType}
    assert {name for name, *_ in CASES} == set(SCHEDULERS)


@named(CASES)
def test_it_is_equal_at_every_step_and_past_the_end(name, warmup, total, given):
    schedule, steps = ours(name, warmup, total, given), warmup + (total or 100) + PAST
    values = [schedule(step) for step in range(steps)]
    rates = theirs(name, warmup, total, given, steps)
    # Far past the end their cosine is that of an angle of hundreds.
    np.testing.assert_allclose(values, rates, rtol=0, atol=2e-13 * rates.max())
    np.testing.assert_allclose(schedule(np.arange(steps)), values, rtol=1e-12, atol=1e-18)


@named(CASES[::6])
def test_every_value_scales_with_the_peak(name, warmup, total, given):
    given = {key: value for key, value in given.items() if key not in ("min_lr", "lr_end")}
    given |= {"min_lr_rate": 0.1} if "min_lr" in name and "min_lr_rate" not in given else {}
    given |= {"lr_end": 0.0} if name == "polynomial" else {}
    steps = warmup + (total or 100)
    values = [ours(name, warmup, total, given, peak=0.7)(step) for step in range(steps)]
    rates = 700 * theirs(name, warmup, total, given, steps)
    np.testing.assert_allclose(values, rates, rtol=1e-12, atol=1e-13)


@named(CASES[::6])
def test_the_same_updates_are_made_by_a_stepping_scheduler(name, warmup, total, given):
    optimizer = optimizer_of(PEAK)
    scheduler = scheduler_of(optimizer, name, warmup, total, given)
    schedule = ours(name, warmup, total, given)
    for step in range(30):
        assert optimizer.param_groups[0]["lr"] == pytest.approx(schedule(step), abs=1e-15)
        optimizer.step()
        scheduler.step()


@named(CASES[::4])
def test_it_can_be_saved_in_a_plan_and_loaded_again(name, warmup, total, given, tmp_path):
    schedule, steps = ours(name, warmup, total, given), warmup + (total or 100)
    plan = Plan(Phase("run", steps), lr=schedule)
    save(plan, tmp_path / "plan.toml")
    again = load(tmp_path / "plan.toml")
    assert again == plan
    assert [again["lr"](step) for step in range(steps)] == [schedule(s) for s in range(steps)]


@named([one for one in CASES if one[1:3] == (10, 110)][::3])
def test_it_fits_into_a_phase_as_long_as_the_run(name, warmup, total, given):
    schedule = ours(name, warmup, total, given)
    plan = Plan(Phase("run", total, lr=schedule))
    assert [plan["lr"](step) for step in (0, 50, 109)] == [schedule(s) for s in (0, 50, 109)]


@pytest.mark.parametrize("member", list(SchedulerType))
def test_a_member_of_their_enum_is_as_good_as_its_name(member):
    if member.value in LISTENING:
        with pytest.raises(ValueError, match=f"`{member.value}` lowers the rate"):
            from_name(member, PEAK)
        return
    name, *rest = next(one for one in CASES if one[0] == member.value)
    assert ours(member, *rest) == ours(name, *rest)


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("linear", {}, linear(0.0, 1e-3).over(10) >> linear(1e-3, 0.0).over(90).then(0.0)),
        (
            "cosine",
            {},
            linear(0.0, 1e-3).over(10)
            >> (cosine(1e-3, 0.0).over(90) >> cosine(0.0, 1e-3).over(90)).repeat(),
        ),
        (
            "cosine_with_restarts",
            {"num_cycles": 3},
            linear(0.0, 1e-3).over(10) >> cosine(1e-3, 0.0).over(30).repeat(3).then(0.0),
        ),
        (
            "warmup_stable_decay",
            {"num_decay_steps": 20, "decay_type": "linear"},
            (
                linear(0.0, 1e-3).over(10) >> constant(1e-3).over(70) >> linear(1e-3, 0.0).over(20)
            ).then(0.0),
        ),
    ],
)
def test_it_is_what_one_would_write(name, given, expected):
    assert ours(name, 10, 100, given) == expected


def test_their_cosine_rises_again_past_the_end_and_one_cut_off_there_does_not():
    schedule = from_name("cosine", 1.0, num_training_steps=100)
    assert schedule.total_steps is None
    assert theirs("cosine", 0, 100, {}, 201, peak=1.0)[200] == schedule(200) == 1.0
    ended = schedule.lasting(100).then(0.0)
    assert [ended(99), ended(100), ended(200)] == [schedule(99), 0.0, 0.0]


def test_a_second_group_ends_at_its_own_floor_and_in_transformers_far_below_it():
    floor, peaks = 1e-5, (1e-3, 1e-5)
    optimizer = optimizer_of(*peaks)
    scheduler_of(optimizer, "cosine_with_min_lr", 0, 100, {"min_lr": floor})
    head = scheduler_of(optimizer_of(*peaks), "cosine_with_min_lr", 0, 100, {"min_lr": floor})
    assert peaks[1] * head.lr_lambdas[1](100) == pytest.approx(floor / 100)
    groups = [ours("cosine_with_min_lr", 0, 100, {"min_lr": floor}, peak) for peak in peaks]
    assert [group(100) for group in groups] == pytest.approx([floor, floor])
    plan = Plan(Phase("run", 101), lr={"default": groups[0], "head": groups[1]}, groups=["head"])
    assert plan.at(100).values == {"lr": groups[0](100), "lr.head": groups[1](100)}


def test_a_second_group_of_their_polynomial_has_another_end_too():
    peaks, given = (1e-3, 1e-4), {"lr_end": 1e-5}
    scheduler = scheduler_of(optimizer_of(*peaks), "polynomial", 0, 100, given)
    assert peaks[1] * scheduler.lr_lambdas[1](100) == pytest.approx(1e-6)
    assert ours("polynomial", 0, 100, given, peaks[1])(100) == 1e-5


def test_from_22_restarts_on_their_quotient_misses_a_peak_that_is_there_here():
    rates = theirs("cosine_with_restarts", 0, 220, {"num_cycles": 22}, 220)
    schedule = ours("cosine_with_restarts", 0, 220, {"num_cycles": 22})
    values = np.array([schedule(step) for step in range(220)])
    assert np.flatnonzero(np.abs(values - rates) > 1e-12).tolist() == [150]
    assert rates[150] == pytest.approx(0.0, abs=1e-15)
    assert values[150] == PEAK


@pytest.mark.filterwarnings("ignore:Both num_training_steps and num_stable_steps:UserWarning")
def test_the_stable_steps_count_where_both_are_given():
    given = {"num_decay_steps": 10, "num_stable_steps": 20}
    schedule, rates = (
        ours("warmup_stable_decay", 5, 99, given),
        theirs("warmup_stable_decay", 5, 99, given, 120),
    )
    np.testing.assert_allclose([schedule(step) for step in range(120)], rates, atol=1e-18)


def test_what_a_plateau_advises_is_a_schedule():
    with pytest.raises(ValueError, match="is no function of the step: write ") as refused:
        from_name("reduce_lr_on_plateau", 0.01, factor=0.5, patience=3)
    text = str(refused.value).partition("write ")[2].partition(", which")[0]
    made = eval(text, {"constant": constant, "plateau": plateau})
    assert made == constant(0.01).over(1).cut(0.5, on=plateau("eval_loss", patience=3))


REFUSALS = [
    (("cosin",), {}, ValueError, "did you mean `cosine`"),
    (("sgdr",), {}, ValueError, "transformers has no scheduler 'sgdr': known are constant, "),
    ((3,), {}, TypeError, '`name` must be a scheduler\'s, such as "cosine", got 3'),
    (("greedy",), {}, ValueError, "raises it when it improves, and is no function of the step"),
    (("linear",), {}, ValueError, "`linear` needs `num_training_steps`"),
    (("linear",), {"num_warmup_steps": None}, ValueError, "`linear` needs `num_warmup_steps`"),
    (("linear",), {"num_training_steps": 5, "power": 1}, TypeError, "`linear` has no argument `po"),
    (("cosine",), {"num_cycle": 1}, TypeError, "did you mean `num_cycles`"),
    (("cosine",), {"last_epoch": 1}, TypeError, "`cosine` has no argument `last_epoch`"),
    (("constant",), {"num_cycles": 1}, TypeError, "no argument `num_cycles`: it takes none"),
    (("constant",), {"num_warmup_steps": 9}, ValueError, "use `constant_with_warmup`"),
    (("warmup_stable_decay",), {}, ValueError, "needs `num_decay_steps`"),
    (("warmup_stable_decay",), {"num_decay_steps": 9}, ValueError, "or `num_training_steps`"),
]
RUN = {"num_warmup_steps": 10, "num_training_steps": 100}
REFUSALS += [
    ((name,), RUN | given, error, message)
    for name, given, error, message in [
        ("linear", {"num_training_steps": 10}, ValueError, "for a warm-up alone use `constant_wi"),
        ("linear", {"num_training_steps": 100.5}, TypeError, "`num_training_steps` must be a who"),
        ("linear", {"num_warmup_steps": -1}, ValueError, "`num_warmup_steps` must be at least 0"),
        ("cosine", {"num_cycles": 0}, ValueError, "`num_cycles` must be positive"),
        ("cosine", {"num_cycles": 0.1234567}, ValueError, "a fraction of at most 1,000 parts"),
        ("cosine", {"num_cycles": 77}, ValueError, "`num_cycles` makes half waves of 0.584416 st"),
        ("polynomial", {"lr_end": 1e-3}, ValueError, "`lr_end` must be below the peak of 0.001"),
        ("polynomial", {"power": 0}, ValueError, "`power` must be positive"),
        ("inverse_sqrt", {"timescale": 0}, ValueError, "`timescale` must be at least 1, got 0"),
        ("cosine_with_min_lr", {}, ValueError, "give `min_lr`, a rate, or `min_lr_rate`"),
        ("cosine_with_min_lr", {"min_lr": 0.0, "min_lr_rate": 0.0}, ValueError, "and not both"),
        ("cosine_with_min_lr", {"min_lr": -1.0}, ValueError, "`min_lr` must be at least 0"),
        ("cosine_with_min_lr", {"min_lr": "0"}, TypeError, "`min_lr` must be a number"),
    ]
]
REFUSALS += [
    (("warmup_stable_decay",), RUN | {"num_decay_steps": 20} | given, error, message)
    for given, error, message in [
        ({"num_decay_steps": 91}, ValueError, "10 of warm-up and 91 of decay, got 100"),
        ({"decay_type": "sqrt"}, ValueError, "must be one of linear, cosine, 1-sqrt, got 'sqrt'"),
        ({"warmup_type": "log"}, ValueError, "`warmup_type` must be one of linear, cosine, 1-"),
        ({"min_lr_ratio": -0.1}, ValueError, "`min_lr_ratio` must be at least 0"),
    ]
]


@pytest.mark.parametrize(("args", "given", "error", "message"), REFUSALS)
def test_what_makes_no_sense_is_refused_with_a_way_out(args, given, error, message):
    with pytest.raises(error, match=message):
        from_name(*args, PEAK, **given)


@pytest.mark.parametrize(("peak", "error"), [(-1e-3, ValueError), ("1", TypeError)])
def test_a_peak_must_be_a_rate(peak, error):
    with pytest.raises(error, match="`peak` must be"):
        from_name("constant", peak)


def test_whole_floats_are_steps():
    assert ours("linear", 10.0, 1e2, {}) == ours("linear", 10, 100, {})


def test_names_need_neither_transformers_nor_any_other_framework():
    folder = Path(names.__file__).parent
    trees = [
        ast.parse((folder / f"{name}.py").read_text("utf-8"))
        for name in ("names", "schedulers", "arguments", "waves")
    ]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    found = {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    found |= {one.name for node in nodes if isinstance(node, ast.Import) for one in node.names}
    roots = {module.partition(".")[0] for module in found}
    assert roots - sys.stdlib_module_names == {"glidepath"}
