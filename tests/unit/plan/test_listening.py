"""Plans that listen: what happened is a list of events, and with them a plan is a pure function."""

import json
import math

import numpy as np
import pytest

from glidepath import Event, Phase, Plan, constant, linear, plateau
from glidepath.plan import files

STALLED = plateau("val_loss", patience=2, min_delta=0.01)
PLAN = Plan(
    Phase("warm-up", 100, lr=linear(0.0, 1.0)),
    Phase("stable", 2_000, lr=1.0, until=STALLED),
    Phase("cutting", 1_000, lr=constant(0.5).over(1_000).cut(0.5, on=STALLED, lowest=0.1)),
    Phase("cool-down", 100, lr=linear(0.1, 0.0)),
)


def recorded():
    """A loss that falls to a plateau, as a run's record has it: an evaluation every 50 updates."""
    noise = np.random.default_rng(3)
    for step in range(50, 3_000, 50):
        loss = 1.0 + 2.0 * math.exp(-step / 150) + 0.004 * noise.standard_normal()
        yield step, {"val_loss": loss, "train_loss": loss / 2}


def test_a_plateau_ends_its_phase_and_the_next_begins_at_the_event():
    plan = PLAN.listen().replay(recorded())
    (end,) = [event for event in plan.events if event.kind == "ends"]
    assert end.target == "stable"
    assert 150 < end.step < 2_100
    assert plan.starts[2] == end.step
    assert plan["lr"](end.step - 1) == 1.0
    assert plan["lr"](end.step) == 0.5
    assert plan.total_steps == end.step + 1_000 + 100


def test_a_value_is_cut_on_each_plateau_and_no_lower_than_its_floor():
    plan = PLAN.listen().replay(recorded())
    cuts = [event.step for event in plan.events if event.kind == "cuts"]
    assert len(cuts) >= 3
    assert [plan["lr"](step) for step in cuts[:3]] == [0.25, 0.125, 0.1]
    assert plan["lr"](cuts[0] - 1) == 0.5


def test_an_event_never_changes_the_past():
    listener = PLAN.listen()
    for step, measured in recorded():
        before = listener.plan
        if listener.hear(step, measured):
            asked = range(0, step, 7)
            assert [listener.plan.at(t).values for t in asked] == [
                before.at(t).values for t in asked
            ]


def test_a_run_resumed_anywhere_has_the_same_plan():
    measurements = list(recorded())
    whole = PLAN.listen().replay(measurements)
    for cut in range(len(measurements)):
        listener = PLAN.listen()
        listener.replay(json.loads(json.dumps(measurements[:cut])))
        assert listener.replay(measurements[cut:]) == whole


def test_a_plan_with_its_events_is_the_same_without_the_listener():
    plan = PLAN.listen().replay(recorded())
    again = files.loads(files.dumps(plan))
    assert again == plan
    assert again.fingerprint == plan.fingerprint != PLAN.fingerprint
    assert PLAN.with_events(plan.events) == plan
    steps = np.arange(plan.total_steps)
    assert (again["lr"](steps) == plan["lr"](steps)).all()


def test_a_plan_that_hears_nothing_keeps_to_its_longest_durations():
    assert PLAN.listen().replay([(50, {"train_loss": 1.0})]) == PLAN
    assert PLAN.total_steps == 3_200


def test_a_metric_that_is_not_a_number_is_no_improvement():
    listener = PLAN.listen()
    listener.hear(150, {"val_loss": 1.0})
    events = [listener.hear(step, {"val_loss": math.nan}) for step in (200, 250, 300)]
    assert events == [[], [], [Event(300, "ends", "stable")]]


def test_more_can_be_better():
    plan = Plan(Phase("a", 1_000, lr=1.0, until=plateau("accuracy", patience=1, mode="max")),
                Phase("b", 10, lr=0.1))  # fmt: skip
    heard = [(10, 0.1), (20, 0.5), (30, 0.7), (40, 0.6), (50, 0.7)]
    after = plan.listen().replay((step, {"accuracy": value}) for step, value in heard)
    assert after.events == (Event(50, "ends", "a"),)


def test_a_cooldown_keeps_the_next_cut_away():
    eager = constant(1.0).over(1_000).cut(0.5, on=plateau("loss", patience=0, cooldown=3))
    plan = Plan(Phase("a", 1_000, lr=eager))
    after = plan.listen().replay((10 * i, {"loss": 1.0}) for i in range(1, 12))
    assert [event.step for event in after.events] == [20, 60, 100]


def test_a_whole_plan_s_value_can_be_cut():
    lr = linear(1.0, 0.0).over(1_000).cut(0.5, on=plateau("loss", patience=0))
    plan = Plan(Phase("a", 500), Phase("b", 500), lr=lr)
    after = plan.listen().replay([(100, {"loss": 1.0}), (200, {"loss": 1.0})])
    assert after.events == (Event(200, "cuts", "lr"),)
    assert after["lr"](199) == plan["lr"](199)
    assert after["lr"](200) == 0.5 * plan["lr"](200)


def test_measurements_come_in_order():
    listener = PLAN.listen()
    listener.hear(10, {})
    with pytest.raises(ValueError, match="must be after 10, the last one heard, got 10"):
        listener.hear(10, {})


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (Event(50, "cuts", "cutting/lr"), "lies outside of steps 2100 to 3099"),
        (Event(5_000, "cuts", "cutting/lr"), "lies outside of steps"),
        (Event(50, "branches", "warm-up"), "the first phase can't be a branch"),
        (Event(50, "ends", "nowhere"), "nothing in the plan that .* could have happened to"),
        (Event(50, "cuts", "stable/lr"), "nothing in the plan that"),
        (Event(50, "ends", "stable"), "it can't be ended at step 50: it goes from 100 to 2100"),
    ],
)
def test_events_that_could_not_have_happened_are_refused(event, message):
    with pytest.raises(ValueError, match=message):
        PLAN.with_events([event])


@pytest.mark.parametrize("kind", ["end", "", None])
def test_an_event_of_no_kind_is_refused(kind):
    with pytest.raises(ValueError, match="`kind` must be one of ends, cuts, branches"):
        Event(1, kind, "a")
    with pytest.raises(ValueError, match="`step` must be at least 1"):
        Event(0, "ends", "a")


def test_what_happened_twice_is_refused():
    for events in (
        [Event(500, "ends", "stable"), Event(600, "ends", "stable")],
        [Event(2_500, "cuts", "cutting/lr"), Event(2_500, "cuts", "cutting/lr")],
    ):
        with pytest.raises(ValueError, match="can't have happened twice"):
            PLAN.with_events(events)


def test_a_record_replayed_on_a_plan_that_has_heard_it_changes_nothing():
    heard = PLAN.listen().replay(recorded())
    assert heard.listen().replay(recorded()) == heard


def test_a_cut_and_an_end_from_one_measurement_end_the_phase():
    stalled = plateau("loss", patience=0)
    lr = constant(1.0).over(100).cut(0.5, on=stalled)
    plan = Plan(Phase("a", 100, until=stalled, lr=lr), Phase("b", 100, lr=0.1))
    heard = plan.listen().replay([(10, {"loss": 1.0}), (20, {"loss": 1.0})])
    assert heard.events == (Event(20, "ends", "a"),)


def test_a_phase_may_have_a_slash_in_its_name():
    lr = constant(1.0).over(100).cut(0.5, on=plateau("loss", patience=0))
    plan = Plan(Phase("a/b", 100, lr=lr), Phase("a", 100, lr=0.1))
    heard = plan.listen().replay([(10, {"loss": 1.0}), (20, {"loss": 1.0})])
    assert heard.events == (Event(20, "cuts", "a/b/lr"),)
    assert heard["lr"](20) == 0.5


def test_a_branched_plan_hears_the_record_of_its_past_again():
    plan = Plan(Phase("a", 100, until=plateau("loss", patience=0), lr=0.5), Phase("b", 100, lr=0.1))
    record = [(10, {"loss": 1.0}), (20, {"loss": 1.0})]
    branched = plan.listen().replay(record).branch(50, Phase("cool", 10, lr=linear(0.1, 0.0)))
    assert branched.listen().replay(record) == branched


def test_a_child_run_keeps_what_its_parent_has_heard():
    heard = PLAN.listen().replay(recorded())
    first, *_ = heard.events
    later = [(step, measured) for step, measured in recorded() if step > first.step]
    assert first in heard.listen().replay(later).events


def test_steps_from_numpy_are_written_as_numbers():
    plan = Plan(Phase("a", 10, lr=1.0, until=plateau("loss", patience=np.int64(0))), Phase("b", 5,
                lr=0.5))  # fmt: skip
    heard = plan.listen().replay([(np.int64(2), {"loss": 1.0}), (np.int64(4), {"loss": 1.0})])
    for kind in files.FORMATS:
        assert files.loads(files.dumps(heard, kind=kind), kind=kind) == heard


def test_nothing_is_heard_after_the_end():
    eager = constant(1.0).over(10).cut(0.5, on=plateau("loss", patience=0))
    listener = Plan(Phase("a", 10, lr=eager)).listen()
    assert [listener.hear(step, {"loss": 1.0}) for step in (8, 10, 12)] == [[], [], []]


def test_a_measurement_that_is_no_number_names_the_metric():
    with pytest.raises(TypeError, match="`val_loss` must be a number, got None"):
        PLAN.listen().hear(150, {"val_loss": None})


def test_two_conditions_on_one_value_are_refused():
    cut = constant(1.0).over(10).cut(0.5, on=STALLED)
    for twice in (cut.cut(0.5, on=STALLED), cut.repeat()):
        with pytest.raises(ValueError, match="can be cut on one condition, and not inside"):
            Plan(Phase("a", 10, lr=twice))
