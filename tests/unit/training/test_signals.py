"""The first signal is a wish; the handlers are given back."""

import os
import signal
import time

import pytest

from glidepath.training.signals import SIGNALS, Signals


def wait_for(question):
    until = time.monotonic() + 60
    while not question():
        assert time.monotonic() < until
        time.sleep(0.001)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_is_a_wish_with_its_exit_status(number, capfd):
    with Signals() as signals:
        assert signals.wish() is None
        os.kill(os.getpid(), number)
        wait_for(signals.wish)
        stop = signals.wish()
    assert (stop.reason, stop.status) == (number.name, 128 + number)
    wait_for(lambda: "second one ends at once" in capfd.readouterr().err)


def test_the_handlers_are_given_back():
    before = [signal.getsignal(one) for one in SIGNALS]
    with Signals():
        assert [signal.getsignal(one) for one in SIGNALS] != before
    assert [signal.getsignal(one) for one in SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_one_that_comes_right_before_the_end_is_a_wish_still():
    for _ in range(20):
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGTERM)
        assert signals.wish() is not None


def test_one_that_was_ignored_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGINT)
        assert signals.wish() is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_signals_are_no_wish():
    seen = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: seen.append(number))
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGUSR1)
            wait_for(lambda: seen)
            assert signals.wish() is None
    finally:
        signal.signal(signal.SIGUSR1, before)
