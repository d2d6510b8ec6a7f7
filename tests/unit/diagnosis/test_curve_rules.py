"""Rules about curves, at their edges: what they must not take for an illness, and what they say."""

import itertools
import math

import numpy as np
import pytest

from glidepath import Horizon, Phase, Plan, constant, cosine, linear, staircase
from glidepath.diagnosis.course import courses
from glidepath.diagnosis.rules import (
    data_order_repeats,
    divergence,
    edge_of_stability,
    ends_on_high_rate,
    epoch_sawtooth,
    input_bound,
    loss_above_start,
    loss_plateau,
    loss_spikes,
    off_the_plan,
    overfitting,
    throughput_drops,
    warm_up_too_short,
)
from glidepath.diagnosis.stretches import stretches
from glidepath.plan.files import dumps
from glidepath.record import History

CURVES = (
    data_order_repeats,
    divergence,
    edge_of_stability,
    ends_on_high_rate,
    epoch_sawtooth,
    input_bound,
    loss_above_start,
    loss_plateau,
    loss_spikes,
    off_the_plan,
    overfitting,
    throughput_drops,
    warm_up_too_short,
)


def a_history(plan=None, *, before=(), after=(), total_steps=None, **columns):
    """A record of columns, each with one value an update; None is left out."""
    header = {"kind": "run", "plan": plan and dumps(plan), "total_steps": total_steps}
    num = max(map(len, columns.values()))
    updates = [
        {"kind": "update", "step": step}
        | {name: of[step] for name, of in columns.items() if of[step] is not None}
        for step in range(num)
    ]
    return History([header, *before, *updates, *after])


def found(rule, history):
    """The one finding of a rule, or None."""
    findings = list(rule.RULE.find(history))
    assert len(findings) <= 1
    assert all(finding.code == rule.RULE.code for finding in findings)
    return findings[0] if findings else None


def falling(num=400, start=2.0, end=0.5, noise=0.02, seed=0):
    """A loss as a healthy run has it."""
    chance = np.random.default_rng(seed)
    curve = end + (start - end) * np.exp(-np.arange(num) / (num / 5))
    return curve + noise * chance.normal(size=num)


def evaluated(metric, losses, every):
    return [
        {"kind": "evaluation", "step": (i + 1) * every, metric: float(loss)}
        for i, loss in enumerate(losses)
    ]


# Stretches and courses


def test_a_run_without_a_plan_is_one_stretch():
    assert stretches(a_history(loss=falling(30))) == [slice(0, 30)]


def test_nothing_recorded_is_no_stretch():
    assert stretches(History()) == []
    assert courses(History()) == []


def test_a_rollout_that_changes_ends_a_stretch_and_a_rate_does_not():
    plan = Plan(
        Phase("one", 10, lr=linear(1.0, 0.0), rollout=1),
        Phase("more", 20, lr=0.1, rollout=staircase(2, 3, every="10 steps")),
    )
    steps = np.arange(30)
    history = a_history(
        plan, loss=falling(30), lr=plan["lr"](steps), rollout=plan["rollout"](steps)
    )
    assert stretches(history) == [slice(0, 10), slice(10, 20), slice(20, 30)]
    assert [course.is_first for course in courses(history)] == [True, False, False]


def test_losses_that_were_not_recorded_are_left_out_and_those_that_were_no_number_are_infinite():
    losses = [1.0, None, 0.9, math.nan, math.nan]
    seen = {"kind": "nonfinite", "step": 3}
    assert courses(a_history(loss=losses))[0].losses.tolist() == [1.0, 0.9]
    marked = courses(a_history(loss=losses, after=[seen]))[0]
    assert marked.losses.tolist() == [1.0, 0.9, math.inf, math.inf]
    assert marked.steps.tolist() == [0, 2, 3, 4]


@pytest.mark.parametrize("rule", CURVES, ids=lambda rule: rule.RULE.code)
def test_a_record_that_has_only_begun_says_nothing(rule):
    assert found(rule, History()) is None
    assert found(rule, a_history(loss=[1.0])) is None
    assert found(rule, a_history(loss=[1.0, 2.0], lr=[0.1, 0.1], seconds=[None, 1.0])) is None


NASTY = [0.0, -0.0, 1.0, 2.0, -1.0, 5e-324, 1e-200, 1e300, math.nan, math.inf, -math.inf]


def nasty(chance, num, are_times=False):
    """Numbers of the size of losses, and some that no run should have."""
    values = np.abs(chance.normal(size=num)) * 10.0 ** chance.integers(-2, 3)
    is_odd = chance.random(num) < chance.choice([0.0, 0.01, 0.3])
    values = np.where(is_odd, chance.choice(NASTY, num), values)
    if are_times:
        values = np.clip(np.nan_to_num(values), 0.0, 1e6)
    is_there = chance.random(num) < chance.choice([1.0, 0.5])
    return [float(v) if here else None for v, here in zip(values, is_there, strict=True)]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_was_recorded_every_rule_says_something_plain_or_nothing(seed):
    chance = np.random.default_rng(seed)
    num = int(chance.integers(1, 700))
    plan = Plan(Phase("all", 300, lr=cosine(1.0, 0.0)), horizon=Horizon(samples=240, batch=10))
    columns = {
        name: nasty(chance, num, are_times="seconds" in name)
        for name in ("loss", "lr", "seconds", "data_seconds", "gradient_norm", "update_ratio")
    }
    columns["batch"] = [str(one) for one in chance.integers(0, 3, num)]
    columns["rollout"] = np.sort(chance.integers(1, chance.integers(2, 5), num)).tolist()
    marks = [{"kind": "nonfinite", "step": num // 2}, {"kind": "restart", "step": num // 3}]
    marks += [{"kind": "end", "state": "finished"}] * (seed % 2)
    measured = [
        {"kind": "evaluation", "step": int(step), "val_loss": float(value)}
        for step, value in zip(np.linspace(1, num, 12), nasty(chance, 12), strict=True)
        if value is not None
    ]
    history = a_history(plan, after=[*measured, *marks], total_steps=300, **columns)
    for rule in CURVES:
        for finding in rule.RULE.find(history):
            assert finding.what
            for value in finding.evidence.values():
                assert isinstance(value, int | float | str | list | None)


# Divergence


def test_a_loss_that_falls_has_not_diverged():
    assert found(divergence, a_history(loss=falling())) is None


def test_a_loss_of_four_times_its_best_that_stays_above_its_start_has_diverged():
    losses = np.concatenate([falling(300), np.full(60, 8.0)])
    finding = found(divergence, a_history(loss=losses, lr=np.full(360, 0.25)))
    assert finding.level == "error"
    assert finding.step == 300
    assert finding.evidence["now"] == 8.0
    assert finding.evidence["rate"] == 0.25
    assert finding.what.endswith("it began at 2")


def test_half_of_what_was_learnt_and_lost_is_a_divergence_though_the_loss_is_below_its_start():
    lost = np.concatenate([falling(300), np.full(60, 1.5)])
    mild = np.concatenate([falling(300), np.full(60, 1.1)])
    assert found(divergence, a_history(loss=lost)).sure == "likely"
    assert found(divergence, a_history(loss=mild)) is None


def test_a_loss_that_came_back_has_not_diverged():
    losses = np.concatenate([falling(200), np.full(40, 9.0), falling(200, start=3.0)])
    assert found(divergence, a_history(loss=losses[:235])) is not None
    assert found(divergence, a_history(loss=losses)) is None


def test_an_explosion_to_infinity_is_a_divergence_and_a_single_bad_batch_is_none():
    marks = [{"kind": "nonfinite", "step": 20}]
    exploded = [*falling(16), 5.0, 90.0, 1e6, 1e20, *[math.nan] * 10]
    at_once = [*falling(20), *[math.nan] * 10]
    finding = found(divergence, a_history(loss=exploded, after=marks))
    assert "no number" in finding.what
    assert finding.step == 16
    assert found(divergence, a_history(loss=at_once, after=marks)) is None


def test_a_longer_rollout_begins_with_a_larger_loss_and_that_is_no_divergence():
    losses = np.concatenate([falling(200), 10 * falling(40, start=1.0, end=0.9)])
    rollout = [1] * 200 + [4] * 40
    assert found(divergence, a_history(loss=losses, rollout=rollout)) is None
    assert found(divergence, a_history(loss=losses)) is not None


def test_a_way_out_of_a_divergence_names_the_last_checkpoint_before_it():
    losses = np.concatenate([falling(300), np.full(60, 8.0)])
    saved = [{"kind": "checkpoint", "step": step} for step in (100, 200, 320)]
    finding = found(divergence, a_history(loss=losses, after=saved))
    assert "checkpoint at step 200" in finding.tries[0]


# Above the start


def test_a_loss_above_its_start_is_told_with_its_level():
    chance = np.random.default_rng(0)
    losses = np.concatenate([[2.0, 2.1, 2.3], 3 + 0.1 * chance.normal(size=197)])
    finding = found(loss_above_start, a_history(loss=losses, lr=np.full(200, 7.0)))
    assert finding.level == "error"
    assert finding.evidence["start"] == 2.1
    assert finding.evidence["usual"] == pytest.approx(3, abs=0.03)
    assert finding.evidence["peak_rate"] == 7.0


def test_a_noisy_loss_that_learns_nothing_is_not_above_its_start():
    for seed in range(200):
        chance = np.random.default_rng(seed)
        losses = 0.1 + np.square(chance.normal(size=150))
        assert found(loss_above_start, a_history(loss=losses)) is None


def test_a_record_that_begins_in_the_midst_has_no_start():
    lines = [{"kind": "update", "step": 5000 + i, "loss": 2.0 + (i > 5)} for i in range(200)]
    whole = [{"kind": "update", "step": i, "loss": 2.0 + (i > 5)} for i in range(200)]
    assert found(loss_above_start, History(whole)) is not None
    assert found(loss_above_start, History(lines)) is None


# Sawtooth


def test_a_loss_that_swings_by_turns_is_a_sawtooth_from_its_first_window_on():
    losses = falling(400, noise=0.0)
    losses[200:] *= 1 + 0.1 * (-1) ** np.arange(200)
    finding = found(edge_of_stability, a_history(loss=losses, lr=np.full(400, 0.5)))
    assert finding.step == 192
    assert finding.evidence["depth"] == pytest.approx(0.1, rel=0.05)
    assert finding.evidence["rate"] == 0.5


def test_noise_and_a_slow_wave_are_no_sawtooth():
    wave = falling(400, noise=0.0) * (1 + 0.3 * np.sin(np.arange(400) / 3))
    assert found(edge_of_stability, a_history(loss=wave)) is None
    assert found(edge_of_stability, a_history(loss=falling(4000, noise=0.3))) is None


def bumpy():
    """A smooth loss that rises by a fifth now and then."""
    return falling(400, noise=0.0) * (1 + 0.2 * np.sin(np.arange(400) / 5) ** 2)


def test_of_a_single_batch_every_rise_is_the_updates_own():
    always, new = ["all"] * 400, [str(i) for i in range(400)]
    finding = found(edge_of_stability, a_history(loss=bumpy(), batch=always))
    assert finding.step == 0
    assert "the same batch" in finding.what
    assert found(edge_of_stability, a_history(loss=bumpy(), batch=new)) is None
    plan = Plan(Phase("all", 400, lr=0.1), horizon=Horizon(samples=64, batch=64))
    assert found(edge_of_stability, a_history(plan, loss=bumpy(), batch=new)) is not None


def test_noise_on_a_single_batch_and_a_rate_that_rises_are_no_sawtooth():
    always = ["all"] * 400
    noisy = falling(400, noise=0.1)
    assert found(edge_of_stability, a_history(loss=noisy, batch=always)) is None
    rising = np.linspace(0.0, 1.0, 400) ** 4
    history = a_history(loss=bumpy(), batch=always, lr=rising)
    assert found(edge_of_stability, history) is None


def test_two_batches_that_take_turns_are_no_sawtooth():
    losses = falling(400, noise=0.0) * (1 + 0.1 * (-1) ** np.arange(400))
    batches = ["a", "b"] * 200
    assert found(edge_of_stability, a_history(loss=losses)) is not None
    assert found(edge_of_stability, a_history(loss=losses, batch=batches)) is None
    plan = Plan(Phase("all", 400, lr=0.1), horizon=Horizon(samples=64, batch=32))
    assert found(edge_of_stability, a_history(plan, loss=losses)) is None


# Warm-up


def a_jump(height, num=300, at=12):
    losses = falling(num)
    losses[at : at + 12] += height
    return losses


def test_a_jump_after_a_warm_up_is_told_with_its_length_and_its_peak():
    rates = np.minimum(np.arange(300) / 10, 1.0) * 0.3
    finding = found(warm_up_too_short, a_history(loss=a_jump(4.0), lr=rates))
    assert finding.evidence["warm_up_steps"] == 10
    assert finding.evidence["peak"] == pytest.approx(0.3)
    assert 12 <= finding.step < 24
    assert "in 10 updates" in finding.what


def test_a_small_jump_and_one_long_after_the_warm_up_are_not_the_warm_ups():
    rates = np.minimum(np.arange(300) / 10, 1.0) * 0.3
    assert found(warm_up_too_short, a_history(loss=a_jump(0.5), lr=rates)) is None
    assert found(warm_up_too_short, a_history(loss=a_jump(4.0, at=120), lr=rates)) is None


def test_a_loss_that_does_not_come_back_is_not_the_warm_ups():
    rates = np.minimum(np.arange(300) / 10, 1.0) * 0.3
    losses = np.concatenate([falling(300)[:12], np.full(288, 7.0)])
    assert found(warm_up_too_short, a_history(loss=losses, lr=rates)) is None


def test_without_rates_there_is_no_warm_up():
    assert found(warm_up_too_short, a_history(loss=a_jump(4.0))) is None


def test_the_rise_of_a_cycle_is_no_warm_up():
    rates = np.concatenate([np.linspace(0, 1, 120), np.linspace(1, 0, 280)])
    losses = a_jump(4.0, num=400, at=130)
    assert found(warm_up_too_short, a_history(loss=losses, lr=rates, total_steps=400)) is None
    assert found(warm_up_too_short, a_history(loss=losses, lr=rates, total_steps=4000)) is not None


# Plateau


def flat(num=400, level=2.3, noise=0.02):
    return level + noise * np.random.default_rng(0).normal(size=num)


def test_a_loss_that_never_falls_is_a_plateau():
    finding = found(loss_plateau, a_history(loss=flat(), lr=np.full(400, 0.1)))
    assert finding.step == 200
    assert finding.evidence["level"] == pytest.approx(2.3, abs=0.01)
    assert abs(finding.evidence["learnt"]) < 0.02


@pytest.mark.parametrize("first", [0.05, 0.0, -0.05, -0.4])
def test_a_loss_that_never_falls_is_a_plateau_on_either_side_of_its_first_loss(first):
    for seed in range(10):
        losses = 2.3 + 0.04 * np.random.default_rng(seed).normal(size=2000)
        losses[0] += first
        history = a_history(loss=losses, lr=np.full(2000, 0.1))
        finding = found(loss_plateau, history)
        assert ("below" if finding.evidence["learnt"] >= 0 else "above") in finding.what
        assert found(loss_above_start, history) is None


def test_a_loss_that_stays_far_above_its_start_is_for_one_rule_alone():
    history = a_history(loss=np.concatenate([[1.0, 1.0, 1.0], flat()]))
    assert found(loss_above_start, history) is not None
    assert found(loss_plateau, history) is None


def test_a_run_that_has_converged_is_no_plateau():
    losses = np.concatenate([falling(400), flat(2000, level=0.5)])
    assert found(loss_plateau, a_history(loss=losses)) is None


def test_a_loss_that_stands_still_because_its_rate_is_small_is_no_plateau():
    rates = np.concatenate([np.full(100, 0.1), np.full(300, 1e-3)])
    assert found(loss_plateau, a_history(loss=flat(), lr=rates)) is None
    assert found(loss_plateau, a_history(loss=flat(), lr=np.zeros(400))) is None


def test_parameters_that_do_not_move_are_for_another_rule():
    norms = {"parameter_norm": np.full(400, 3.0)}
    moving = {"parameter_norm": np.linspace(3.0, 3.1, 400)}
    assert found(loss_plateau, a_history(loss=flat(), **norms)) is None
    assert found(loss_plateau, a_history(loss=flat(), **moving)) is not None


def test_a_slow_fall_is_no_plateau():
    losses = flat() * np.linspace(1.0, 0.93, 400)
    assert found(loss_plateau, a_history(loss=losses)) is None


# Spikes


def with_spikes(*steps, num=1600, height=3.0, long=20):
    losses = falling(num)
    for step in steps:
        losses[step : step + long] += height
    return losses


def test_spikes_are_told_with_their_steps_and_the_norm_before_the_highest():
    losses = with_spikes(900, 1205, 1400)
    losses[1205:1225] += 1.0
    norms = np.ones(1600)
    norms[1203] = 6.0
    finding = found(loss_spikes, a_history(loss=losses, gradient_norm=norms))
    assert finding.level == "warning"
    assert finding.evidence["spikes"] == [900, 1205, 1400]
    assert finding.evidence["norm_before"] == 6.0
    assert finding.evidence["usual_norm"] == 1.0
    assert finding.step == 900


def test_one_spike_is_a_note():
    assert found(loss_spikes, a_history(loss=with_spikes(900))).level == "note"


def test_odd_batches_are_no_spikes():
    losses = falling(1600)
    losses[::97] += 5.0
    assert found(loss_spikes, a_history(loss=losses)) is None


def test_a_jump_at_a_warm_restart_is_no_spike():
    rates = np.concatenate([np.linspace(0.1, 0.001, 900), np.linspace(0.1, 0.001, 700)])
    losses = with_spikes(900)
    assert found(loss_spikes, a_history(loss=losses, lr=rates)) is None
    assert found(loss_spikes, a_history(loss=losses, lr=np.full(1600, 0.1))) is not None


def test_a_loss_that_stays_high_is_no_spike():
    losses = np.concatenate([falling(1000), np.full(600, 6.0)])
    assert found(loss_spikes, a_history(loss=losses)) is None


# Overfitting


def test_validation_that_turns_while_training_falls_is_overfitting_from_its_best_on():
    turning = [1.2, 0.9, 0.8, 0.85, 0.95, 1.0, 1.05, 1.1]
    lines = evaluated("val_loss", turning, 50)
    finding = found(overfitting, a_history(loss=falling(400), after=lines))
    assert finding.step == 150
    assert finding.evidence["best"] == 0.8
    assert finding.evidence["now"] == 1.05
    assert "31% more" in finding.what


@pytest.mark.parametrize(
    ("metric", "values"),
    [
        ("val_loss", [1.2, 0.9, 0.8, 0.7, 0.65, 0.62, 0.6, 0.59]),
        ("val_loss", [1.2, 0.9, 0.8, 0.82, 0.83, 0.82, 0.84, 0.83]),
        ("val_loss", [2.2, 0.3, 0.02, 0.021, 0.025, 0.03, 0.03, 0.03]),
        ("accuracy", [1.2, 0.9, 0.8, 0.85, 0.95, 1.0, 1.05, 1.1]),
        ("train_loss", [1.2, 0.9, 0.8, 0.85, 0.95, 1.0, 1.05, 1.1]),
    ],
)
def test_validation_that_falls_or_hardly_rises_and_other_metrics_are_not(metric, values):
    lines = evaluated(metric, values, 50)
    assert found(overfitting, a_history(loss=falling(400), after=lines)) is None


def test_where_training_rises_too_it_is_no_overfitting():
    lines = evaluated("val_loss", [1.2, 0.9, 0.8, 0.85, 0.95, 1.0, 1.05, 1.1], 50)
    losses = np.concatenate([falling(150), np.linspace(0.6, 1.2, 250)])
    assert found(overfitting, a_history(loss=losses, after=lines)) is None


# The end


def ended(rates, plan=None, state="finished"):
    end = [{"kind": "end", "step": len(rates), "state": state}]
    return found(ends_on_high_rate, a_history(plan, lr=rates, after=end))


def test_a_run_that_is_cut_off_in_a_cycle_ends_on_a_high_rate():
    cycle = cosine(1.0, 0.0).over(100).repeat()
    assert ended(cycle(np.arange(220))).evidence["last"] == pytest.approx(0.914, abs=1e-3)
    assert ended(cycle(np.arange(290))) is None


def test_a_plan_that_would_have_gone_on_is_named():
    plan = Plan(Phase("all", 1000, lr=linear(1.0, 0.0)))
    finding = ended(plan["lr"](np.arange(300)), plan)
    assert finding.evidence["left_of_the_plan"] == 700
    assert "goes on for 700 updates" in finding.what


def test_a_cool_down_that_never_came_is_missed_though_the_rate_never_fell():
    plan = Plan(Phase("stable", 800, lr=1.0), Phase("decay", 200, lr=linear(1.0, 0.0)))
    assert ended(plan["lr"](np.arange(500)), plan).evidence["left_of_the_plan"] == 500


@pytest.mark.parametrize(
    "curve",
    [
        constant(1.0).over(100),
        linear(0.0, 1.0).over(20) >> constant(1.0).over(80),
        linear(1.0, 0.0).over(100),
        cosine(1.0, 0.4).over(100),
    ],
)
def test_a_rate_that_falls_by_half_or_never_is_a_choice(curve):
    assert ended(curve(np.arange(100)), Plan(Phase("all", 100, lr=curve))) is None


def test_a_run_that_goes_on_or_was_stopped_has_not_ended():
    cycle = cosine(1.0, 0.0).over(100).repeat()(np.arange(220))
    assert ended(cycle, state="stopped") is None
    assert found(ends_on_high_rate, a_history(lr=cycle, total_steps=400)) is None
    assert found(ends_on_high_rate, a_history(lr=cycle, total_steps=220)) is not None


# Off the plan


PLAN = Plan(
    Phase("warm-up", 20, lr=linear(0.0, 0.1)),
    Phase("decay", 280, lr=cosine(0.1, 0.0)),
    horizon=Horizon(samples=500, batch=10),
    weight_decay=0.1,
)


def used(rate_at, **settings):
    rates = np.asarray(rate_at(PLAN["lr"], np.arange(300)), np.float64)
    return found(off_the_plan, a_history(PLAN, lr=rates, **settings))


@pytest.mark.parametrize(
    ("rate_at", "pattern"),
    [
        (lambda lr, t: lr(np.maximum(t - 1, 0)), "it is 1 step behind"),
        (lambda lr, t: lr(t + 1), "it is 1 step ahead"),
        (lambda lr, t: lr(t + 2), "it is 2 steps ahead"),
        (lambda lr, t: lr(4 * t), "it moves 4 times too fast"),
        (lambda lr, t: lr(2 * t + 1), "it moves 2 times too fast"),
        (lambda lr, t: lr(t // 8), "it moves 8 times too slowly"),
        (lambda lr, t: lr(t // 50), "it moves 50 times too slowly, once an epoch"),
        (lambda lr, t: 0.05 + 0 * t, "it stands still"),
        (lambda lr, t: 8 * lr(t), "it is the plan's times 8"),
        (lambda lr, t: np.where(t < 200, lr(t), 0.07), ""),
    ],
)
def test_the_way_in_which_values_differ_from_the_plan_is_told(rate_at, pattern):
    assert used(rate_at).evidence["pattern"] == pattern


def test_the_first_difference_is_told_with_both_values():
    finding = used(lambda lr, t: np.where(t < 200, lr(t), 0.07))
    assert finding.step == 200
    assert finding.evidence["used"] == 0.07
    assert finding.evidence["planned"] == pytest.approx(PLAN["lr"](200))
    assert finding.evidence["differing"] == 100
    assert finding.sure == "certain"


def test_values_in_float32_follow_the_plan():
    assert used(lambda lr, t: lr(t).astype(np.float32)) is None
    rounding = np.random.default_rng(0).uniform(-1, 1, 300)
    assert used(lambda lr, t: lr(t) * (1 + 3e-7 * rounding)) is None
    assert used(lambda lr, t: lr(t) + 2e-8 * rounding) is None


def test_values_that_are_only_the_plans_are_not_judged():
    assert used(lambda lr, t: 2 * lr(t), planned=[True] * 300) is None
    half = used(lambda lr, t: 2 * lr(t), planned=[True] * 150 + [None] * 150)
    assert half.step == 150
    assert half.evidence["seen"] == 150


def test_a_schedule_that_began_again_at_a_restart_is_recognised():
    restart = [{"kind": "restart", "step": 100}]
    finding = used(lambda lr, t: lr(np.where(t < 100, t, t - 100)), after=restart)
    assert finding.step == 100
    assert finding.evidence["pattern"] == "it began again at 0 when the run went on at step 100"


def test_updates_before_the_last_start_may_have_followed_another_plan():
    restart = [{"kind": "restart", "step": 100}]
    assert used(lambda lr, t: np.where(t < 100, 0.5, lr(t)), after=restart) is None


def test_every_quantity_of_the_plan_is_judged_and_other_columns_are_not():
    t = np.arange(300)
    columns = {"lr": PLAN["lr"](t), "weight_decay": np.full(300, 0.01), "momentum": np.ones(300)}
    finding = found(off_the_plan, a_history(PLAN, **columns))
    assert finding.evidence["quantity"] == "weight_decay"
    assert finding.evidence["pattern"] == "it is the plan's times 0.1"


# Data order


def batches(*orders):
    return [str(i) for order in orders for i in order]


def test_an_epoch_in_the_order_of_the_one_before_is_told_with_its_length():
    finding = found(data_order_repeats, a_history(batch=batches(*[range(30)] * 4)))
    assert finding.evidence == {"epoch": 30, "repeated": 90, "step": 30}


def test_it_is_told_before_the_second_epoch_is_over():
    early = batches(range(1000), range(25))
    assert found(data_order_repeats, a_history(batch=early)).evidence["epoch"] == 1000
    assert found(data_order_repeats, a_history(batch=early[:1010])) is None


def test_batches_that_are_shuffled_are_no_illness_however_few_they_are():
    for num in (2, 3, 30):
        chance = np.random.default_rng(num)
        shuffled = batches(*(chance.permutation(num).tolist() for _ in range(3000 // num)))
        assert found(data_order_repeats, a_history(batch=shuffled)) is None


def test_one_batch_is_no_illness_and_neither_are_new_ones():
    assert found(data_order_repeats, a_history(batch=["all"] * 100)) is None
    assert found(data_order_repeats, a_history(batch=batches(range(100)))) is None


def test_batches_that_are_not_all_known_are_not_judged():
    known = [*batches(range(30)), None, *batches(range(30))]
    assert found(data_order_repeats, a_history(batch=known, loss=[1.0] * 61)) is None


def test_a_loader_that_began_again_at_a_restart_is_told_with_the_place():
    restart = [{"kind": "restart", "step": 60}]
    seen = batches(range(60), range(40, 60), range(60, 80))
    finding = found(data_order_repeats, a_history(batch=seen, after=restart))
    assert finding.evidence == {"restart": 60, "same_as": 40, "repeated": 20}
    goes_on = batches(range(100))
    assert found(data_order_repeats, a_history(batch=goes_on, after=restart)) is None


# Time


def test_updates_that_take_longer_are_told_with_both_times():
    seconds = [0.1] * 200 + [0.3] * 200
    finding = found(throughput_drops, a_history(seconds=seconds))
    assert finding.step == 200
    assert finding.evidence["before_seconds"] == 0.1
    assert finding.evidence["after_seconds"] == 0.3
    assert "from step 200 on" in finding.what


def test_a_drop_that_is_over_is_told_with_its_end():
    seconds = [0.1] * 200 + [0.3] * 100 + [0.1] * 100
    assert "from step 200 to step 299" in found(throughput_drops, a_history(seconds=seconds)).what


@pytest.mark.parametrize(
    "seconds",
    [
        [30.0] + [0.1] * 399,
        ([0.1] * 39 + [5.0]) * 10,
        [0.1] * 200 + [0.15] * 200,
        [0.001] * 200 + [0.01] * 200,
        [0.3] * 200 + [0.1] * 200,
        [0.1] * 360 + [0.3] * 40,
    ],
    ids=["compilation", "pauses", "half as much", "milliseconds", "faster", "just begun"],
)
def test_what_is_no_drop_in_throughput(seconds):
    assert found(throughput_drops, a_history(seconds=seconds)) is None


def test_a_longer_rollout_takes_longer():
    seconds = [0.1] * 200 + [0.3] * 200
    rollout = [1] * 200 + [3] * 200
    assert found(throughput_drops, a_history(seconds=seconds, rollout=rollout)) is None


def test_waiting_for_most_of_the_time_is_input_bound():
    finding = found(input_bound, a_history(seconds=[0.1] * 100, data_seconds=[0.07] * 100))
    assert finding.evidence["share"] == pytest.approx(0.7)
    assert finding.evidence["lost_seconds"] == pytest.approx(7.0)
    assert found(input_bound, a_history(seconds=[0.1] * 100, data_seconds=[0.04] * 100)) is None
    rarely = list(itertools.islice(itertools.cycle([0.09, 0.01, 0.01]), 99))
    assert found(input_bound, a_history(seconds=[0.1] * 99, data_seconds=rarely)) is None


# Epochs


def in_epochs(levels, epoch=40, noise=0.02, seed=0):
    """Losses that follow a list of (first, last) of each epoch."""
    chance = np.random.default_rng(seed)
    parts = [np.linspace(first, last, epoch) for first, last in levels]
    curve = np.concatenate(parts)
    return curve + noise * chance.normal(size=len(curve))


EPOCHS = Plan(Phase("all", 400, lr=0.1), horizon=Horizon(samples=400, batch=10))


def test_a_loss_that_falls_only_at_the_ends_of_epochs_is_a_sawtooth():
    stairs = in_epochs([(2 * 0.8**e, 2 * 0.8**e) for e in range(10)])
    finding = found(epoch_sawtooth, a_history(EPOCHS, loss=stairs, lr=[0.1] * 400))
    assert finding.step == 40
    assert finding.evidence["ends"] == finding.evidence["deep"] == 9
    assert finding.evidence["drop"] == pytest.approx(0.16, abs=0.05)


def test_epochs_of_whole_batches_are_found_too():
    plan = Plan(Phase("all", 400, lr=0.1), horizon=Horizon(samples=405, batch=10))
    stairs = in_epochs([(2 * 0.8**e, 2 * 0.8**e) for e in range(10)])
    assert found(epoch_sawtooth, a_history(plan, loss=stairs)) is not None


def test_a_loss_that_falls_all_the_time_is_no_sawtooth():
    steady = falling(400, start=3.0)
    assert found(epoch_sawtooth, a_history(EPOCHS, loss=steady, lr=[0.1] * 400)) is None


def test_drops_where_the_rate_is_cut_are_the_rates():
    stairs = in_epochs([(2 * 0.8**e, 2 * 0.8**e) for e in range(10)])
    rates = np.repeat(0.1 * 0.5 ** np.arange(10), 40)
    assert found(epoch_sawtooth, a_history(EPOCHS, loss=stairs, lr=rates)) is None


def test_without_the_length_of_an_epoch_nothing_is_said():
    stairs = in_epochs([(2 * 0.8**e, 2 * 0.8**e) for e in range(10)])
    plan = Plan(Phase("all", 400, lr=0.1))
    assert found(epoch_sawtooth, a_history(plan, loss=stairs)) is None
