"""Several processes that train one model, started by hand as a user starts them."""

import os
import subprocess
import sys

import pytest

from glidepath import Phase, Plan, linear
from glidepath.plan import files
from glidepath.record import History
from tests.devices.test_devices import free_port
from tests.e2e.test_commands import TINY

SECONDS = 300
"""Until a process counts as hanging."""


def together(folder, *commands):
    """Start a command in each of several processes; (exit status, all that was said) of each."""
    port = free_port()
    several = ["--coordinator", f"localhost:{port}", "--num-processes", str(len(commands))]
    started = [
        subprocess.Popen(
            [
                sys.executable,
                "-m",
                "glidepath",
                *map(str, command),
                *several,
                "--process-id",
                str(i),
            ],
            cwd=folder,
            env={**os.environ, "JAX_PLATFORMS": "cpu"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for i, command in enumerate(commands)
    ]
    return [(one.wait(), said) for one in started for said in [one.communicate(timeout=SECONDS)[0]]]


@pytest.fixture(scope="module")
def train(weather_file, tmp_path_factory):
    folder = tmp_path_factory.mktemp("plans")
    files.save(Plan(Phase("all", 4, lr=linear(0.0, 1e-3))), folder / "plan.toml")
    return ["train", "graphcast", "--data", weather_file, "--plan", folder / "plan.toml",
            "--holdout", 0, "--batch", 2, *TINY]  # fmt: skip


@pytest.mark.heavy
def test_two_processes_train_and_go_on_and_the_first_one_s_options_hold(train, tmp_path):
    out = tmp_path / "run"
    for told, numbers in (["--steps", 3], [0, 1, 2]), (["--resume", "auto"], [0, 1, 2, 3]):
        ends = together(tmp_path, [*train, "--out", out, *told], [*train, "--out", out])
        assert [status for status, _ in ends] == [0, 0], ends
        assert "2 devices (cpu) of 2 processes" in ends[0][1]
        assert History.open(out).steps.tolist() == numbers
    assert (out / "model.npz").exists()


@pytest.mark.heavy
def test_a_limit_of_time_stops_both_at_one_step(train, tmp_path):
    command = [*train, "--out", tmp_path / "run", "--max-time", "1s"]
    ends = together(tmp_path, command, [*train, "--out", tmp_path / "run"])
    assert [status for status, _ in ends] == [75, 75], ends
    history = History.open(tmp_path / "run")
    assert history.end["state"] == "stopped"
    assert history.checkpoints[-1] == history.num_done < 4


@pytest.mark.parametrize(
    ("first", "other", "told"),
    [(["--plan", "missing.toml"], [], "missing.toml"),
     (["--batch", "3"], [], "a batch of 3 can't be split into 1 x 2 equal parts"),
     (["--out", "here"], ["--out", "there"], "there is no run in there")],
)  # fmt: skip
def test_what_one_of_them_cannot_do_ends_all_with_its_reason(first, other, told, train, tmp_path):
    common = [*train, "--out", "run"]
    ends = together(tmp_path, [*common, *first], [*common, *other])
    for status, said in ends:
        assert status == 1
        assert told in said
        assert "Traceback" not in said
    assert sum("of the run can't go on" in said for _, said in ends) == 1
