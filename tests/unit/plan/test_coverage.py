"""Iterations or epochs? Counts against the binomial, and against a simulation."""

import numpy as np
import pytest

from glidepath import Horizon, Phase, Plan, constant, cosine, exponential, linear, presets
from glidepath.plan.coverage import coverage


def plan(lr, steps, samples, batch):
    return Plan(Phase("a", steps, lr=lr), horizon=Horizon(samples=samples, batch=batch))


def test_graphcast_s_numbers_come_out():
    found = coverage(presets.graphcast())
    one_step = found.so_far[1]
    assert one_step.name == "decay"
    assert one_step.num_steps == 300_000
    assert one_step.mean == pytest.approx(177.8, abs=0.05)
    assert one_step.spread == pytest.approx(13.3, abs=0.05)
    assert one_step.share_never_seen == pytest.approx((1 - 1 / 54_000) ** 9_600_000, rel=1e-6)
    assert found.use == "iterations"


def simulated(lr, steps, samples, batch, in_epochs, runs):
    """Draws of each sample, and with the rate as their weight, [runs * samples]."""
    rng = np.random.default_rng(0)
    rates = lr(np.arange(steps)) * np.ones(steps)
    weights = np.repeat(rates, batch)
    draws, weighted = [], []
    for _ in range(runs):
        if in_epochs:
            epochs = -(-steps * batch // samples)
            order = np.concatenate([rng.permutation(samples) for _ in range(epochs)])
            order = order[: steps * batch]
        else:
            order = rng.integers(samples, size=steps * batch)
        draws.append(np.bincount(order, minlength=samples))
        weighted.append(np.bincount(order, weights=weights, minlength=samples))
    return np.concatenate(draws), np.concatenate(weighted)


SCHEDULES = {
    "constant": constant(1.0),
    "cosine": cosine(1.0, 0.0),
    "fast": exponential(1.0, 1e-4),
    "triangle": linear(0.0, 1.0),
}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(("steps", "samples", "batch"), [(90, 100, 7), (40, 200, 10), (9, 300, 20)])
def test_random_draws_are_as_in_a_simulation(name, steps, samples, batch):
    one = plan(SCHEDULES[name], steps, samples, batch)
    found = coverage(one).whole
    draws, weighted = simulated(one["lr"], steps, samples, batch, in_epochs=False, runs=300)
    assert found.mean == pytest.approx(draws.mean(), rel=1e-12)
    assert found.spread == pytest.approx(draws.std(), rel=0.02)
    assert found.share_never_seen == pytest.approx((draws == 0).mean(), abs=0.005)
    assert found.weighted_spread == pytest.approx(weighted.std() / weighted.mean(), rel=0.03)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize(
    ("steps", "samples", "batch"), [(90, 100, 10), (50, 200, 10), (35, 100, 10), (5, 100, 10)]
)
def test_epochs_are_as_in_a_simulation(name, steps, samples, batch):
    one = plan(SCHEDULES[name], steps, samples, batch)
    found = coverage(one).epochs
    draws, weighted = simulated(one["lr"], steps, samples, batch, in_epochs=True, runs=300)
    assert found.mean == pytest.approx(draws.mean(), rel=1e-12)
    assert found.spread == pytest.approx(draws.std(), abs=0.01)
    assert found.share_never_seen == pytest.approx((draws == 0).mean(), abs=1e-12)
    assert found.weighted_spread == pytest.approx(
        weighted.std() / weighted.mean(), rel=0.03, abs=1e-6
    )


def test_it_says_where_the_rate_changes_inside_an_epoch():
    found = coverage(plan(linear(1.0, 0.0), 100, 100, 10))
    assert found.largest_change == pytest.approx(0.09)
    assert (found.num_changing, found.num_epochs) == (10, 10)
    jump = Plan(
        Phase("a", 25, lr=1.0), Phase("b", 75, lr=0.25), horizon=Horizon(samples=100, batch=10)
    )
    found = coverage(jump)
    assert (found.largest_change, found.changes_most_in) == (0.75, 2)
    assert (found.num_changing, found.num_epochs) == (1, 10)


def test_little_data_seen_rarely_is_better_seen_in_epochs():
    found = coverage(plan(cosine(1.0, 0.0), 30, 1_000, 100))
    assert found.use == "epochs"
    assert "would never see 5.0% of the data" in found.because


def test_few_draws_are_better_evened_out_by_epochs():
    found = coverage(plan(constant(1.0), 100, 1_000, 100))
    assert found.use == "epochs"
    assert "too few draws" in found.because


def test_a_decay_within_an_epoch_makes_the_order_matter_in_both():
    found = coverage(plan(exponential(1.0, 1e-40), 250, 1_000, 20))
    assert found.use == "iterations"
    assert "it matters in both when a sample comes" in found.because


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match="needs `samples` and `batch`"):
        coverage(Plan(Phase("a", 5, lr=1.0)))
    with pytest.raises(ValueError, match="has no `lr` to weigh draws by"):
        coverage(Plan(Phase("a", 5, rollout=1), horizon=Horizon(samples=5, batch=1)))
    with pytest.raises(ValueError, match="too long to count"):
        coverage(plan(constant(1.0), 10**9, 5, 1))
