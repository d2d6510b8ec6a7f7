"""Several processes at work on a sweep: when a wish to stop was in time, and when it was not."""

import os
from multiprocessing import get_context

import pytest

from glidepath.sweeps import processes
from glidepath.sweeps.working import Job
from glidepath.training.stopping import Stop, StoppedError
from tests.unit.sweeps.small_sweep import LineTrainer


class Ended:
    """A process that lives for one look, and ends with a status."""

    exitcode = 0
    looks = 1

    def __init__(self, target, args):
        self.args = args

    def start(self):
        """It runs."""

    def is_alive(self):
        return self.looks > 0

    def join(self, seconds):
        self.looks -= 1


class Failed(Ended):
    exitcode = 1


def together(path, monkeypatch, kind, asked):
    context = get_context("spawn")
    monkeypatch.setattr(type(context), "Process", kind)
    processes.work_together(Job(path, LineTrainer()), 2, asked=asked)


def test_each_process_has_its_share_of_the_gpus(tmp_path, monkeypatch):
    shown = []

    class Shown(Ended):
        def start(self):
            shown.append(os.environ["CUDA_VISIBLE_DEVICES"])

    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    together(tmp_path, monkeypatch, Shown, [])
    assert shown == ["4", "5"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,5"


def wish():
    return Stop("SIGINT", 130)


def test_a_wish_to_stop_that_came_after_the_last_trial_is_none(tmp_path, monkeypatch):
    together(tmp_path, monkeypatch, Ended, [wish])


def test_a_wish_to_stop_is_told_where_something_is_left(tmp_path, monkeypatch):
    with pytest.raises(StoppedError, match="SIGINT"):
        together(tmp_path, monkeypatch, Failed, [wish])
    with pytest.raises(ChildProcessError, match="has ended with an error, told above"):
        together(tmp_path, monkeypatch, Failed, [])
