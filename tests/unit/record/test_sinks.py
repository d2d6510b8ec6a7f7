"""Sinks do what they like, and the run goes on."""

import json
import subprocess
import sys
import threading

import pytest

from glidepath import Phase, Plan, linear
from glidepath.record import Recorder
from glidepath.record.sinks import Background
from glidepath.record.sinks.background import MOST_FAILURES

WAIT_SECONDS = 30
"""For what happens at once, on a machine that is shared."""


def lines(*steps):
    return [{"kind": "update", "step": step, "loss": float(step)} for step in steps]


class Kept:
    """Keeps what it gets; raises where it is told to."""

    def __init__(self, fails=lambda line: False, error=None):
        self.lines, self.num_calls, self.is_closed = [], 0, False
        self.fails, self.error = fails, error or OSError("no network")

    def write(self, line):
        self.num_calls += 1
        if self.fails(line):
            raise self.error
        self.lines.append(line)

    def close(self):
        self.is_closed = True

    @property
    def steps(self):
        return [line["step"] for line in self.lines]


class Waiting(Kept):
    """Takes a line when it is let, and says when it has begun with one."""

    def __init__(self):
        super().__init__()
        self.begun, self.may = threading.Semaphore(0), threading.Semaphore(0)

    def write(self, line):
        self.begun.release()
        self.may.acquire()
        super().write(line)

    def wait_for_begin(self):
        assert self.begun.acquire(timeout=WAIT_SECONDS)


@pytest.fixture
def waiting():
    sink = Waiting()
    yield sink
    sink.may.release(1000)


def handed(sink, *steps, **settings):
    """What its owner is told of a run that hands lines to a sink and ends."""
    told = []
    background = Background(sink, tell=told.append, **settings)
    for line in lines(*steps):
        background.put(line)
    background.close()
    return told


def test_a_good_sink_gets_every_line_in_order_and_nothing_is_told():
    sink = Kept()
    assert handed(sink, *range(1000)) == []
    assert sink.lines == lines(*range(1000))
    assert sink.is_closed


def test_a_line_is_delivered_as_it_was_when_it_was_put(waiting):
    background = Background(waiting, tell=pytest.fail)
    line = {"kind": "layers", "step": 0, "arrays": {"w": {"norm": 1.0, "step_size": [1.0, 2.0]}}}
    background.put(line)
    line["step"] = 9
    line["arrays"]["w"]["norm"] = 9.0
    line["arrays"]["w"]["step_size"][0] = 9.0
    waiting.may.release(1)
    background.close()
    whole = {"kind": "layers", "step": 0, "arrays": {"w": {"norm": 1.0, "step_size": [1.0, 2.0]}}}
    assert waiting.lines == [whole]


def test_a_sink_that_always_raises_is_reported_once_and_given_up_once():
    sink = Kept(fails=lambda line: True)
    refused, given_up, lost = handed(sink, *range(100))
    rest = "the run goes on, and its own record has every line"
    assert refused == f'Kept did not take the line "update" of step 0 (OSError: no network): {rest}'
    assert given_up == f"Kept failed 10 times in a row and gets no more lines: {rest}"
    assert lost == "Kept did not get 100 of 100 lines: the run's own record has every one"
    assert sink.num_calls == MOST_FAILURES == 10
    assert sink.is_closed


def test_nothing_waits_for_a_sink_that_was_given_up():
    told = []
    background = Background(Kept(fails=lambda line: True), tell=told.append, capacity=20)
    for line in lines(*range(MOST_FAILURES)):
        background.put(line)
    background._thread.join(WAIT_SECONDS)
    for line in lines(*range(10, 100)):
        background.put(line)
    assert background._lines.qsize() == 0
    background.close()
    assert [("slower" in text) for text in told] == [False] * 3


@pytest.mark.parametrize("error", [OSError("no network"), SystemExit(3), RecursionError()])
def test_a_sink_that_raises_once_gets_all_other_lines(error):
    sink = Kept(fails=lambda line: line["step"] == 3, error=error)
    refused, lost = handed(sink, *range(20))
    assert f"of step 3 ({type(error).__name__}" in refused
    assert "did not get 1 of 20 lines" in lost
    assert sink.steps == [*range(3), *range(4, 20)]


def test_a_sink_that_refuses_old_steps_gets_the_new_ones():
    sink = Kept()
    sink.fails = lambda line: bool(sink.lines) and line["step"] <= sink.steps[-1]
    told = handed(sink, *range(10), *range(5, 15))
    assert sink.steps == [*range(15)]
    assert len(told) == 2
    assert "of step 5" in told[0]
    assert "did not get 5 of 20 lines" in told[1]


def test_a_sink_that_fails_now_and_then_is_not_given_up():
    sink = Kept(fails=lambda line: line["step"] % MOST_FAILURES)
    told = handed(sink, *range(100))
    assert sink.steps == [*range(0, 100, 10)]
    assert len(told) == 2
    assert "did not get 90 of 100 lines" in told[1]


def test_a_long_error_is_told_on_one_line():
    sink = Kept(fails=lambda line: True, error=ValueError("a\nb" * 1000))
    told = handed(sink, 0)
    assert "\n" not in told[0]
    assert len(told[0]) < 500


def test_a_sink_that_hangs_is_told_once_and_left(waiting):
    told = []
    background = Background(waiting, tell=told.append, capacity=5, patience_seconds=0.05)
    background.put(lines(0)[0])
    waiting.wait_for_begin()
    for line in lines(*range(1, 20)):
        background.put(line)
    (full,) = told
    assert full == (
        'Waiting is slower than the run, and 5 lines wait for it: from the line "update" of step 6 '
        "on it misses some; the run goes on, and its own record has every line"
    )
    background.close()
    assert told[1:] == [
        "Waiting did not get 20 of 20 lines within 0.05 s of the run's end: the run's own record "
        "has every one"
    ]
    waiting.may.release(1000)
    background._thread.join(WAIT_SECONDS)
    assert waiting.steps == [0], "what was told stays true"
    assert waiting.is_closed


def test_a_sink_that_is_slow_misses_lines_twice_and_is_told_once(waiting):
    told = []
    background = Background(waiting, tell=told.append, capacity=2)
    for first in (0, 100):
        background.put(lines(first)[0])
        waiting.wait_for_begin()
        for line in lines(*range(first + 1, first + 10)):
            background.put(line)
        waiting.may.release(3)
        waiting.wait_for_begin()
        waiting.wait_for_begin()
        assert len(told) == 1
    background.close()
    assert waiting.steps == [0, 1, 2, 100, 101, 102]
    assert len(told) == 2
    assert "did not get 14 of 20 lines: " in told[1]


def test_a_sink_that_refuses_to_close_is_told():
    sink = Kept()
    sink.close = lambda: (_ for _ in ()).throw(ConnectionError("gone"))
    assert handed(sink, 0, 1) == [
        "Kept did not close (ConnectionError: gone), and may lack its last lines: the run's own "
        "record has every one"
    ]
    assert sink.steps == [0, 1]


def test_a_sink_that_hangs_as_it_closes_is_left(waiting):
    sink = Kept()
    sink.close = waiting.may.acquire
    (told,) = handed(sink, 0, 1, patience_seconds=0.05)
    assert told.startswith("Kept did not get 0 of 2 lines within 0.05 s")


def test_after_its_end_a_background_takes_and_says_nothing():
    sink, told = Kept(fails=lambda line: True), []
    background = Background(sink, tell=told.append)
    background.put(lines(0)[0])
    background.close()
    before = list(told)
    background.put(lines(1)[0])
    background.close()
    assert told == before
    assert sink.num_calls == 1


def test_its_owner_is_told_on_the_thread_of_the_run():
    threads = []
    background = Background(
        Kept(fails=lambda line: True), tell=lambda text: threads.append(threading.current_thread())
    )
    for line in lines(*range(50)):
        background.put(line)
    background.close()
    assert threads == [threading.main_thread()] * 3


def test_a_screen_that_is_broken_stops_nothing():
    def broken(text):
        raise BrokenPipeError

    background = Background(Kept(fails=lambda line: True), tell=broken)
    for line in lines(*range(50)):
        background.put(line)
    background.close()
    assert background._messages == type(background._messages)()


def test_telling_may_put_a_line_of_its_own(waiting):
    told = []

    def tell(text):
        told.append(text)
        background.put({"kind": "notice", "step": 0, "text": text})

    background = Background(waiting, tell=tell, capacity=1, patience_seconds=0.05)
    background.put(lines(0)[0])
    waiting.wait_for_begin()
    for line in lines(*range(1, 5)):
        background.put(line)
    assert len(told) == 1
    background.close()
    assert "did not get 6 of 6 lines" in told[1]


def test_without_a_thread_the_run_goes_on(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    told = handed(Kept(), *range(5))
    assert told[0].startswith("Kept got no thread (RuntimeError: can't start new thread): ")
    assert "did not get 5 of 5 lines" in told[1]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"sink": Kept}, TypeError, "must be an object with write"),
        ({"sink": print}, TypeError, "must be an object with write"),
        ({"capacity": 0}, ValueError, "`capacity` must be a whole number from 1, got 0"),
        ({"capacity": True}, ValueError, "got True"),
        ({"patience_seconds": -1.0}, ValueError, "`patience_seconds` must be 0 or more, got -1.0"),
        ({"patience_seconds": float("nan")}, ValueError, "got nan"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        Background(**{"sink": Kept(), "tell": print} | arguments)


def program(text, *arguments):
    """What a program prints that uses sinks; it must end, and well."""
    text = "from glidepath.record.sinks import Background\n" + text
    ended = subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_interpreter_ends_while_a_sink_hangs():
    printed = program("""
import threading
class Hanging:
    def write(self, line): threading.Event().wait()
    close = write
background = Background(Hanging(), tell=print, patience_seconds=0.05)
background.put({"kind": "update", "step": 0})
print("the run is done")
""")
    assert printed.splitlines()[0] == "the run is done"
    assert "did not get 1 of 1 lines within 0.05 s" in printed


def test_a_run_that_closes_nothing_delivers_before_its_tracker_ends():
    printed = program("""
import atexit
class Tracker:
    def write(self, line):
        if line["step"] == 1: atexit.register(print, "the tracker ends")
        print(line["step"])
    def close(self): print("closed")
background = Background(Tracker(), tell=print)
for step in range(100): background.put({"kind": "update", "step": step})
import time
while background._num_delivered < 2: time.sleep(0.001)
""")
    assert printed.splitlines() == [*map(str, range(100)), "closed", "the tracker ends"]


def test_whatever_trackers_do_the_record_has_every_step_once(tmp_path, waiting):
    plan = Plan(Phase("all", 40, lr=linear(0.4, 0.0)))
    bad = Kept(fails=lambda line: True)
    closing = Kept(fails=lambda line: line.get("step") == 7)
    closing.close = lambda: (_ for _ in ()).throw(ConnectionError("gone"))
    good, told = Kept(), []
    for start, end in ((0, 25), (15, 40)):
        sinks = [bad, closing, good]
        with Recorder(tmp_path, plan, start=start, sinks=sinks, tell=told.append) as recorder:
            for step in range(start, end):
                recorder.log(step, loss=1.0 / (step + 1))
    written = [json.loads(line) for line in (tmp_path / "record.jsonl").read_text().splitlines()]
    updates = [line for line in written if line["kind"] == "update"]
    assert [line["step"] for line in updates] == [*range(40)]
    assert [line["loss"] for line in updates] == [1.0 / (step + 1) for step in range(40)]
    sent = [line["step"] for line in good.lines if line["kind"] == "update"]
    assert sent == [*range(25), *range(15, 40)]
    assert sum("Kept failed 10 times" in text for text in told) == 2
