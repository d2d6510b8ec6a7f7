"""One run on any number of devices and processes: the same batches, and losses to rounding."""

import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from glidepath.record import History
from glidepath.training.checkpoints import complete_steps
from glidepath.training.sampling import draw
from tests.conftest import make_weather
from tests.devices.one_of_several import BATCH, Part, command

ROOT = Path(__file__).parents[2]
SECONDS = 240
"""Until a process counts as hanging."""


def free_port():
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return one.getsockname()[1]


def start(*parts, num_devices=1):
    """All processes of runs, each with so many devices."""
    flags = f"--xla_force_host_platform_device_count={num_devices}"
    parts = [replace(part, port=free_port()) for part in parts]
    return [
        subprocess.Popen(
            command(*(replace(part, process=i) for part in parts)),
            cwd=ROOT,
            env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for i in range(parts[0].num_processes)
    ]


def ended(processes):
    """(exit status, what it printed at its end) of each."""
    found = []
    for one in processes:
        out, error = one.communicate(timeout=SECONDS)
        lines = [line for line in out.splitlines() if line.startswith("{")]
        assert lines, error[-3000:]
        found.append((one.returncode, json.loads(lines[-1])))
    return found


def go(*parts, num_devices=1):
    results = ended(start(*parts, num_devices=num_devices))
    assert [status for status, _ in results] == [0] * parts[0].num_processes
    return [told for _, told in results]


KINDS = [
    {"num_devices": 2},
    {"num_devices": 4, "shard": True},
    {"num_devices": 8},
    {"num_devices": 8, "shard": True},
    {"num_devices": 2, "accumulate": 4, "shard": True},
    {"num_devices": 1, "accumulate": 8},
]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The run on one device, and with each of the kinds: their directories."""
    path = tmp_path_factory.mktemp("runs")
    parts = [
        Part(str(path / str(i)), **kind) for i, kind in enumerate([{"num_devices": 1}, *KINDS])
    ]
    go(*parts, num_devices=8)
    return [Path(part.run) for part in parts]


@pytest.fixture(scope="module")
def alone(runs):
    return History.open(runs[0])


def assert_same(path, alone, tolerance=1e-6):
    history = History.open(path)
    assert history.steps.tolist() == list(range(50))
    assert history.texts("batch") == alone.texts("batch")
    assert history.column("lr").tolist() == alone.column("lr").tolist()
    for name in ("loss", "gradient_norm"):
        np.testing.assert_allclose(history.column(name), alone.column(name), rtol=10 * tolerance)
    np.testing.assert_allclose(history.column("loss"), alone.column("loss"), rtol=tolerance)
    ours, theirs = (one.evaluations("val_loss") for one in (history, alone))
    assert ours[0].tolist() == theirs[0].tolist() == [25, 50]
    np.testing.assert_allclose(ours[1], theirs[1], rtol=tolerance)


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=map(str, KINDS))
def test_devices_and_micro_batches_change_losses_by_rounding_alone(kind, runs, alone):
    assert_same(runs[1 + kind], alone)


@pytest.mark.parametrize(
    ("num_processes", "num_devices"), [(2, 2), pytest.param(4, 1, marks=pytest.mark.heavy)]
)
def test_processes_read_their_own_samples_and_learn_the_same(
    num_processes, num_devices, alone, tmp_path
):
    part = Part(str(tmp_path / "run"), num_processes=num_processes)
    told = go(part, num_devices=num_devices)
    assert_same(tmp_path / "run", alone)
    drawn = np.stack([draw(1, step, BATCH, 1000) for step in range(50)])
    shares = drawn.reshape(50, num_processes, -1)
    for i, one in enumerate(told):
        of_training = {sample for sample in one["read"] if sample < 1000}
        assert of_training == set(shares[:, i].ravel().tolist())


@pytest.mark.heavy
def test_a_run_goes_on_with_other_numbers_of_devices_and_processes(alone, tmp_path):
    part = Part(str(tmp_path / "run"), shard=True)
    go(
        replace(part, num_steps=11, num_devices=4),
        replace(part, num_steps=23, num_devices=1),
        replace(part, num_steps=31, num_devices=8, shard=False),
        num_devices=8,
    )
    go(replace(part, num_steps=44, num_processes=2))
    go(part, num_devices=2)
    assert_same(tmp_path / "run", alone)
    assert History.open(tmp_path / "run").restarts == [11, 23, 31, 44]


def test_a_signal_to_one_process_stops_all_at_the_same_step(alone, tmp_path):
    part = Part(str(tmp_path / "run"), num_processes=2, seconds=0.1)
    processes = start(part)
    record = tmp_path / "run" / "record.jsonl"
    deadline = time.monotonic() + SECONDS
    while not (record.exists() and '"kind": "update"' in record.read_text()):
        assert time.monotonic() < deadline, "the run did not begin"
        assert all(one.poll() is None for one in processes), processes[0].communicate()
        time.sleep(0.05)
    processes[1].send_signal(signal.SIGTERM)
    (first, told), (second, told_too) = ended(processes)
    assert (first, second) == (143, 143)
    assert told["step"] == told_too["step"] < 50
    assert complete_steps(tmp_path / "run" / "checkpoints")[-1] == told["step"]
    assert History.open(tmp_path / "run").end["state"] == "stopped"
    go(replace(part, seconds=0.0))
    assert_same(tmp_path / "run", alone)


@pytest.mark.heavy
def test_graphcast_learns_the_same_on_devices_and_processes(tmp_path):
    make_weather().to_netcdf(tmp_path / "weather.nc", engine="h5netcdf")
    part = Part(str(tmp_path / "alone"), data=str(tmp_path / "weather.nc"))
    go(part)
    alone = History.open(tmp_path / "alone")
    go(replace(part, run=str(tmp_path / "devices"), shard=True), num_devices=4)
    assert_same(tmp_path / "devices", alone)
    go(replace(part, run=str(tmp_path / "processes"), num_processes=2, accumulate=2))
    assert_same(tmp_path / "processes", alone)
