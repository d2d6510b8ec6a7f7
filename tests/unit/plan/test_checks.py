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
    inverse_time,
    linear,
    presets,
    staircase,
)
from glidepath.plan.checks import LEVELS, RULES
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
    "restart": plan(Phase("a", "30 epochs", lr=CYCLE.repeat())),
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
    for rule in RULES:
        assert any(list(rule(one)) for one in ILL.values()), rule.__module__
    assert {f.code for rule in RULES for one in ILL.values() for f in rule(one)} == set(ILL)


@pytest.mark.parametrize("name", PRESETS)
def test_published_recipes_have_no_errors_and_only_known_warnings(name):
    known = {"gencast": {"floor-not-reached"}, "cyclic-cosine": {"floor-not-reached"}}
    found = PRESETS[name]().check()
    warned = {finding.code for finding in found if finding.level != "note"}
    assert warned == known.get(name, set())


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
    assert (jump.code, jump.level) == ("restart", "note")
    assert "and such jumps come 2 times more" in jump.what


def test_jumps_at_the_start_of_an_epoch_are_fine():
    at_epochs = plan(Phase("a", "5 epochs", lr=1e-3), Phase("b", "5 epochs", lr=2e-4))
    assert "jump-in-mid-epoch" not in codes(at_epochs)


def test_steps_and_epochs_are_told_apart():
    long = plan(Phase("a", "90000 epochs", lr=linear(1e-3, 0.0)))
    (finding,) = [f for f in long.check() if f.code == "steps-or-epochs"]
    assert "90,000 epochs" in finding.what
    mixed = plan(Phase("a", "90 epochs", lr=inverse_time(1e-3, 0.1, every=1)))
    (finding,) = [f for f in mixed.check() if f.code == "steps-or-epochs"]
    assert "told in epochs, `lr` in it in steps: 1 step" in finding.what


def test_a_rollout_that_never_comes_to_its_end_is_found():
    short = plan(WARM_UP, Phase("a", 3_000, lr=1e-3, rollout=staircase(2, 12, every=1_000)),
                 rollout=1)  # fmt: skip
    (finding,) = [f for f in short.check() if f.code == "never-reached"]
    assert finding.place == "rollout"
    assert "comes to 12 after 10,000 steps and has 3,000" in finding.what


def test_parts_behind_the_end_of_their_phase_are_found():
    lr = constant(1e-3).over(2_000) >> constant(1e-4).over(100)
    cut = plan(Phase("a", 10_000, lr=lr.repeat(2).lasting(1_000)))
    assert "never-reached" not in codes(cut)
    cut = plan(Phase("a", 1_000, lr=lr.lasting(1_000)))
    (finding,) = [f for f in cut.check() if f.code == "never-reached"]
    assert "1 of its parts begin at step 2,000 or later, and it is cut after 1,000" in finding.what


def test_the_memory_of_the_optimizer_is_that_of_the_plan():
    quick = Plan(*ILL["short-warm-up"].phases, beta2=0.95, horizon=EPOCHS)
    assert "short-warm-up" not in codes(quick)
    sgd = Plan(*ILL["short-warm-up"].phases, momentum=0.9, horizon=EPOCHS)
    assert "short-warm-up" not in codes(sgd)


def test_a_plan_without_a_rate_has_nothing_to_check():
    assert plan(Phase("a", 5, rollout=1)).check() == []
