"""A run whose plan listens goes on bit for bit, before and after the events."""

from dataclasses import replace

import pytest

from glidepath import Phase, Plan, constant, linear, plateau
from glidepath.record import History
from glidepath.record.lines import read
from glidepath.training.loop import train
from glidepath.training.run_directory import RunDirectory
from glidepath.training.stopping import Stop, StoppedError
from glidepath.training.verification import verify
from tests.resume.test_resume import SETTINGS, Silent, assert_same_run, run
from tests.unit.training.test_training import Line

# Nothing falls by 100: the first phase is cut after the third evaluation, and its end hastened.
HARD_TO_PLEASE = plateau("val_loss", patience=1, min_delta=100.0)
PLAN = Plan(
    Phase("long", 9, lr=constant(0.1).over(9).cut(0.5, on=HARD_TO_PLEASE)),
    Phase("short", 8, lr=linear(0.01, 0.0), rollout=2, until=HARD_TO_PLEASE),
    Phase("last", 3, lr=0.001),
    rollout=1,
)
LISTENS = replace(SETTINGS, num_steps=PLAN.total_steps, evaluate_every=2)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    directory = RunDirectory(tmp_path_factory.mktemp("runs") / "whole")
    state, _ = run(directory, Line(), LISTENS, PLAN)
    return directory, state


def test_events_change_the_run_and_are_on_record(uninterrupted):
    directory, state = uninterrupted
    history = History.open(directory.path)
    events = [(line["step"], line["event"], line["target"]) for line in history.events]
    assert events[0] == (6, "cuts", "long/lr")
    assert ("ends", "short") in {event[1:] for event in events}
    assert int(state.step) == history.plan.total_steps < PLAN.total_steps
    rates = history.column("lr")
    assert rates[5] == pytest.approx(0.1)
    assert rates[6] == pytest.approx(0.05)
    planned = [history.plan["lr"](step) for step in range(history.plan.total_steps)]
    assert rates.tolist() == pytest.approx(planned, rel=1e-6)


@pytest.mark.parametrize("stop", [1, 2, 5, 6, 7, 8, 9, 12, 13, 14, 15])
def test_a_run_that_listens_goes_on_bit_for_bit(stop, uninterrupted, tmp_path):
    directory = RunDirectory(tmp_path / "cut")
    run(directory, Line(), replace(LISTENS, num_steps=stop), PLAN)
    state, _ = run(directory, Line(), LISTENS, PLAN)
    assert_same_run(directory, state, *uninterrupted)


def test_a_plan_that_listens_to_what_is_not_measured_is_refused(tmp_path):
    directory = RunDirectory(tmp_path / "deaf")
    directory.create(PLAN, {})
    with pytest.raises(ValueError, match="listens to val_loss, and this run never evaluates"):
        train(Line(), PLAN, directory, replace(LISTENS, evaluate_every=None), Silent())
    other = Plan(Phase("a", 9, lr=0.1, until=plateau("accuracy", patience=1)))
    with pytest.raises(ValueError, match="listens to `accuracy`, and this training measures"):
        train(Line(), other, directory, LISTENS, Silent())


class Content(Silent):
    """Wants to stop after some updates."""

    def __init__(self, step):
        super().__init__()
        self.step, self.now = step, 0

    def wrote(self, line):
        self.now = line["step"] + 1 if line["kind"] == "update" else self.now

    def wants_to_stop(self):
        return Stop("enough", 3) if self.now >= self.step else None


def test_a_run_that_is_stopped_has_saved_and_goes_on_bit_for_bit(uninterrupted, tmp_path):
    directory = RunDirectory(tmp_path / "stopped")
    directory.create(PLAN, {})
    with pytest.raises(StoppedError, match="enough"):
        train(Line(), PLAN, directory, LISTENS, Content(4))
    (end,) = [line for line in read(directory.record_file) if line["kind"] == "end"]
    assert (end["state"], end["reason"]) == ("stopped", "enough")
    state, events = run(directory, Line(), LISTENS, PLAN)
    assert events[0][0] == "resumed"
    assert events[0][1] in (4, 5)
    assert_same_run(directory, state, *uninterrupted)


def test_a_run_whose_plan_is_changed_after_an_event_has_a_record_of_its_new_plan(tmp_path):
    directory = RunDirectory(tmp_path / "changed")
    run(directory, Line(), replace(LISTENS, num_steps=8), PLAN)
    assert len(History.open(directory.path).events) == 1
    calm = Plan(Phase("all", 20, lr=0.02), rollout=1)
    directory.change(calm, {}, ["plan"], 8)
    run(directory, Line(), replace(LISTENS, num_steps=20), calm)
    history = History.open(directory.path)
    assert history.events == []
    assert history.column("lr")[8:].tolist() == [0.02] * 12
    assert history.plan == calm
    assert all(not check.problems for check in verify(directory))
