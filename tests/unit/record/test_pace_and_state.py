"""How fast a run goes, how long it still takes, and whether it is still there."""

import time

import numpy as np
import pytest

from glidepath.record.durations import durations
from glidepath.record.history import History
from glidepath.record.pace import pace_of
from glidepath.record.state import patience, state_of


def record(gaps, *, total=1_000, measured=True, start=1_000.0, pauses=(), **header):
    """A record whose updates are so many seconds apart; after pauses nothing was measured."""
    lines = [{"kind": "run", "schema": 1, "total_steps": total, "time": start, **header}]
    now = start
    for step, gap in enumerate(gaps):
        now += gap
        line = {"kind": "update", "step": step, "loss": 1.0, "samples": 4, "time": now}
        if measured and step and step not in pauses:
            line["seconds"] = gap
        lines.append(line)
    return lines


def test_the_time_left_is_that_of_the_updates_that_are_left():
    pace = pace_of(History(record([2.0] * 101, total=201)))
    assert pace.seconds_per_update == pytest.approx(2.0)
    assert pace.seconds_left == pytest.approx(200.0)
    assert pace.updates_per_second == pytest.approx(0.5)
    assert pace.samples_per_second == pytest.approx(2.0)


def test_the_time_left_has_its_share_of_evaluations():
    """Of 50 updates one takes 51 seconds, 50 of them to evaluate: two seconds each."""
    gaps = [51.0 if step and step % 50 == 0 else 1.0 for step in range(500)]
    lines = record(gaps, total=600, pauses=range(0, 500, 50))
    lines += [{"kind": "evaluation", "step": step, "val_loss": 1.0} for step in range(50, 500, 50)]
    pace = pace_of(History(lines))
    assert pace.seconds_left == pytest.approx(100 * 2.0)
    assert pace.updates_per_second == pytest.approx(1.0)


def test_a_machine_that_slept_for_a_night_does_not_change_the_time_left():
    gaps = [1.0] * 200
    gaps[150] = 30_000.0
    assert pace_of(History(record(gaps, total=300))).seconds_left == pytest.approx(100.0)


def test_where_every_tenth_update_is_logged_the_time_left_is_that_of_all():
    lines = record([10.0] * 50, total=1_000)
    for line in lines[1:]:
        line["step"] *= 10
    assert pace_of(History(lines)).seconds_left == pytest.approx(1_000 - 491)


@pytest.mark.parametrize("num_updates", [0, 1])
def test_nothing_is_said_of_the_pace_before_there_are_two_updates(num_updates):
    pace = pace_of(History(record([1.0] * num_updates)))
    assert pace.seconds_per_update is None
    assert pace.seconds_left is None


def test_a_clock_that_goes_back_takes_no_time():
    lines = record([1.0, 1.0, -3_600.0, 1.0, 1.0], pauses=[2])
    taken = durations(History(lines))
    assert np.isnan(taken[[0, 2]]).all()
    assert taken[[1, 3, 4]].tolist() == [1.0, 1.0, 1.0]


def test_the_time_between_two_starts_is_none_of_the_run():
    lines = record([1.0, 1.0, 5_000.0, 1.0], pauses=[2])
    lines.insert(3, {"kind": "restart", "step": 2})
    assert np.nansum(durations(History(lines))) == 2.0


def test_a_run_that_writes_is_going_on_and_one_that_has_stopped_writing_is_silent():
    history = History(record([1.0] * 50))
    assert state_of(history, age=59.0).name == "going on"
    assert state_of(history, age=61.0).name == "silent"


@pytest.mark.parametrize("name", ["finished", "stopped", "failed"])
def test_a_run_that_has_ended_says_how(name):
    lines = [*record([1.0] * 3), {"kind": "end", "step": 3, "state": name, "reason": "why"}]
    found = state_of(History(lines), age=1e6)
    assert (found.name, found.reason, found.is_over) == (name, "why", True)


def test_a_run_that_went_on_after_its_end_is_going_on():
    lines = [*record([1.0] * 3), {"kind": "end", "step": 3, "state": "stopped"}]
    lines += record([1.0])[:1]
    assert state_of(History(lines), age=1.0).name == "going on"


def test_a_record_that_is_not_there_yet_is_of_a_run_that_has_not_started():
    found = state_of(History())
    assert (found.name, found.age) == ("not started", None)


def test_a_run_is_waited_for_as_long_as_its_evaluations_take():
    gaps = [1.0] * 100
    gaps[20] = gaps[60] = 100.0
    assert patience(History(record(gaps, pauses=[20, 60]))) == 300.0


def test_one_long_pause_does_not_make_a_run_waited_for_longer():
    gaps = [1.0] * 100
    gaps[20] = 30_000.0
    assert patience(History(record(gaps, pauses=[20]))) == 60.0


def test_a_run_is_waited_for_as_long_as_it_took_to_compile():
    assert patience(History(record([200.0, *[1.0] * 50]))) == 600.0
    assert patience(History(record([])[:1])) == 900.0


def test_no_age_is_negative():
    lines = record([1.0] * 5, start=time.time() + 7_200)
    assert state_of(History(lines)).age == 0.0
