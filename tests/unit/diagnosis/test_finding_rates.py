"""A sweep over rates: what it finds, what it can't tell, and what it refuses."""

import json
import math
import random
import re
import subprocess
import sys

import numpy as np
import pytest

from glidepath.diagnosis.finding_rates import RateSweep, find_rate
from glidepath.diagnosis.finding_rates.smoothing import batch_noise, smoothed

BATCHES = range(1000)


def sweep_of(loss, noise=0.0, seed=0, **settings):
    """A sweep in which the loss is a function of the rate alone, and of chance."""
    chance = np.random.default_rng(seed)

    def step(state, batch, rate):
        return state, loss(rate) + noise * chance.normal()

    return find_rate(step, 0.0, BATCHES, **settings)


def falling(rate, middle=1e-3):
    """From 2 to 1, fastest at the middle, by half of it within a decade and a half."""
    return 1.0 + 1 / (1 + rate / middle)


def quadratic(curvatures):
    """Gradient descent on a sum of parabolas, each batch with its own lowest point."""

    def step(weights, target, rate):
        away = weights - target / np.sqrt(curvatures)
        return weights - rate * curvatures * away, float((curvatures * away**2).sum() / 2)

    return step


def targets(num, size, seed):
    return list(np.random.default_rng(seed).normal(scale=0.3, size=(num, size)))


def test_the_rates_are_evenly_spread_in_their_logarithm_and_hit_both_ends():
    seen = []
    find_rate(
        lambda state, batch, rate: (state, seen.append(rate) or 1.0),
        0.0, BATCHES, lowest=1e-6, highest=0.1, num_steps=11,
    )  # fmt: skip
    assert seen[0] == 1e-6
    assert seen[-1] == 0.1
    assert np.allclose(np.diff(np.log10(seen)), 0.5)


def test_smoothing_averages_with_falling_weights_from_the_first_loss_on():
    assert smoothed([3.0] * 5, 0.9) == pytest.approx((3.0,) * 5)
    losses = [5.0, 1.0, 4.0, 2.0]
    weights = 0.8 ** np.arange(4)[::-1]
    assert smoothed(losses, 0.8)[-1] == pytest.approx(np.average(losses, weights=weights))
    assert smoothed(losses, 0.0) == tuple(losses)


def test_the_noise_of_batches_is_measured_and_outliers_and_a_slow_fall_do_not_count():
    losses = 5.0 + 0.3 * np.random.default_rng(0).normal(size=1000) - np.arange(1000) * 1e-3
    losses[50] = 1e6
    assert batch_noise(losses, 5000) == pytest.approx(0.3, rel=0.1)


@pytest.mark.parametrize("curvature", [1.0, 10.0, 1000.0])
@pytest.mark.parametrize("seed", range(3))
def test_gradient_descent_diverges_a_little_above_two_over_the_curvature(curvature, seed):
    curvatures = curvature * np.array([1.0, 0.1, 0.01])
    sweep = find_rate(
        quadratic(curvatures), 3 / np.sqrt(curvatures), targets(300, 3, seed),
        num_steps=300, highest=100.0 / curvature,
    )  # fmt: skip
    assert 2.0 < sweep.diverged_at * curvature < 3.5
    assert sweep.suggestions.tenth == sweep.diverged_at / 10
    assert len(sweep.losses) < 300


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.8, 0.9])
def test_the_steepest_point_is_where_the_loss_falls_fastest_however_smooth(beta):
    sweep = sweep_of(falling, smoothing=beta)
    assert abs(math.log10(sweep.suggestions.steepest / 1e-3)) < 0.3


def test_the_steepest_point_is_found_in_noise_too():
    found = [sweep_of(falling, noise=0.3, seed=i).suggestions.steepest for i in range(40)]
    assert max(abs(math.log10(rate / 1e-3)) for rate in found) < 1.6
    found = [sweep_of(falling, noise=0.05, seed=i).suggestions.steepest for i in range(40)]
    assert max(abs(math.log10(rate / 1e-3)) for rate in found) < 0.5


def test_the_valley_is_two_thirds_of_the_way_down_and_moves_with_the_curve_alone():
    """5% of the fall is done at middle / 19; the curve is lowest where it begins to rise."""

    def loss(rate):
        return falling(rate) + (rate if rate > 0.1 else 0.0)

    expected = (1e-3 / 19) ** (1 / 3) * 0.1 ** (2 / 3)
    for lowest in (1e-9, 1e-7, 1e-6):
        sweep = sweep_of(loss, lowest=lowest, smoothing=0.0, num_steps=400)
        assert sweep.suggestions.valley == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("noise", [0.05, 0.1, 0.2])
def test_the_valley_is_in_the_fall_and_not_in_a_dip_of_the_flat_part(noise):
    """5% of the fall is done at 0.0023 and half of it at 0.01, and it is lowest at 0.1."""

    def loss(rate):
        return 2.0 - 1 / (1 + (0.01 / rate) ** 2) + max(0.0, 20 * (rate - 0.1))

    how = {"lowest": 1e-6, "highest": 1.0, "num_steps": 60}
    expected = sweep_of(loss, **how).suggestions.valley
    found = [sweep_of(loss, noise=noise, seed=i, **how).suggestions.valley for i in range(60)]
    away = [abs(math.log10(valley / expected)) for valley in found if valley is not None]
    assert len(away) >= 55
    assert max(away) < 0.4


def test_noise_alone_suggests_nothing_and_says_why():
    sweeps = [sweep_of(lambda rate: 2.0, noise=0.1, seed=seed) for seed in range(50)]
    clear = [one for one in sweeps if one.suggestions.steepest is not None]
    assert len(clear) <= 3
    for sweep in sweeps:
        if sweep not in clear:
            assert sweep.suggestions.valley is None
            assert "no steepest point and no valley" in sweep.suggestions.missing[0]
            assert "the parameters move" in sweep.words()


def test_a_loss_that_never_falls_says_so():
    sweep = sweep_of(lambda rate: 1.0 + rate)
    assert sweep.suggestions.missing == ("no steepest point and no valley: the loss never falls",)


def test_a_loss_that_never_diverges_has_no_tenth_and_the_way_out_is_named():
    sweep = sweep_of(falling, highest=0.5)
    assert (sweep.diverged_at, sweep.suggestions.tenth) == (None, None)
    assert sweep.suggestions.missing == (
        "no tenth of the rate of divergence: up to 0.5 the loss does not diverge; raise `highest`",
    )
    assert len(sweep.losses) == 100


@pytest.mark.parametrize("end", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_ends_the_sweep_and_is_not_kept(end):
    sweep = sweep_of(lambda rate: falling(rate) if rate < 0.5 else end)
    assert sweep.diverged_at == sweep.rates[-1] < 0.5
    assert all(map(math.isfinite, sweep.losses))
    assert len(sweep.losses) == len(sweep.rates) == len(sweep.smoothed) < 100


def test_the_rate_of_divergence_is_that_of_the_last_update_before():
    """The smoothed loss is late; an outlier before is no divergence."""
    sweep = sweep_of(lambda rate: 100.0 if rate > 0.1 else 2.0, smoothing=0.9)
    assert sweep.diverged_at == max(rate for rate in sweep.rates if rate <= 0.1)
    spike = sweep_of(lambda rate: 9.0 if 1e-3 < rate < 1.2e-3 else 2.0)
    assert 9.0 in spike.losses
    assert spike.diverged_at is None


def test_losses_below_zero_are_no_divergence():
    sweep = sweep_of(lambda rate: falling(rate) - 1.5, noise=0.05)
    assert min(sweep.losses) < 0 < max(sweep.losses)
    assert sweep.diverged_at is None
    assert sweep_of(lambda rate: 30.0 if rate > 0.1 else -5.0).diverged_at == pytest.approx(
        0.1, 0.2
    )


def test_a_first_loss_that_is_not_finite_blames_no_rate():
    with pytest.raises(FloatingPointError, match="the loss of the first batch is nan, before any"):
        sweep_of(lambda rate: math.nan)


def test_too_few_batches_are_refused_before_the_first_update_where_they_can_be_counted():
    def step(state, batch, rate):
        raise AssertionError

    with pytest.raises(ValueError, match=r"`batches` has 37, .* num_steps=37"):
        find_rate(step, 0.0, [1.0] * 37)


def test_batches_that_end_in_a_sweep_say_how_many_it_needs():
    with pytest.raises(ValueError, match="`batches` has 37, and a sweep needs one for each of its"):
        find_rate(lambda state, batch, rate: (state, 1.0), 0.0, iter([1.0] * 37))


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"lowest": 0.0}, ValueError, "`lowest` must be positive, got 0.0"),
        ({"lowest": math.nan}, ValueError, "`lowest` must be a finite number, got nan"),
        ({"lowest": True}, TypeError, "`lowest` must be a number, got True"),
        ({"highest": math.inf}, ValueError, "`highest` must be a finite number"),
        ({"lowest": 1.0, "highest": 1.0}, ValueError, "`highest` must be above `lowest`, 1, got 1"),
        ({"num_steps": 9}, ValueError, "`num_steps` must be at least 10, got 9"),
        ({"num_steps": 50.0}, TypeError, "`num_steps` must be a whole number, got 50.0"),
        ({"smoothing": 1.0}, ValueError, r"`smoothing` must be in \[0, 1\), as 0.8 is, got 1.0"),
        ({"smoothing": -0.1}, ValueError, "`smoothing` must be in"),
        ({"divergence": 1.0}, ValueError, "`divergence` must be above 1"),
        ({"divergence": "4"}, TypeError, "`divergence` must be a number, got '4'"),
        ({"tell": 3}, TypeError, "`tell` must be a function, got int"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(settings, error, says):
    with pytest.raises(error, match=says):
        sweep_of(falling, **settings)


def test_what_is_no_function_and_no_batches_is_refused():
    with pytest.raises(TypeError, match="`step_fn` must be a function, got NoneType"):
        find_rate(None, 0.0, BATCHES)
    for batches in (5, {"x": 1}, "text"):
        with pytest.raises(TypeError, match="`batches` must be batches, one for each update"):
            find_rate(lambda state, batch, rate: (state, 1.0), 0.0, batches)


def arrays_of_one():
    jax, torch = pytest.importorskip("jax"), pytest.importorskip("torch")
    needs = torch.tensor(2.0, requires_grad=True)
    return [2, np.float32(2), np.array(2.0), jax.numpy.array(2.0, "bfloat16"), needs, needs * 1]


def test_a_loss_is_a_number_or_any_array_without_axes():
    for loss in arrays_of_one():
        sweep = find_rate(lambda state, batch, rate: (state, loss), 0.0, BATCHES, num_steps=10)  # noqa: B023
        assert sweep.losses == (2.0,) * 10


@pytest.mark.parametrize(
    ("loss", "says"),
    [
        (np.ones(1), r"got ndarray of shape \(1,\) and float64: return its mean"),
        (np.array(True), "got ndarray"),
        (np.array(1j), "got ndarray"),
        (True, "got bool"),
        (1j, "got complex"),
        (None, "got NoneType"),
        ("1.0", "got str"),
        ([1.0], "got list"),
        ({"loss": 1.0}, "got dict"),
    ],
)
def test_anything_else_is_no_loss(loss, says):
    with pytest.raises(TypeError, match=f"the loss must be a number or an array .*{says}"):
        find_rate(lambda state, batch, rate: (state, loss), 0.0, BATCHES)


def test_a_state_of_arrays_has_to_come_back_with_the_loss():
    with pytest.raises(TypeError, match=r"must return \(new_state, loss\) .* got float"):
        find_rate(lambda state, batch, rate: 1.0, {"w": np.ones(2)}, BATCHES)


def test_what_happens_is_told_after_each_update():
    told = []
    sweep = sweep_of(falling, num_steps=20, tell=lambda *one: told.append(one))
    assert [step for step, _, _ in told] == list(range(20))
    assert tuple(rate for _, rate, _ in told) == sweep.rates
    assert tuple(loss for _, _, loss in told) == sweep.losses


def test_a_sweep_is_plain_json():
    sweep = sweep_of(lambda rate: falling(rate) if rate < 0.5 else math.nan, noise=0.01)
    table = json.loads(json.dumps(sweep.as_table(), allow_nan=False))
    assert table["losses"] == list(sweep.losses)
    assert table["suggestions"]["tenth"] == sweep.diverged_at / 10
    assert table["batch_noise"] == pytest.approx(0.01, rel=0.5)
    again = {name: table[name] for name in ("num_steps", "smoothing", "diverged_at")}
    assert RateSweep(tuple(table["rates"]), tuple(table["losses"]), **again) == sweep


def test_the_words_give_the_rates_and_what_a_sweep_cannot_tell():
    words = sweep_of(lambda rate: falling(rate) if rate < 0.5 else math.nan).words()
    assert "steepest 0.0" in words
    assert "tenth    0.0" in words
    said = [line.split(":")[0] for line in words.splitlines() if line.startswith("- ")]
    assert said == ["- a long run", "- warm-up", "- weight decay", "- momentum, second moments"]
    assert "batches differ" not in words


def test_batches_that_differ_by_more_than_the_fall_are_named():
    words = sweep_of(falling, noise=0.5, num_steps=1000, smoothing=0.98).words()
    assert re.search(r"batches differ by 0\.(4|5)\d* and the loss falls by (0\.9|1)", words)


def test_suggestions_that_disagree_are_said_to():
    def slow(rate):
        return 2.0 - 1 / (1 + 1e-5 / rate) + max(0.0, 2e3 * (rate - 1.0))

    assert "the suggestions disagree, from 1" in sweep_of(slow, num_steps=300).words()
    assert "disagree" not in sweep_of(falling, highest=0.02, num_steps=300).words()


def test_few_steps_are_said_to_tell_rates_apart_by_no_more_than_a_factor():
    few = sweep_of(falling, lowest=1e-6, highest=1.0, num_steps=60).words()
    assert "over rates a factor of 3.2 apart, and no suggestion is better than that" in few
    many = sweep_of(falling, lowest=1e-6, highest=1.0, num_steps=100)
    assert "a factor of" not in many.words()


def test_a_sweep_that_begins_too_high_or_ends_too_low_says_so():
    assert (
        "falls from the lowest rate on: a `lowest` under" in sweep_of(falling, lowest=3e-4).words()
    )
    assert "the loss still falls at 0.01" in sweep_of(falling, highest=0.01).words()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"losses": (1.0,)}, "must be as many, from 1 to `num_steps`, 10, got 2 and 1"),
        ({"rates": (0.2, 0.1)}, "`rates` must be positive and rising"),
        ({"rates": (0.0, 0.1)}, "`rates` must be positive and rising"),
        ({"losses": (1.0, math.nan)}, "`losses` must be a finite number, got nan"),
        ({"smoothing": 2.0}, "`smoothing` must be in"),
        ({"diverged_at": 0.0}, "`diverged_at` must be positive"),
    ],
)
def test_a_sweep_of_anything_else_is_none(changes, says):
    good = {"rates": (0.1, 0.2), "losses": (1.0, 2.0), "num_steps": 10, "smoothing": 0.5}
    with pytest.raises(ValueError, match=says):
        RateSweep(**(good | changes))


def test_one_loss_is_too_few_to_tell_and_no_error():
    sweep = RateSweep((0.1,), (1.0,), 10, 0.8, diverged_at=0.1)
    assert sweep.suggestions.steepest is None
    assert sweep.suggestions.tenth == pytest.approx(0.01)
    assert "the loss never falls" in sweep.words()


def test_chance_of_python_and_numpy_is_as_before():
    def step(state, batch, rate):
        return state, 1.0 + random.random() + np.random.normal() * 1e-3  # noqa: NPY002

    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    find_rate(step, 0.0, BATCHES)
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002


def test_no_framework_is_loaded():
    code = (
        "import sys; from glidepath.diagnosis.finding_rates import find_rate\n"
        "find_rate(lambda state, batch, rate: (state, 1.0), {'w': [1.0]}, range(100))\n"
        "print(*{'torch', 'jax', 'keras', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_figure_has_the_losses_the_curve_and_the_three_rates(tmp_path):
    pytest.importorskip("matplotlib")
    from glidepath.view import figures
    from glidepath.view.rate_figure import rate_figure

    sweep = sweep_of(lambda rate: falling(rate) if rate < 0.5 else math.nan, noise=0.02)
    figure = rate_figure(sweep, "a title")
    (panel,) = figure.axes
    drawn = {line.get_label(): line.get_xydata() for line in panel.lines}
    assert drawn["one batch"].tolist() == [
        list(pair) for pair in zip(sweep.rates, sweep.losses, strict=True)
    ]
    assert drawn["smoothed"][:, 1].tolist() == list(sweep.smoothed)
    marks = {label.split()[0]: at[0][0] for label, at in drawn.items() if ":" in label}
    assert marks == {
        name: getattr(sweep.suggestions, name) for name in ("steepest", "valley", "tenth")
    }
    assert panel.get_xscale() == "log"
    figures.save(figure, tmp_path / "rate.png")
    assert (tmp_path / "rate.png").stat().st_size > 10_000


def test_a_sweep_without_suggestions_can_be_drawn():
    pytest.importorskip("matplotlib")
    from glidepath.view.rate_figure import rate_figure

    (panel,) = rate_figure(sweep_of(lambda rate: 1.0), "flat").axes
    assert [line.get_label() for line in panel.lines] == ["one batch", "smoothed"]
