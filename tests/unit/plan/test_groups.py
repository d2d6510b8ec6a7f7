"""Parameter groups of a plan."""

import pytest

from glidepath import Horizon, Phase, Plan, constant, cosine, layerwise, linear, scaled
from glidepath.plan import files

HORIZON = Horizon(samples=1_000, batch=10)


def test_a_group_follows_the_default_at_its_own_height_in_every_phase():
    plan = Plan(
        Phase("warm-up", 10, lr=linear(0.0, 1.0)),
        Phase("decay", 90, lr=cosine(1.0, 0.0)),
        lr={"backbone": scaled(0.1)},
        groups=["backbone"],
    )
    for step in range(120):
        assert plan["lr.backbone"](step) == pytest.approx(0.1 * plan["lr"](step))
    assert plan.names == ("lr", "lr.backbone")
    assert plan.at(5).values == {"lr": 0.5, "lr.backbone": 0.05}


def test_a_group_that_says_nothing_has_the_default():
    plan = Plan(
        Phase("a", 10, lr=linear(0.0, 1.0)), groups=["head"], weight_decay={"default": 0.1,
        "head": 0.0}
    )  # fmt: skip
    assert plan["lr.head"] == plan["lr"]
    assert plan["weight_decay.head"](3) == 0.0
    with pytest.raises(KeyError, match=r"the plan has no `lr\.tail`"):
        plan["lr.tail"]


def test_a_group_can_have_a_shape_of_its_own_in_one_phase():
    plan = Plan(
        Phase("a", 10, lr={"default": 1.0, "head": linear(0.0, 5.0)}),
        Phase("b", 10, lr=0.5),
        lr={"head": scaled(2.0)},
        groups=["head"],
    )
    assert [plan["lr.head"](step) for step in (0, 5, 10, 19)] == [0.0, 2.5, 1.0, 1.0]


def test_unfreezing_begins_after_a_time():
    plan = Plan(
        Phase("a", "1 epoch", lr=1.0),
        Phase("b", "3 epochs", lr=0.5),
        lr={"body": scaled(0.1, after="2 epochs")},
        groups=["body"],
        horizon=HORIZON,
    )
    assert [plan["lr.body"](step) for step in (0, 100, 199, 200, 399)] == [0, 0, 0, 0.05, 0.05]


def test_unfreezing_in_a_phase_counts_from_its_start():
    plan = Plan(
        Phase("a", 10, lr=1.0),
        Phase("b", 20, lr={"default": 1.0, "body": scaled(after=5)}),
        groups=["body"],
    )
    assert [plan["lr.body"](step) for step in (0, 9, 10, 14, 15)] == [1, 1, 0, 0, 1]


def test_layers_decay_towards_the_input():
    plan = Plan(Phase("a", 10, lr=1.0), lr=layerwise(0.5, 3), groups=["layer_0", "layer_1",
                "layer_2"])  # fmt: skip
    assert plan.at(0).values == {
        "lr": 1.0,
        "lr.layer_0": 0.125,
        "lr.layer_1": 0.25,
        "lr.layer_2": 0.5,
    }


def test_a_number_for_a_group_holds_throughout():
    plan = Plan(Phase("a", 10, lr=linear(0, 1)), lr={"frozen": 0.0}, groups=["frozen"])
    assert [plan["lr.frozen"](step) for step in (0, 9)] == [0.0, 0.0]


def test_groups_stand_in_files_as_dotted_keys():
    text = """
    groups = ["backbone", "head"]
    lr.backbone = { scale = 0.1, after = "3 steps" }
    [[phase]]
    name = "a"
    for = 10
    lr.default = { shape = "linear", from = 0, to = 1 }
    lr.head = 2.0
    """
    plan = files.loads(text)
    assert [plan["lr.backbone"](step) for step in (2, 5)] == [0.0, 0.05]
    assert plan["lr.head"](5) == 2.0
    assert files.loads(files.dumps(plan)) == plan


def test_the_height_of_a_group_is_relative_whatever_the_floor_of_the_default():
    plan = Plan(Phase("a", 100, lr=cosine(1.0, 0.1)), lr={"slow": scaled(0.01)}, groups=["slow"])
    assert plan["lr.slow"](10**6) == pytest.approx(0.01 * plan["lr"](10**6))


def test_a_schedule_for_a_group_begins_with_the_run():
    plan = Plan(
        Phase("a", 10, lr=1.0),
        Phase("b", 10, lr=1.0),
        lr={"head": linear(0.0, 1.0).over(5) >> constant(1.0).over(5)},
        groups=["head"],
    )
    assert [plan["lr.head"](step) for step in (0, 1, 5, 15)] == [0.0, 0.2, 1.0, 1.0]
