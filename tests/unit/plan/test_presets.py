"""Published recipes against the numbers and formulas that were published."""

import inspect
import math
import re

import numpy as np
import pytest

from glidepath import Horizon, Plan, presets
from glidepath.plan.presets import ADVICE, PRESETS
from glidepath.plan.presets.parts.run import Run

close = pytest.approx

PAIRS = list(PRESETS.items())
each_preset = pytest.mark.parametrize(("name", "preset"), PAIRS, ids=list(PRESETS))


def half_cosine(t, length, start, end):
    return end + (start - end) * (1 + math.cos(math.pi * t / length)) / 2


def first_step(epoch, horizon):
    return math.floor(epoch * horizon.samples / horizon.batch)


def top_of(plan):
    steps = np.unique(np.linspace(0, plan.total_steps - 1, 20_000).astype(np.int64))
    seams = np.array([s for b in plan["lr"].seams(plan.total_steps) for s in (b - 1, b) if s >= 0])
    return plan["lr"](np.concatenate([steps, seams])).max()


# What all presets have in common.


def test_every_preset_is_exported_under_its_name_with_dashes():
    assert {name.replace("-", "_") for name in PRESETS} == {
        name for name in presets.__all__ if inspect.isfunction(getattr(presets, name))
    }
    assert all(getattr(presets, name.replace("-", "_")) is make for name, make in PAIRS)


@each_preset
def test_every_argument_is_a_keyword_with_a_default(name, preset):
    for argument in inspect.signature(preset).parameters.values():
        assert argument.kind is argument.KEYWORD_ONLY
        assert argument.default is not argument.empty
    assert {"peak", "total", "horizon"} <= set(inspect.signature(preset).parameters)


@each_preset
def test_every_preset_says_what_it_is_where_it_comes_from_and_shows_a_call(name, preset):
    lines = inspect.getdoc(preset).splitlines()
    assert lines[0].endswith(".")
    for argument in inspect.signature(preset).parameters:
        assert any(line.strip().startswith(f"{argument}: ") for line in lines), argument
    assert {"Args:", "Raises:", "Example:"} <= {line.strip() for line in lines}
    assert any(line.startswith("Source: ") for line in lines)


@each_preset
def test_no_preset_is_called_like_another_or_equal_to_it(name, preset):
    assert [other for other, make in PAIRS if make() == preset()] == [name]


@each_preset
def test_the_peak_is_the_top_of_the_rate(name, preset):
    default = inspect.signature(preset).parameters["peak"].default
    if default is not None:
        assert top_of(preset()) == close(default, rel=1e-12)
    assert top_of(preset(peak=0.5)) == close(0.5, rel=1e-12)


@each_preset
def test_another_total_makes_another_length(name, preset):
    total = preset().total_steps // 2 * 3
    longer = preset(total=total)
    assert longer.total_steps == total
    assert longer.bounds[-1] == total
    assert top_of(longer) == close(top_of(preset()), rel=1e-12)


@each_preset
def test_a_total_may_be_told_in_any_unit(name, preset):
    steps = preset().total_steps
    horizon = Horizon(samples=steps * 2, batch=8, tokens_per_sample=16, total_steps=steps)
    lengths = {"warmup": 40, "first_decay": 40, "cycle": 400, "every": 400, "rollout_every": 10,
               "half_cycle": steps // 8, "timescale": 40}  # fmt: skip
    given = {key: v for key, v in lengths.items() if key in inspect.signature(preset).parameters}
    given |= {"per": "step"} if "per" in inspect.signature(preset).parameters else {}
    totals = [steps, f"{steps} steps", f"{steps * 8} samples", f"{steps * 128} tokens", "4 epochs"]
    plans = [preset(total=total, horizon=horizon, **given) for total in [*totals, "100%", "rest"]]
    for plan in plans:
        assert plan.total_steps == plan.bounds[-1] == steps
        assert plan.starts == plans[0].starts


@each_preset
def test_a_horizon_of_the_wrong_type_raises_type_error(name, preset):
    with pytest.raises(TypeError, match="`horizon` must be a Horizon, got 32"):
        preset(horizon=32)


@each_preset
def test_a_total_that_is_no_length_is_named(name, preset):
    with pytest.raises(ValueError, match="`total`: a duration must be an amount and a unit"):
        preset(total="long")


@each_preset
def test_a_peak_that_is_not_positive_raises_value_error(name, preset):
    with pytest.raises(ValueError, match=r"`peak` must be positive, got 0\.0"):
        preset(peak=0.0)


@pytest.mark.parametrize("lower", ["end", "floor", "warmup_start", "restart_peak", "start"])
def test_a_rate_above_the_peak_raises_value_error(lower):
    takers = [make for _, make in PAIRS if lower in inspect.signature(make).parameters]
    assert takers
    for preset in takers:
        with pytest.raises(ValueError, match=f"`{lower}` must lie between 0 and the `peak` of 0.5"):
            preset(**{"peak": 0.5, lower: 0.6})


WITH_WARM_UP = [(n, make) for n, make in PAIRS if "warmup" in inspect.signature(make).parameters]


@pytest.mark.parametrize(("name", "preset"), WITH_WARM_UP, ids=[n for n, _ in WITH_WARM_UP])
def test_a_warm_up_that_does_not_fit_raises_value_error(name, preset):
    horizon = Horizon(samples=1_000, batch=10)
    message = r"`total` of 5 epochs leaves no room for .*: .*the warm-up takes 10 epochs"
    with pytest.raises(ValueError, match=message):
        preset(warmup="10 epochs", total="5 epochs", horizon=horizon)
    with pytest.raises(ValueError, match="`total` of 500 steps leaves no room for"):
        preset(warmup="5 epochs", total=500, horizon=horizon)
    with pytest.raises(ValueError, match="`warmup`: a duration must be positive, got 0 steps"):
        preset(warmup=0, total="5 epochs", horizon=horizon)
    with pytest.raises(ValueError, match="`warmup` can't be the rest of the run"):
        preset(warmup="rest", total="5 epochs", horizon=horizon)


@pytest.mark.parametrize(
    ("preset", "arguments", "phase"),
    [
        (presets.wsd, {"cooldown_length": 100}, "a stable phase"),
        (presets.one_cycle, {"rise": 100}, "a fall"),
        (presets.one_cycle, {"rise": 50, "three_phase": True}, "an annihilation"),
        (presets.flat_cosine, {"flat": 100}, "a decay"),
        (presets.cyclic_cosine, {"first_decay": 90, "warmup": 10, "per": "step"}, "restarts"),
        (presets.graphcast, {"rollout_every": 10, "warmup": 10}, "a decay"),
        (presets.graphcast_operational, {"rollout_every": 10}, "training at one step"),
    ],
)
def test_parts_that_do_not_fit_raise_value_error(preset, arguments, phase):
    with pytest.raises(ValueError, match=f"`total` of 100 steps leaves no room for {phase}: "):
        preset(total=100, **(arguments if preset is not presets.wsd else arguments | {"warmup": 9}))


def test_lengths_told_in_epochs_stay_in_epochs():
    horizon = Horizon(samples=50_000, batch=128)
    plan = presets.cosine(warmup="5 epochs", total="90 epochs", horizon=horizon)
    assert [str(phase.duration) for phase in plan.phases] == ["5 epochs", "85 epochs"]
    plan = presets.wsd(warmup="5%", total="90 epochs", horizon=horizon)
    lengths = [str(phase.duration) for phase in plan.phases]
    assert lengths == ["4.5 epochs", "67.5 epochs", "18 epochs"]
    plan = presets.cyclic_cosine()
    assert [str(phase.duration) for phase in plan.phases] == ["10 epochs", "15 epochs", "50 epochs"]


def test_where_units_meet_what_is_left_is_whole_steps_and_the_end_stays_where_it_was():
    horizon = Horizon(samples=50_000, batch=128)
    plan = presets.cosine(warmup="500 steps", total="10 epochs", horizon=horizon)
    assert [str(phase.duration) for phase in plan.phases] == ["500 steps", "3406 steps"]
    assert plan.total_steps == first_step(10, horizon) == 3906
    plan = presets.wsd(
        warmup="0.5 epochs", cooldown_length="1.3 epochs", total=3_000, horizon=horizon
    )
    assert plan.bounds == (0, 195, 2492, 3000)


def test_a_percentage_is_a_part_of_the_total_rounded_down_to_whole_steps():
    run = Run.of("1001 steps", Horizon())
    assert str(run.part("warmup", "5%")) == "50 steps"
    assert str(Run.of("7 epochs", Horizon()).part("warmup", "33.3333333333%")) == (
        "2.333333333331 epochs"
    )
    assert str(Run.of("40%", Horizon(total_steps=1001)).total) == "400 steps"
    with pytest.raises(ValueError, match="`warmup` of 1% of 99 steps is less than one step"):
        Run.of(99, Horizon()).part("warmup", "1%")
    with pytest.raises(ValueError, match="percent of the run needs `total_steps`"):
        Run.of("50%", Horizon())


# The weather models.


def test_graphcast_is_the_plan_that_it_always_was():
    plan = presets.graphcast()
    assert plan.fingerprint == "703ed5a688988179"
    assert presets.graphcast_demo().fingerprint == "4ea3d63ee44bf38f"
    lengths = {phase.name: str(phase.duration) for phase in plan.phases}
    assert lengths == {
        "warm-up": "1000 steps",
        "decay": "299000 steps",
        "autoregressive": "11000 steps",
    }
    assert plan.horizon == Horizon(samples=54_000, batch=32)
    assert {plan["weight_decay"](step) for step in (0, 310_999)} == {0.1}


def test_graphcast_has_the_numbers_of_the_paper():
    lr, rollout = (presets.graphcast()[name] for name in ("lr", "rollout"))
    assert [lr(t) for t in (0, 500, 1_000, 300_000, 310_999)] == [0.0, 5e-4, 1e-3, 3e-7, 3e-7]
    assert lr(150_500) == close(5e-4)
    expected = [1] * 300 + [length for length in range(2, 13)]
    assert [rollout(step) for step in range(0, 311_000, 1_000)] == expected
    assert [rollout(step) for step in range(999, 311_000, 1_000)] == expected


def test_graphcast_without_rollouts_has_two_phases():
    plan = presets.graphcast(longest_rollout=1, warmup="0.5 epochs", total="10 epochs")
    assert [str(phase.duration) for phase in plan.phases] == ["0.5 epochs", "9.5 epochs"]


def test_the_operational_model_trains_30000_updates_at_one_step_then_1000_at_each_rollout():
    plan = presets.graphcast_operational()
    assert plan.bounds == (0, 30_000, 41_000)
    trained = [plan["rollout"](step) for step in range(0, 41_000, 500)]
    assert {length: 500 * trained.count(length) for length in trained} == {
        1: 30_000,
        **dict.fromkeys(range(2, 13), 1_000),
    }
    assert presets.graphcast_operational(peak=1e-5, autoregressive_lr=1e-6)["lr"](30_000) == 1e-6
    with pytest.raises(ValueError, match="`autoregressive_lr` must lie between 0 and the `peak`"):
        presets.graphcast_operational(peak=1e-5, autoregressive_lr=1e-4)


def test_gencast_is_a_cosine_to_the_power_of_a_tenth():
    plan = presets.gencast()
    assert plan.bounds == (0, 1_000, 2_000_000)
    assert plan.at(1_999_999).epoch == close(1_185, abs=1)
    lr = plan["lr"]
    assert [lr(t) for t in (0, 1, 500, 1_000)] == close([0.0, 3e-6, 1.5e-3, 3e-3], rel=1e-14)
    for t in (*range(1_000, 2_000_000, 77_777), 1_999_990):
        p = (t - 1_000) / 1_999_000
        assert lr(t) == close(3e-3 * ((1 + math.cos(math.pi * p)) / 2) ** 0.1, rel=1e-6)


# Language models.


def test_bert_goes_up_for_10000_steps_and_down_for_990000():
    plan = presets.bert()
    lr = plan["lr"]
    assert plan.bounds == (0, 10_000, 1_000_000)
    assert [lr(t) for t in (0, 1, 5_000, 10_000)] == close([0.0, 1e-8, 5e-5, 1e-4], rel=1e-14)
    for t in range(10_000, 1_000_000, 9_999):
        assert lr(t) == close(1e-4 * (1_000_000 - t) / 990_000, rel=1e-9)
    assert plan["weight_decay"](999_999) == 0.01
    assert plan.horizon.batch == 256


def test_bert_is_fine_tuned_by_the_same_lines_in_epochs():
    mrpc = Horizon(samples=3_668, batch=32)
    plan = presets.bert(peak=2e-5, warmup="10%", total="3 epochs", horizon=mrpc)
    assert [str(phase.duration) for phase in plan.phases] == ["0.3 epochs", "2.7 epochs"]
    assert plan["lr"](34) == 2e-5
    assert plan.total_steps == 343


@pytest.mark.parametrize(("d_model", "warmup"), [(512, 4_000), (1_024, 4_000), (256, 1), (64, 7)])
def test_the_transformers_rate_is_that_of_the_paper_at_every_step(d_model, warmup):
    lr = presets.transformer(d_model=d_model, warmup=warmup)["lr"]
    step = np.arange(1, 20_001, dtype=np.float64)
    paper = d_model**-0.5 * np.minimum(step**-0.5, step * warmup**-1.5)
    within = {"rtol": 1e-14, "atol": 1e-16 * paper.max()}  # a bit or two, and one of the peak
    np.testing.assert_allclose(lr(np.arange(20_000)), paper, **within)
    np.testing.assert_allclose([lr(t) for t in range(20_000)], paper, **within)
    assert lr(warmup - 1) == close((d_model * warmup) ** -0.5, rel=1e-15)


def test_the_transformers_warm_up_may_be_told_in_epochs_and_its_peak_by_hand():
    horizon = Horizon(samples=1_000, batch=10)
    plan = presets.transformer(warmup="2 epochs", total="9 epochs", horizon=horizon)
    assert plan["lr"](199) == close((512 * 200) ** -0.5)
    assert [str(phase.duration) for phase in plan.phases] == ["2 epochs", "7 epochs"]
    assert presets.transformer(peak=7e-4)["lr"](15_999) == close(3.5e-4)
    with pytest.raises(ValueError, match="`d_model` must be at least 1, got 0"):
        presets.transformer(d_model=0)


def test_inverse_sqrt_is_the_formula_of_transformers():
    def multiplier(t, w, s):
        return t / w if t < w else 1 / math.sqrt((t + s - w) / s)

    for timescale in (None, 10_000):
        lr = presets.inverse_sqrt(timescale=timescale)["lr"]
        for t in range(0, 100_000, 501):
            assert lr(t) == close(5e-4 * multiplier(t, 4_000, timescale or 4_000), rel=1e-13)


def test_inverse_sqrt_does_not_depend_on_the_total():
    short, long = (presets.inverse_sqrt(total=total)["lr"] for total in (10_000, 100_000))
    assert [short(t) for t in range(10_000)] == [long(t) for t in range(10_000)]


COOLDOWNS = {
    "linear": lambda p, a, z: z + (a - z) * (1 - p),
    "cosine": lambda p, a, z: z + (a - z) * (1 + math.cos(math.pi * p)) / 2,
    "1-sqrt": lambda p, a, z: z + (a - z) * (1 - math.sqrt(p)),
    "1-square": lambda p, a, z: z + (a - z) * (1 - p**2),
    "exponential": lambda p, a, z: a * (z / a) ** p,
}


@pytest.mark.parametrize("cooldown", COOLDOWNS)
def test_each_cool_down_of_wsd_has_its_closed_form(cooldown):
    for end in (None, 1e-5):
        low = (1e-5 if cooldown == "exponential" else 0.0) if end is None else end
        plan = presets.wsd(cooldown=cooldown, end=end)
        lr = plan["lr"]
        assert [phase.name for phase in plan.phases] == ["warm-up", "stable", "cool-down"]
        assert plan.bounds == (0, 300, 40_000, 50_000)
        assert [lr(t) for t in (0, 150, 300, 39_999, 40_000)] == [0.0, 5e-4, 1e-3, 1e-3, 1e-3]
        for t in range(40_000, 50_000, 37):
            value = COOLDOWNS[cooldown]((t - 40_000) / 10_000, 1e-3, low)
            assert lr(t) == close(value, rel=1e-9)


def test_a_cool_down_that_nobody_knows_raises_value_error():
    words = "linear, cosine, 1-sqrt, 1-square, exponential"
    with pytest.raises(ValueError, match=re.escape(f"`cooldown` must be one of {words}, got 'x'")):
        presets.wsd(cooldown="x")
    with pytest.raises(ValueError, match="can't touch or cross 0"):
        presets.wsd(cooldown="exponential", end=0.0)


# Images.


def test_step_decay_falls_to_a_tenth_at_epochs_30_and_60():
    plan = presets.step_decay()
    lr, horizon = plan["lr"], plan.horizon
    assert horizon == Horizon(samples=1_281_167, batch=256)
    for epoch, rate in {0: 0.1, 29: 0.1, 30: 0.01, 59: 0.01, 60: 0.001, 89: 0.001}.items():
        assert lr(first_step(epoch, horizon)) == close(rate, rel=1e-14)
    for epoch, before, after in [(30, 0.1, 0.01), (60, 0.01, 0.001)]:
        step = first_step(epoch, horizon)
        assert [lr(step - 1), lr(step)] == close([before, after], rel=1e-14)
    assert plan.total_steps == first_step(90, horizon) == 450_410
    assert plan.at(450_409).values == close({"lr": 0.001, "momentum": 0.9, "weight_decay": 1e-4})


def test_a_warm_up_leaves_the_stairs_where_they_were():
    horizon = Horizon(samples=1_281_167, batch=8_192)
    plan = presets.step_decay(peak=3.2, warmup="5 epochs", warmup_start=0.1, horizon=horizon)
    lr = plan["lr"]
    assert lr(0) == close(0.1)
    assert lr(391) == close(0.1 + 3.1 * 391 / 781, rel=1e-12)
    for epoch, before, after in [(30, 3.2, 0.32), (60, 0.32, 0.032)]:
        step = first_step(epoch, horizon)
        assert [lr(step - 1), lr(step)] == close([before, after], rel=1e-14)
    assert lr(first_step(5, horizon)) == close(3.2, rel=1e-14)
    assert [(phase.name, str(phase.duration)) for phase in plan.phases] == [
        ("warm-up", "5 epochs"),
        ("decay", "85 epochs"),
    ]


def test_a_warm_up_longer_than_the_first_stair_raises_value_error():
    with pytest.raises(ValueError, match="`warmup` of 30 epochs leaves nothing of the first stair"):
        presets.step_decay(warmup="30 epochs")


@pytest.mark.parametrize("preset", [presets.step_decay, presets.exponential])
def test_a_factor_that_is_no_decay_raises_value_error(preset):
    with pytest.raises(ValueError, match=r"`factor` must be at most 1, got 1\.5"):
        preset(factor=1.5)
    with pytest.raises(ValueError, match=r"`factor` must be positive, got 0\.0"):
        preset(factor=0)


def test_exponential_falls_by_a_factor_in_every_so_many_epochs():
    smooth, stairs = presets.exponential(), presets.exponential(stair=True)
    epoch = 1_281_167 / 4_096
    for t in range(0, smooth.total_steps, 997):
        assert smooth["lr"](t) == close(0.256 * 0.97 ** (t / epoch / 2.4), rel=1e-12)
        assert stairs["lr"](t) == close(0.256 * 0.97 ** ((t + 1) / epoch // 2.4), rel=1e-12)
    assert smooth.total_steps == 109_474


def test_cosine_warms_up_for_5_of_120_epochs():
    plan = presets.cosine()
    lr, starts = plan["lr"], plan.starts
    assert starts == (0, first_step(5, plan.horizon))
    assert plan.total_steps == first_step(120, plan.horizon)
    warmup, decay = (math.floor(epochs * 1_281_167 / 1_024) for epochs in (5, 115))
    assert lr(100) == close(0.4 * 100 / warmup, rel=1e-14)
    for t in range(starts[1], plan.total_steps - 2, 1_001):
        assert lr(t) == close(half_cosine(t - starts[1], decay, 0.4, 0.0), rel=1e-9)


def test_without_a_warm_up_the_first_update_has_the_peak():
    for preset in (presets.cosine, presets.polynomial, presets.exponential, presets.wsd):
        assert preset(peak=0.5, warmup=None)["lr"](0) == 0.5


def test_polynomial_is_the_poly_policy_of_deeplab():
    lr = presets.polynomial()["lr"]
    for t in range(0, 30_000, 331):
        assert lr(t) == close(0.007 * (1 - t / 30_000) ** 0.9, rel=1e-12)
    line = presets.polynomial(power=1, warmup=10, total=110, end=0.002)["lr"]
    assert [line(t) for t in (5, 10, 60)] == close([0.0035, 0.007, 0.0045])


def test_flat_cosine_stays_up_for_72_percent():
    plan = presets.flat_cosine()
    lr, total = plan["lr"], plan.total_steps
    start = plan.starts[1]
    assert (total, start) == (705, int(0.72 * 5 * 9_025 / 64))
    assert {lr(t) for t in range(start + 1)} == {4e-3}
    for t in range(start, total - 1):
        assert lr(t) == close(half_cosine(t - start, int(1.4 * 9_025 / 64), 4e-3, 0.0), rel=1e-9)


# Cycles.


def cyclic(t, restart=12.5e-5):
    if t < 10:
        return half_cosine(t, 10, 2.5e-6, 12.5e-5)
    if t < 25:
        return half_cosine(t - 10, 15, 12.5e-5, 2.5e-6)
    return half_cosine((t - 25) % 10, 10, restart, 2.5e-6)


def test_cyclic_cosine_restarts_at_epochs_25_35_45_55_and_65_and_nowhere_else():
    plan = presets.cyclic_cosine(horizon=Horizon(samples=50_000, batch=128))
    values = plan["lr"](np.arange(plan.total_steps))
    jumps = np.flatnonzero(np.diff(values) > 5e-5) + 1
    assert jumps.tolist() == [first_step(e, plan.horizon) for e in (25, 35, 45, 55, 65)]
    assert jumps.tolist() == [9_765, 13_671, 17_578, 21_484, 25_390]
    assert values[jumps].tolist() == [12.5e-5] * 5
    assert plan.total_steps == first_step(75, plan.horizon)


@pytest.mark.parametrize("restart_peak", [None, 6e-5])
def test_cyclic_cosine_is_the_formula_held_through_each_epoch(restart_peak):
    horizon = Horizon(samples=50_000, batch=128)
    plan = presets.cyclic_cosine(restart_peak=restart_peak, horizon=horizon)
    for epoch in range(75):
        first, last = first_step(epoch, horizon), first_step(epoch + 1, horizon) - 1
        value = cyclic(epoch, restart_peak or 12.5e-5)
        assert plan["lr"](first) == plan["lr"](last) == close(value, rel=1e-12)


def test_cyclic_cosine_per_step_is_the_same_formula_in_steps():
    plan = presets.cyclic_cosine(per="step", horizon=Horizon(samples=1_000, batch=10))
    for t in range(0, 7_500, 7):
        assert plan["lr"](t) == close(cyclic(t / 100), rel=1e-12)


def test_cyclic_cosine_may_grow_and_go_without_a_warm_up():
    horizon = Horizon(samples=1_000, batch=10)
    plan = presets.cyclic_cosine(warmup=None, growth=2, total="85 epochs", horizon=horizon)
    assert [phase.name for phase in plan.phases] == ["decay", "restarts"]
    values = plan["lr"](np.arange(plan.total_steps))
    assert (np.flatnonzero(np.diff(values) > 5e-5) + 1).tolist() == [1_500, 2_500, 4_500]


def test_cyclic_cosine_per_epoch_takes_whole_epochs():
    with pytest.raises(ValueError, match=r"phase 'warm-up': .* whole number of epochs"):
        presets.cyclic_cosine(warmup="500 steps")
    with pytest.raises(ValueError, match='`per` must be "step" or "epoch", got \'day\''):
        presets.cyclic_cosine(per="day")


def test_sgdr_restarts_after_10_30_and_70_epochs():
    plan = presets.sgdr()
    lr, horizon = plan["lr"], plan.horizon
    values = lr(np.arange(plan.total_steps))
    jumps = np.flatnonzero(np.diff(values) > 0) + 1
    assert jumps.tolist() == [first_step(epoch, horizon) for epoch in (10, 30, 70)]
    assert {lr(int(t)) for t in (0, *jumps)} == {0.05}
    epoch = 50_000 / 128
    for start, length in [(0, 10), (10, 20), (30, 40), (70, 80)]:
        middle = first_step(start + length / 2, horizon)
        assert lr(middle) == close(half_cosine(middle / epoch - start, length, 0.05, 0), rel=1e-2)
    assert lr(plan.total_steps - 1) < 1e-9


def test_sgdr_may_hold_its_value_through_each_epoch():
    lr = presets.sgdr(per="epoch", horizon=Horizon(samples=100, batch=10))["lr"]
    for epoch in range(30):
        value = half_cosine(*((epoch, 10) if epoch < 10 else (epoch - 10, 20)), 0.05, 0.0)
        assert lr(10 * epoch) == lr(10 * epoch + 9) == close(value, rel=1e-12)


ANNEALINGS = {
    "cosine": lambda a, z, p: z + (a - z) * (1 + math.cos(math.pi * p)) / 2,
    "linear": lambda a, z, p: a + (z - a) * p,
}


@pytest.mark.parametrize("anneal", ANNEALINGS)
def test_one_cycle_has_its_closed_form_and_the_momentum_mirrors_it(anneal):
    curve = ANNEALINGS[anneal]
    plan = presets.one_cycle(anneal=anneal)
    assert plan.bounds == (0, 3_000, 10_000)
    for t in (*range(0, 10_000, 101), 2_999, 3_000, 9_999):
        p, rises = ((t + 1) / 3_000, True) if t < 3_000 else ((t - 2_999) / 7_000, False)
        lr = curve(0.12, 3.0, p) if rises else curve(3.0, 1.2e-5, p)
        momentum = curve(0.95, 0.85, p) if rises else curve(0.85, 0.95, p)
        assert plan.at(t).values == close({"lr": lr, "momentum": momentum}, rel=1e-9)
    assert plan.at(2_999).values == {"lr": 3.0, "momentum": 0.85}
    assert plan.at(9_999).values == close({"lr": 1.2e-5, "momentum": 0.95}, rel=1e-15)


@pytest.mark.parametrize("total", [100, 101, 999, "12.5 epochs"])
def test_one_cycle_reaches_its_peak_and_its_end_exactly_whatever_the_length(total):
    horizon = Horizon(samples=999, batch=32)
    plan = presets.one_cycle(peak=0.1, start=0.01, end=1e-6, total=total, horizon=horizon)
    values = plan["lr"](np.arange(plan.total_steps))
    assert values.max() == values[plan.starts[1] - 1] == 0.1
    assert values[-1] == values.min() == 1e-6


def test_one_cycle_in_three_phases_falls_as_it_rose_and_then_to_its_end():
    plan = presets.one_cycle(three_phase=True, anneal="linear")
    assert [phase.name for phase in plan.phases] == ["rise", "fall", "annihilation"]
    assert plan.bounds == (0, 3_000, 6_000, 10_000)
    lr, momentum = plan["lr"], plan["momentum"]
    assert [lr(t) for t in (2_999, 5_999, 9_999)] == close([3.0, 0.12, 1.2e-5], rel=1e-15)
    assert [momentum(t) for t in (2_999, 5_999, 9_999)] == close([0.85, 0.95, 0.95], rel=1e-15)
    for k in range(0, 3_000, 11):
        assert lr(2_999 + k) == close(lr(2_999 - k), rel=1e-12)
    assert lr(7_999) == close((0.12 + 1.2e-5) / 2)


def test_one_cycle_may_mirror_beta1_or_nothing():
    assert presets.one_cycle(mirror="beta1").names == ("beta1", "lr")
    assert presets.one_cycle(mirror=None).names == ("lr",)
    with pytest.raises(ValueError, match="`mirror` must be one of momentum, beta1, got 'beta2'"):
        presets.one_cycle(mirror="beta2")
    with pytest.raises(ValueError, match="`anneal` must be one of cosine, linear, got 'cos'"):
        presets.one_cycle(anneal="cos")
    with pytest.raises(ValueError, match="`lowest_momentum` must be at most `highest_momentum`"):
        presets.one_cycle(lowest_momentum=0.99)


def triangle(t, mode, floor, peak, half, gamma=1.0):
    cycle = math.floor(1 + t / (2 * half))
    x = 1 + t / (2 * half) - cycle
    height = 2 * x if x <= 0.5 else (x - 1) / (0.5 - 1)
    scale = {"triangular": 1, "triangular2": 2.0 ** -(cycle - 1), "exp_range": gamma**t}[mode]
    return floor + (peak - floor) * height * scale


@pytest.mark.parametrize("mode", ["triangular", "triangular2", "exp_range"])
@pytest.mark.parametrize("total", ["24000 steps", "25000 steps"])
def test_clr_is_the_formula_of_cyclic_lr(mode, total):
    plan = presets.clr(mode=mode, total=total)
    for t in range(0, plan.total_steps, 99):
        expected = triangle(t, mode, 0.001, 0.006, 2_000, 0.99994)
        assert plan["lr"](t) == close(expected, rel=1e-11)


def test_clr_touches_its_peak_and_its_floor():
    lr = presets.clr()["lr"]
    assert [lr(t) for t in (0, 2_000, 4_000, 6_000, 22_000)] == [0.001, 0.006, 0.001, 0.006, 0.006]
    lr = presets.clr(mode="triangular2")["lr"]
    assert [lr(t) for t in (2_000, 6_000, 10_000)] == close([0.006, 0.0035, 0.00225])


def test_clr_refuses_what_is_no_mode_and_no_decay():
    with pytest.raises(
        ValueError, match="`mode` must be one of triangular, triangular2, exp_range"
    ):
        presets.clr(mode="square")
    with pytest.raises(ValueError, match=r"`gamma` must be at most 1, got 1\.1"):
        presets.clr(mode="exp_range", gamma=1.1)


# Advice.


def test_advice_names_presets_that_exist_and_gives_sources():
    assert all(isinstance(row.preset, str) and row.preset in PRESETS for row in ADVICE)
    assert all(re.search(r"arXiv:\d{4}\.\d{5}", row.why) for row in ADVICE)
    situations = [situation for situation, _, _ in ADVICE]
    assert len(set(situations)) == len(situations)


def test_the_calls_in_the_advice_work():
    sst2 = Horizon(samples=67_349, batch=32)
    text = Horizon(batch=512, tokens_per_sample=2_048)
    peak = 3e-4
    plans = [
        presets.bert(peak=2e-5, warmup="10%", total="3 epochs", horizon=sst2),
        presets.cosine(peak=peak, end=peak / 10, warmup="1%", total="5B tokens", horizon=text),
        presets.polynomial(power=1),
    ]
    assert all(isinstance(plan, Plan) for plan in plans)
    assert [str(phase.duration) for phase in plans[1].phases] == [
        "50000000 tokens",
        "4950000000 tokens",
    ]
