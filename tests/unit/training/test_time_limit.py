"""A run stops while there is time to save."""

import pytest

from glidepath.training import time_limit
from glidepath.training.stopping import OUT_OF_TIME
from glidepath.training.time_limit import TimeLimit


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(time_limit, "time", clock)
    return clock


def test_without_a_limit_nothing_is_wished(clock):
    limit = TimeLimit(None)
    clock.now += 1e9
    assert limit.wish(1e9) is None


def test_it_stops_twice_the_longest_stretch_before_the_end(clock):
    limit = TimeLimit(100.0)
    wishes = {}
    for seconds in range(0, 101, 10):
        clock.now = 1000.0 + seconds
        wishes[seconds] = limit.wish()
    assert [seconds for seconds, wish in wishes.items() if wish] == [80, 90, 100]
    assert wishes[80].status == OUT_OF_TIME == 75
    assert wishes[80].reason == "--max-time of 100 s"


def test_the_longest_saving_is_left_over_twice_too(clock):
    limit = TimeLimit(100.0)
    for seconds in range(0, 60, 10):
        clock.now = 1000.0 + seconds
        assert limit.wish(more_seconds=10.0) is None
    clock.now = 1060.0
    assert limit.wish(more_seconds=10.0) is not None


def test_a_long_stretch_is_remembered(clock):
    limit = TimeLimit(100.0)
    clock.now = 1030.0
    assert limit.wish() is None
    clock.now = 1041.0
    assert limit.wish() is not None


def test_the_time_before_it_was_made_counts_where_it_is_told(clock):
    assert TimeLimit(100.0, began=890.0).wish() is not None
    assert TimeLimit(100.0, began=1000.0).wish() is None
