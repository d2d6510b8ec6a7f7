"""Plans side by side, and a value in words."""

import pytest

from glidepath import Horizon, Phase, Plan, constant, cosine, linear, plateau, presets
from glidepath.plan.comparison import compare

FIRST = Plan(Phase("warm-up", 10, lr=linear(0.0, 1.0)), Phase("decay", 90, lr=linear(1.0, 0.0)))


def test_a_plan_is_the_same_as_itself():
    (row,) = compare({"first": FIRST})
    assert row.first_difference is None
    assert row.largest_difference == 0
    assert (row.total_steps, row.peak) == (100, 1.0)
    assert row.total == pytest.approx(4.5 + 45.5)
    assert row.share_above_half == 0.49  # steps 6 to 54
    assert row.last == pytest.approx(1 / 90)


def test_the_first_and_the_largest_difference_are_found():
    other = Plan(Phase("warm-up", 10, lr=linear(0.0, 1.0)), Phase("decay", 90, lr=cosine(1, 0)))
    _, row = compare({"first": FIRST, "other": other})
    assert row.first_difference == 11
    steps = range(100)
    gaps = [abs(FIRST["lr"](step) - other["lr"](step)) for step in steps]
    assert row.largest_difference == pytest.approx(max(gaps))
    assert row.differs_most_at == gaps.index(max(gaps))


def test_a_longer_run_differs_where_the_shorter_ends():
    _, row = compare({"first": FIRST, "longer": FIRST.extend(Phase("more", 5, lr=0.0))})
    assert row.first_difference == 100
    assert row.largest_difference == 0


def test_any_quantity_can_be_compared():
    rows = compare({"a": presets.graphcast(), "b": presets.graphcast(longest_rollout=5)}, "rollout")
    assert rows[1].first_difference == 300_000
    assert rows[1].largest_difference == 11 - 4 + 1 - 1
    with pytest.raises(KeyError, match="the plan has no `rollout`"):
        compare({"first": FIRST}, "rollout")
    with pytest.raises(ValueError, match="no plan to compare"):
        compare({})


def test_a_value_is_explained_in_words():
    text = presets.graphcast().explain(150_500)
    assert "step 150,500 of 311,000, epoch 89.19; step 149,500 of the 299,000 of phase" in text
    assert "lr = 0.0005" in text
    assert "cosine(0.001, 0.0).over('299000 steps'): end + (start - end) *" in text
    assert "step 149,500 of its 299,000 steps, p = 0.5" in text
    assert "rollout = 1" in text


def test_restarts_products_and_events_are_explained():
    cycle = cosine(1.0, 0.0).over("2 epochs").repeat(scale=0.5)
    lr = (2.0 * cycle).cut(0.1, on=plateau("loss", patience=0))
    plan = Plan(
        Phase("a", "10 epochs", per="epoch", lr=lr, momentum=linear(0.9, 0.8)),
        horizon=Horizon(samples=100, batch=10),
    )
    heard = plan.listen().replay([(20, {"loss": 1.0}), (30, {"loss": 1.0})])
    text = heard.explain(45)
    assert "at step 30 an event cuts a/lr" in text
    assert "after 1 events, each times 0.1 on plateau('loss', patience=0)" in text
    assert "factor 2\n" in text
    assert "cycle 3, from step 40 on, times 0.5 ** 2" in text
    assert "step 5 of its 20 steps, p = 0.25" in text
    assert "epoch 4 of its 10 epochs, p = 0.4" in text


def test_what_comes_after_the_end_is_explained_as_what_held():
    text = FIRST.explain(150)
    assert "51 after the end of the phases: what held in the last step holds" in text
    assert constant(1.0).over(5).term.shape.maths == "value"
