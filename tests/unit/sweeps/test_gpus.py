"""GPUs among the processes of a sweep, and the trials of a cluster."""

import subprocess

import pytest

from glidepath.sweeps import gpus
from glidepath.sweeps.gpus import devices_of, shares
from glidepath.sweeps.on_ray import Resources

VISIBLE, MEMORY = "CUDA_VISIBLE_DEVICES", "XLA_PYTHON_CLIENT_MEM_FRACTION"


@pytest.mark.parametrize(
    ("num_jobs", "devices", "environment", "expected"),
    [
        (2, [], {}, [{}, {}]),
        (2, ["0", "1"], {}, [{VISIBLE: "0"}, {VISIBLE: "1"}]),
        (2, ["3", "5", "6"], {}, [{VISIBLE: "3"}, {VISIBLE: "5"}]),
        (2, ["0"], {}, [{VISIBLE: "0", MEMORY: "0.3750"}] * 2),
        (2, ["0"], {MEMORY: "0.4"}, [{VISIBLE: "0"}] * 2),
        (2, ["0"], {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}, [{VISIBLE: "0"}] * 2),
        (
            3,
            ["0", "1"],
            {},
            [{VISIBLE: "0", MEMORY: "0.3750"}, {VISIBLE: "1"}, {VISIBLE: "0", MEMORY: "0.3750"}],
        ),
    ],
)
def test_each_process_gets_as_many_gpus_or_a_share_of_one(num_jobs, devices, environment, expected):
    assert shares(num_jobs, devices, environment) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("0,2", ["0", "2"]), ("GPU-a, GPU-b", ["GPU-a", "GPU-b"]), ("", []), ("1,-1,0", ["1"])],
)
def test_the_gpus_that_a_process_is_shown_are_its_own(shown, expected):
    assert devices_of({VISIBLE: shown}) == expected


def test_without_a_word_the_driver_counts_them(monkeypatch):
    listed = "GPU 0: NVIDIA H200 (UUID: GPU-a)\n  MIG 1g (UUID: MIG-b)\nGPU 1: NVIDIA H200\n"
    done = subprocess.CompletedProcess([], 0, listed)
    monkeypatch.setattr(gpus.subprocess, "run", lambda *_, **__: done)
    assert devices_of({}) == ["0", "1"]


def test_a_machine_without_a_driver_has_none(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert devices_of({}) == []


def test_a_cluster_with_gpus_is_told_how_many_a_trial_takes():
    with pytest.raises(ValueError, match="`gpus` must be given, for the cluster has 4, and would"):
        Resources().check({"CPU": 8.0, "GPU": 4.0})
    Resources().check({"CPU": 8.0})
    assert Resources(gpus=0).check({"GPU": 4.0}) is None
