"""A run goes on as it began, unless its owner accepts what is another."""

import json
import signal

import pytest

from glidepath import Phase, Plan, linear
from glidepath.plan import files
from glidepath.training.run_directory import RunDirectory
from tests.conftest import make_weather
from tests.e2e.test_commands import TINY, glidepath, ok
from tests.faults.changing import (
    AFTER,
    BEFORE,
    NUM_FILES,
    change_and_die,
    change_and_tear,
    start,
    start_and_die,
)
from tests.faults.child import Child, Job
from tests.faults.outcome import orphans

PLAN = Plan(Phase("first", 4, lr=linear(0.0, 1e-2)), Phase("second", 4, lr=1e-3, rollout=2),
            rollout=1)  # fmt: skip


@pytest.fixture(scope="module")
def begun(weather_file, tmp_path_factory):
    """A miniature GraphCast run, one update old, and the file with its data."""
    folder = tmp_path_factory.mktemp("changed")
    data, plan, out = folder / "data.nc", folder / "plan.toml", folder / "run"
    data.write_bytes(weather_file.read_bytes())
    files.save(PLAN, plan)
    ok("train", "graphcast", "--data", data, "--plan", plan, "--out", out, "--steps", 1,
       "--batch", 2, "--holdout", 0, *TINY)  # fmt: skip
    return out, data


def tree(path):
    """Every file of a run with what it holds, but for the locks."""
    found = [one for one in path.rglob("*") if one.is_file() and one.suffix != ".lock"]
    return {str(one.relative_to(path)): one.read_bytes() for one in found}


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--plan", "graphcast-demo"], "plan:\n"),
     (["--batch", "3"], "batch: 3 and not 2"),
     (["--seed", "5"], "seed: 5 and not 0"),
     (["--data", "LATER"], "data (their fingerprint): ")],
)  # fmt: skip
def test_what_is_changed_is_told_and_refused_and_nothing_is_written(options, told, begun, tmp_path):
    out, _ = begun
    if "LATER" in options:
        later = make_weather()
        later["temperature"] += 1
        later.to_netcdf(tmp_path / "later.nc", engine="h5netcdf")
        options = ["--data", tmp_path / "later.nc"]
    before = tree(out)
    status, output = glidepath("resume", out, *options)
    assert status == 1
    assert "would not go on as it began" in output
    assert told in output
    assert "--accept-changes" in output
    assert tree(out) == before


def test_what_is_changed_and_accepted_is_on_record(begun):
    out, _ = begun
    output = ok("resume", out, "--batch", 3, "--steps", 1, "--accept-changes")
    assert "changed: batch: 3 and not 2" in output
    configuration = json.loads((out / "configuration.json").read_text())
    assert configuration["batch"] == 3
    (change,) = configuration["changes"]
    assert change["differences"] == ["batch: 3 and not 2"]


def test_a_change_that_is_killed_anywhere_is_made_or_is_not(tmp_path):
    seen = set()
    for number in range(60):
        directory = RunDirectory(tmp_path / str(number))
        directory.create(BEFORE, {"batch": 1})
        child = Child(Job(directory.path, number=number), change_and_die)
        status = child.end()
        plan, configuration = directory.open()
        pair = (plan.fingerprint, configuration["batch"])
        assert pair in {(BEFORE.fingerprint, 1), (AFTER.fingerprint, 2)}
        seen.add(pair)
        directory.change(AFTER, configuration | {"batch": 2}, ["again"], 0)
        assert directory.open()[0] == AFTER
        assert orphans(directory.path) == []
        if status == 0:
            break
        assert status == -signal.SIGKILL
    assert len(seen) == 2
    assert number > 5


@pytest.mark.parametrize("number", range(NUM_FILES))
def test_half_a_file_of_a_change_does_no_harm(number, tmp_path):
    job = Job(tmp_path / "run", number=number)
    directory = RunDirectory(job.path)
    directory.create(BEFORE, {"batch": 1})
    assert Child(job, change_and_tear).end() == -signal.SIGKILL
    plan, configuration = directory.open()
    assert (plan, configuration["batch"]) in [(BEFORE, 1), (AFTER, 2)]


def test_a_start_that_is_killed_anywhere_can_be_made_again(tmp_path):
    statuses = []
    for number in range(60):
        job = Job(tmp_path / str(number), number=number)
        statuses.append(Child(job, start_and_die).end())
        directory = RunDirectory(job.path)
        if not directory.exists():
            start(job)
        assert directory.open()[0] == BEFORE
        if statuses[-1] == 0:
            break
    assert statuses[-1] == 0
    assert len(statuses) > 3


def test_a_start_that_fails_leaves_nothing_and_one_that_is_not_killed_is_not_made_twice(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    with pytest.raises(ZeroDivisionError), directory.starting():
        directory.checkpoints.mkdir()
        raise ZeroDivisionError
    assert {one.name for one in directory.path.iterdir()} <= {".checkpoints.lock"}
    directory.check_free()
    (directory.path / "somebody's").touch()
    with pytest.raises(FileExistsError, match="is not empty"):
        directory.check_free()
    (directory.path / "somebody's").unlink()
    start(Job(directory.path))
    with pytest.raises(FileExistsError, match="is not empty"), directory.starting():
        pass
