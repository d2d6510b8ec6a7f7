"""A plan changed in mid-run: what was done stays as it was."""

import numpy as np
import pytest

from glidepath import Event, Horizon, Phase, Plan, cosine, decay, linear, plateau, presets
from tests.conformance.registry import PLANS

UNEVEN = Horizon(samples=50_000, batch=128)


def held(plan):
    """Values for every key that the plan's phases give, so that a new phase has them all."""
    keys = {key for phase in plan.phases for key, _ in phase.values if "." not in key}
    return {key: plan[key](0) for key in keys}


@pytest.mark.parametrize("name", PLANS)
def test_every_step_before_a_branch_is_as_it_was(name):
    plan = PLANS[name]
    for at in {1, plan.total_steps // 3, plan.starts[-1] or 1, plan.total_steps}:
        branched = plan.branch(at, Phase("a new end", 7, **held(plan)))
        steps = np.unique(np.linspace(0, at - 1, 500).astype(int))
        for key in plan.names:
            assert (branched[key](steps) == plan[key](steps)).all()
        assert branched.total_steps == at + 7
        assert branched.phase_at(at).name == "a new end"


@pytest.mark.parametrize("name", PLANS)
def test_every_step_of_an_extended_plan_is_as_it_was(name):
    plan = PLANS[name]
    longer = plan.extend(Phase("even more", 7, **held(plan)))
    steps = np.unique(np.linspace(0, plan.total_steps - 1, 1_000).astype(int))
    for key in plan.names:
        assert (longer[key](steps) == plan[key](steps)).all()
    assert longer.total_steps == plan.total_steps + 7


def test_a_jump_at_the_seam_is_reported():
    plan = presets.graphcast()
    smooth = plan.branch(150_500, Phase("cool-down", 5_000, lr=linear(plan["lr"](150_500), 0.0)))
    jumping = plan.branch(150_500, Phase("cool-down", 5_000, lr=linear(1e-5, 0.0)))
    codes = [[finding.code for finding in made.check()] for made in (smooth, jumping)]
    assert "branch-jump" not in codes[0]
    assert "branch-jump" in codes[1]
    (finding,) = [f for f in jumping.check() if f.code == "branch-jump"]
    assert finding.place == "lr at step 150,500"
    assert finding.what.startswith("goes from 0.0005 to 1e-05")


CURVES = {
    "a schedule": Plan(Phase("a", "3 epochs"), Phase("b", "2.5 epochs"), horizon=UNEVEN,
                       lr=cosine(1.0, 0.0).over("1.5 epochs").repeat()),
    "a shape": Plan(Phase("a", 70), Phase("b", 30), lr=linear(1.0, 0.0)),
    "step decay": presets.step_decay(warmup="5 epochs"),
}  # fmt: skip


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_that_holds_throughout_is_left_at_a_branch(name):
    plan = CURVES[name]
    steps = np.arange(min(plan.total_steps, 3_000))
    for at in (1, plan.starts[-1], plan.total_steps // 2, plan.total_steps):
        branched = plan.branch(at, Phase("cool-down", 100, lr=linear(0.5, 0.0)))
        past = steps[steps < at]
        assert (branched["lr"](past) == plan["lr"](past)).all()
        assert branched["lr"](at) == 0.5
        assert branched["lr"](at - 1) == plan["lr"](at - 1)
    longer = plan.extend(Phase("more", 100, lr=0.25))
    assert (longer["lr"](steps) == plan["lr"](steps)).all()
    assert longer["lr"](plan.total_steps) == 0.25


def test_a_jump_is_reported_where_a_phase_was_added_between_phases():
    plan = Plan(Phase("a", 100, lr=1.0), Phase("b", 100, lr=1.0))
    for longer, code in (
        (plan.branch(100, Phase("c", 10, lr=0.5)), "branch-jump"),
        (plan.branch(200, Phase("c", 10, lr=0.5)), "branch-jump"),
        (plan.extend(Phase("c", 10, lr=0.5)), "phase-jump"),
    ):
        (finding,) = [f for f in longer.check() if f.code == code]
        assert finding.what.startswith("goes from 1 to 0.5")


def test_a_branch_can_make_the_run_shorter():
    plan = Plan(Phase("a", 200, lr=cosine(1.0, 0.0)))
    early = plan.branch(50, Phase("c", "rest", lr=linear(0.5, 0.0)), total_steps=80)
    assert early.bounds == (0, 50, 80)
    assert early["lr"](49) == plan["lr"](49)


def test_a_branch_can_be_branched_again():
    plan = Plan(Phase("stable", 1_000, lr=1.0))
    first = plan.branch(600, Phase("cool-down", 100, lr=linear(1.0, 0.0)))
    again = first.branch(650, Phase("back up", 100, lr=linear(0.5, 1.0)))
    assert again.events == (Event(600, "branches", "cool-down"), Event(650, "branches", "back up"))
    assert [again["lr"](step) for step in (599, 600, 625, 649, 650)] == pytest.approx(
        [1.0, 1.0, 0.75, 0.51, 0.5]
    )


def test_a_branch_at_the_start_of_a_phase_drops_it():
    plan = presets.graphcast()
    branched = plan.branch(300_000, Phase("more of the same", 10, lr=1e-6))
    assert branched.events == (Event(300_000, "branches", "more of the same"),)
    assert [phase.name for phase in branched.phases] == ["warm-up", "decay", "more of the same"]


def test_percentages_keep_their_steps_in_a_longer_run():
    plan = Plan(
        Phase("warm-up", "10%", lr=linear(0.0, 1.0)),
        Phase("decay", "rest", lr=decay(1.0, 0.5, every="5%", stair=True)),
        weight_decay=cosine(0.1, 0.0),
        horizon=Horizon(total_steps=1_000),
    )
    longer = plan.extend(Phase("more", "20%", lr=0.1), total_steps=1_250)
    assert [str(phase.duration) for phase in longer.phases] == ["100 steps", "900 steps", "20%"]
    assert longer.total_steps == 1_250
    assert longer["weight_decay"](1_200) == longer["weight_decay"](999)
    assert longer["lr"](160) == plan["lr"](160) == 0.5


def test_percentages_that_are_no_whole_steps_can_t_go_on_elsewhere():
    plan = Plan(
        Phase("warm-up", "10%", lr=linear(0.0, 1.0)),
        Phase("rest", "rest", lr=1.0),
        horizon=Horizon(total_steps=1_001),
    )
    with pytest.raises(ValueError, match=r"10% of 1001 steps is 100.1: a plan whose percentages"):
        plan.extend(Phase("more", 10, lr=0.1))


def test_what_held_after_the_phases_is_held_in_a_longer_run():
    plan = Plan(Phase("a", 10, lr=linear(0.0, 1.0)), horizon=Horizon(total_steps=20))
    longer = plan.extend(Phase("b", 5, lr=2.0))
    assert [longer["lr"](step) for step in (9, 19, 20)] == [0.9, 0.9, 2.0]
    assert [phase.name for phase in longer.phases] == ["a", "held", "b"]


def test_a_listening_plan_is_branched_with_what_it_has_heard():
    plan = Plan(Phase("a", 100, lr=1.0, until=plateau("loss", patience=0)), Phase("b", 100, lr=0.5))
    heard = plan.listen().replay([(10, {"loss": 1.0}), (20, {"loss": 1.0})])
    branched = heard.branch(50, Phase("c", 10, lr=0.1))
    assert branched.bounds == (0, 20, 50, 60)


@pytest.mark.parametrize("at", [0, 311_001])
def test_a_branch_outside_of_the_run_is_refused(at):
    with pytest.raises(ValueError, match="can't be branched at step"):
        presets.graphcast().branch(at, Phase("c", 10, lr=0.1))


def test_a_run_goes_on_with_phases():
    with pytest.raises(TypeError, match="needs phases to go on with"):
        presets.graphcast().extend()
    with pytest.raises(ValueError, match="two phases are called 'decay'"):
        presets.graphcast().extend(Phase("decay", 10, lr=0.1))
