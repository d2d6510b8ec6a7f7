"""What looks wrong with a plan: each rule finds its illness, and stays silent on the healthy."""

import math

import pytest

from glidepath import (
    Horizon,
    Phase,
    Plan,
    constant,
    cosine,
    decay,
    from_function,
    inverse_sqrt,
    inverse_time,
    linear,
    piecewise_constant,
    presets,
    staircase,
)
from glidepath.plan.checks import LEVELS, RULES
from glidepath.plan.checks.subject import Subject
from glidepath.plan.presets import PRESETS

EPOCHS = Horizon(samples=50_000, batch=128)
WARM_UP = Phase("warm-up", 2_000, lr=linear(0.0, 1e-3), at="end")
HEALTHY = Plan(
    WARM_UP,
    Phase("decay", 98_000, lr=cosine(1e-3, 1e-5)),
    weight_decay=0.1,
    horizon=EPOCHS,
)
CYCLE = cosine(1e-3, 1e-5).over("10 epochs")


def plan(*phases, horizon=EPOCHS, **values):
    return Plan(*phases, horizon=horizon, **values)


ILL = {
    "zero-first-update": plan(
        Phase("warm-up", 2_000, lr=linear(0.0, 1e-3)), Phase("b", 9, lr=1e-3)
    ),
    "floor-not-reached": plan(Phase("a", "10 epochs", per="epoch", lr=linear(1e-3, 0.0))),
    "zero-rate": plan(Phase("a", 9_000, lr=0.0)),
    "held-tail": Plan(WARM_UP, horizon=Horizon(total_steps=9_000)),
    "rises-after-end": plan(
        Phase("a", 1_000), lr=cosine(1e-3, 1e-5).over(1_000).repeat(), horizon=Horizon()
    ),
    "impossible-rate": plan(Phase("a", 3_000, lr=from_function(lambda t: 1e-3 - 1e-6 * t))),
    "peak-not-reached": plan(
        Phase("warm-up", 10, lr=linear(0.0, 1e-3)), Phase("decay", 9_000, lr=linear(5e-4, 0.0))
    ),
    "never-reached": plan(Phase("a", 900, lr=decay(1e-3, 0.1, every="30 epochs", stair=True))),
    "cycle-cut-off": plan(Phase("a", "25 epochs", lr=CYCLE.repeat())),
    "jump-in-mid-epoch": plan(Phase("a", "5.5 epochs", lr=1e-3), Phase("b", "4.5 epochs", lr=2e-4)),
    "steps-or-epochs": plan(Phase("a", 90, lr=linear(1e-3, 0.0))),
    "short-warm-up": plan(
        Phase("warm-up", 100, lr=linear(0.0, 1e-3), at="end"),
        Phase("decay", 90_000, lr=linear(1e-3, 0.0)),
    ),
    "decay-outlives-rate": plan(
        WARM_UP, Phase("decay", 10_000, lr=linear(1e-3, 0.0), at="end"), weight_decay=0.1
    ),
    "unusual-decay": plan(Phase("a", 10_000, lr=0.5), weight_decay=0.5),
    "tenfold-jump": plan(Phase("a", 9_000, lr=1e-3), Phase("b", 9_000, lr=5e-5)),
    "phase-jump": plan(Phase("a", 9_000, lr=1e-3), Phase("b", 9_000, lr=5e-4)),
    "warm-restart": plan(Phase("a", "30 epochs", lr=CYCLE.repeat())),
    "branch-jump": HEALTHY.branch(50_000, Phase("cool-down", 1_000, lr=linear(1e-4, 0.0))),
    "never-seen": plan(Phase("a", 1_500, lr=1e-3)),
}


def codes(one):
    return {finding.code for finding in one.check()}


def test_a_healthy_plan_has_nothing_to_find():
    assert HEALTHY.check() == []


@pytest.mark.parametrize("code", ILL)
def test_each_illness_is_found(code):
    found = {finding.code: finding for finding in ILL[code].check()}
    assert code in found
    finding = found[code]
    assert finding.level in LEVELS
    assert all(len(text) > 1 for text in (finding.place, finding.what, finding.why, finding.fix))


def test_every_rule_has_an_illness_here():
    subjects = [Subject(one) for one in ILL.values()]
    for rule in RULES:
        assert any(list(rule(subject)) for subject in subjects), rule.__module__
    assert {f.code for rule in RULES for one in subjects for f in rule(one)} == set(ILL)


@pytest.mark.parametrize("name", PRESETS)
def test_published_recipes_have_nothing_worse_than_notes(name):
    assert {finding.level for finding in PRESETS[name]().check()} <= {"note"}


RATES = {
    "nan": lambda step: math.nan,
    "negative": lambda step: -1.0,
    "infinite": lambda step: math.inf,
    "once": lambda step: -1.0 if step == 777 else 1.0,
}


@pytest.mark.parametrize("name", RATES)
def test_a_rate_that_is_none_is_an_error_and_not_a_crash(name):
    (first, *_) = Plan(Phase("a", 3_000, lr=from_function(RATES[name]))).check()
    assert (first.code, first.level) == ("impossible-rate", "error")
    assert first.place == f"lr at step {777 if name == 'once' else 0}"


FALL = cosine(1e-3, 0.0).over(10)
IN_EVERY_FORM = {
    "a shape": Plan(Phase("a", 10, lr=cosine(1e-3, 0.0))),
    "a schedule": Plan(Phase("a", 10, lr=FALL)),
    "the plan's": Plan(Phase("a", 10), lr=FALL),
    "the plan's shape": Plan(Phase("a", 10), lr=cosine(1e-3, 0.0)),
    "a product": Plan(Phase("a", 10, lr=0.5 * FALL)),
    "restarts": Plan(Phase("a", 30, lr=FALL.repeat())),
}


@pytest.mark.parametrize("form", IN_EVERY_FORM)
def test_a_fall_that_stops_short_is_found_in_every_form(form):
    assert "floor-not-reached" in codes(IN_EVERY_FORM[form])


STAIRS = decay(1e-3, 0.01, every="30 epochs", stair=True)


def test_a_plan_of_a_billion_small_stairs_is_checked_in_no_time():
    stairs = decay(1.0, 0.999999, every=2, stair=True)
    assert "tenfold-jump" not in codes(Plan(Phase("a", 10**9, lr=stairs)))


def test_jumps_of_stairs_are_found_too():
    assert "tenfold-jump" in codes(plan(Phase("a", "90 epochs", lr=STAIRS)))
    assert "tenfold-jump" in codes(plan(Phase("a", "90 epochs"), lr=STAIRS))
    uneven = decay(1e-3, 0.5, every="30.5 epochs", stair=True)
    assert "jump-in-mid-epoch" in codes(plan(Phase("a", "90 epochs", lr=uneven)))
    assert "jump-in-mid-epoch" not in codes(plan(Phase("a", "90 epochs", lr=STAIRS)))


def test_a_milestone_behind_the_end_of_the_plan_is_found():
    late = piecewise_constant([1e-3, 5e-4, 2e-4], ["30 epochs", "90 epochs"])
    assert "never-reached" not in codes(plan(Phase("a", "90 epochs", lr=late)))
    late = piecewise_constant([1e-3, 5e-4, 2e-4], ["90 epochs", "95 epochs"])
    assert "never-reached" in codes(plan(Phase("a", "60 epochs"), lr=late))


@pytest.mark.parametrize(
    "inside",
    [decay(0.1, 0.1, every=30, stair=True), cosine(0.1, 0.0).over(90)],
)
def test_steps_that_can_only_be_epochs_are_found(inside):
    assert "steps-or-epochs" in codes(plan(Phase("a", "90 epochs", lr=inside)))
    rise = linear(0.0, 0.1).over(50, at="end") >> cosine(0.1, 0.0).over("80 epochs")
    assert "steps-or-epochs" not in codes(plan(Phase("a", "90 epochs", lr=rise)))


def test_what_only_looks_like_an_illness_is_left_alone():
    done = CYCLE.repeat(3) >> constant(1e-3).over("5 epochs")
    assert "cycle-cut-off" not in codes(plan(Phase("a", "35 epochs", lr=done)))
    endless = inverse_sqrt(1e-3, timescale=9_000).over("1T steps").repeat()
    assert "cycle-cut-off" not in codes(plan(Phase("a", 2_000, lr=endless)))
    faded = linear(0.0, 1.0).over(2_000) * linear(1e-3, 0.0).over(2_000)
    assert "peak-not-reached" not in codes(plan(Phase("a", 2_000, lr=faded)))
    short = Plan(Phase("a", 30, lr=linear(0.0, 1.0), at="end"), Phase("b", 99, lr=1.0))
    assert "peak-not-reached" not in codes(short)


def test_a_group_s_decay_is_judged_by_its_own_rate():
    lr = {"default": 1e-3, "head": 1_000.0}
    grouped = plan(Phase("a", 90_000, lr=lr), weight_decay=0.1, groups=["head"])
    (finding,) = [f for f in grouped.check() if f.code == "unusual-decay"]
    assert finding.place == "lr.head times weight_decay.head"


def test_the_worst_comes_first():
    plan_of_all = plan(
        Phase("warm-up", 10, lr=linear(0.0, 1.0)),
        Phase("decay", 1_000, lr=from_function(lambda t: math.nan if t == 500 else -1.0)),
    )
    levels = [finding.level for finding in plan_of_all.check()]
    assert levels == sorted(levels, key=LEVELS.index)
    assert levels[0] == "error"


def test_a_phase_sampled_at_its_end_reaches_its_floor_and_moves_at_once():
    mended = plan(
        Phase("a", "10 epochs", per="epoch", at="end", lr=linear(1e-3, 0.0)), weight_decay=0.0
    )
    assert "floor-not-reached" not in codes(mended)
    assert "zero-first-update" not in codes(mended)


def test_cycles_that_end_with_the_run_are_fine():
    assert "cycle-cut-off" not in codes(plan(Phase("a", "30 epochs", lr=CYCLE.repeat())))
    (finding,) = [f for f in ILL["cycle-cut-off"].check() if f.code == "cycle-cut-off"]
    assert "stop at step 7,812, or near step 11,718" in finding.fix


def test_warm_restarts_jump_on_purpose_and_are_only_noted():
    (jump,) = presets.sgdr().check()
    assert (jump.code, jump.level) == ("warm-restart", "note")
    assert "and 2 more such jumps follow" in jump.what


def test_jumps_at_the_start_of_an_epoch_are_fine():
    at_epochs = plan(Phase("a", "5 epochs", lr=1e-3), Phase("b", "5 epochs", lr=2e-4))
    assert "jump-in-mid-epoch" not in codes(at_epochs)


def test_steps_and_epochs_are_told_apart():
    long = plan(Phase("a", "90000 epochs", lr=linear(1e-3, 0.0)))
    (finding,) = [f for f in long.check() if f.code == "steps-or-epochs"]
    assert "90,000 epochs" in finding.what
    mixed = plan(Phase("a", "90 epochs", lr=inverse_time(1e-3, 0.1, every=1)))
    (finding,) = [f for f in mixed.check() if f.code == "steps-or-epochs"]
    assert "lasts 90 epochs, and `lr` in it counts in 1 step" in finding.what


def test_a_rollout_that_never_comes_to_its_end_is_found():
    short = plan(WARM_UP, Phase("a", 3_000, lr=1e-3, rollout=staircase(2, 12, every=1_000)),
                 rollout=1)  # fmt: skip
    (finding,) = [f for f in short.check() if f.code == "never-reached"]
    assert finding.place == "rollout"
    assert "comes to 12 after 10,000 steps and has 3,000" in finding.what


def test_parts_behind_the_end_of_their_phase_are_found():
    lr = constant(1e-3).over(2_000) >> constant(1e-4).over(100)
    assert "never-reached" not in codes(plan(Phase("a", 10_000, lr=lr.repeat(2))))
    for cut in (lr.lasting(1_000), lr.repeat(2).lasting(1_000), 2 * lr.lasting(1_000)):
        for made in (plan(Phase("a", 1_000, lr=cut)), plan(Phase("a", 1_000), lr=cut)):
            (finding,) = [f for f in made.check() if f.code == "never-reached"]
            assert finding.what == "constant(0.0001).over('100 steps') would begin after the end"


def test_the_memory_of_the_optimizer_is_that_of_the_plan():
    quick = Plan(*ILL["short-warm-up"].phases, beta2=0.95, horizon=EPOCHS)
    assert "short-warm-up" not in codes(quick)
    sgd = Plan(*ILL["short-warm-up"].phases, momentum=0.9, horizon=EPOCHS)
    assert "short-warm-up" not in codes(sgd)


def test_a_plan_without_a_rate_has_nothing_to_check():
    assert Plan(Phase("a", 5, rollout=1)).check() == []
    short = Plan(Phase("a", 5, rollout=staircase(1, 9, every=3)))
    assert codes(short) == {"never-reached"}
