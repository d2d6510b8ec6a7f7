"""Sweeps: killed and gone on with, by several processes, on Ray, and of GraphCast."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glidepath import Phase, Plan, linear, plateau, save
from glidepath.cli import main
from glidepath.cli.errors import MissingExtraError
from glidepath.plan import files
from glidepath.record import History
from glidepath.record.lines import read
from glidepath.sweeps.results import results
from glidepath.sweeps.working import work
from glidepath.training.checkpoints.store import complete_steps
from tests.unit.sweeps.small_sweep import TEXT, make

pytest.importorskip("optuna")

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 120
SLOW = 0.03
"""Seconds of half a measurement: a trial takes half a second and more, and can be killed."""


def glidepath(*arguments):
    """Run the command as `main` does; returns (exit status, all that was printed)."""
    result = CliRunner().invoke(main.app, [str(a) for a in arguments], standalone_mode=False)
    error = result.exception
    if error is not None and not isinstance(error, ValueError | TypeError | OSError):
        raise error
    status = result.return_value if error is None else 1
    return status or 0, result.output + (f"error: {error}" if error else "")


def start(path, *how, slow=SLOW):
    """A process that works on a sweep, in a group of its own, as a terminal starts one."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "tests.unit.sweeps.small_sweep", str(path), str(slow), *how]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True,
                            start_new_session=True)  # fmt: skip


def kill(process):
    """As `kill -9` does."""
    process.send_signal(signal.SIGKILL)
    process.communicate()


def end_of(process):
    """What a process has said, once it has ended."""
    try:
        return process.communicate(timeout=PATIENCE_SECONDS)[0]
    except subprocess.TimeoutExpired:
        kill(process)
        raise


def wait_until(is_so):
    end = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < end, "it has taken too long"
        time.sleep(0.02)


def found_in(job):
    return {one.number: one for one in results(job.directory, job.study())}


def finished(job):
    return {number for number, one in found_in(job).items() if one.state == "finished"}


def record_of(job, number):
    return job.directory.trial(number).record_file


def num_restarts(job, number):
    return sum(line["kind"] == "restart" for line in read(record_of(job, number)))


def half_way(job, number):
    """Whether a trial runs and has saved a state that is neither the first nor the last."""
    steps = complete_steps(job.directory.trial(number).checkpoints)
    return bool(steps) and 0 < steps[-1] < 20


@pytest.mark.heavy
def test_a_sweep_of_12_runs_killed_twice_is_finished_without_repeating_one(tmp_path):
    whole, cut = make(tmp_path / "whole"), make(tmp_path / "cut", seconds=SLOW)
    work(whole, tell=lambda text: None)
    killed = []
    for number in (4, 8):
        process = start(cut.path)
        wait_until(lambda number=number: half_way(cut, number))
        kill(process)
        done = finished(cut)
        assert done == set(range(number))
        killed.append((number, {one: record_of(cut, one).read_bytes() for one in done}))
    said = end_of(start(cut.path))
    assert "trial 8: " in said
    assert "(going on)" in said
    assert finished(cut) == set(range(12))
    for _, records in killed:
        assert {one: record_of(cut, one).read_bytes() for one in records} == records
    assert [num_restarts(cut, one) for one in range(12)] == [int(n in (4, 8)) for n in range(12)]
    for number in range(12):
        history = History.open(record_of(cut, number))
        assert history.steps.tolist() == list(range(24))
    assert len([path for path in cut.directory.trials.iterdir() if path.is_dir()]) == 12
    a, b = found_in(whole), found_in(cut)
    assert [a[n].values for n in range(12)] == [b[n].values for n in range(12)]
    assert [a[n].loss for n in range(12)] == [b[n].loss for n in range(12)]


def test_two_processes_share_a_sweep_and_run_no_trial_twice(tmp_path):
    job = make(tmp_path / "shared", TEXT.replace("trials = 12", "trials = 8"), seconds=SLOW)
    said = [end_of(one) for one in [start(job.path), start(job.path)]]
    ended = [set(map(int, re.findall(r"trial (\d+): val_loss", text))) for text in said]
    assert ended[0] | ended[1] == finished(job) == set(range(8))
    assert not ended[0] & ended[1]
    assert all(ended)
    assert not any(num_restarts(job, number) for number in range(8))


@pytest.mark.heavy
def test_jobs_are_processes_that_end_with_the_one_that_started_them(tmp_path):
    job = make(tmp_path / "jobs", TEXT.replace("trials = 12", "trials = 6"), seconds=SLOW)
    process = start(job.path, "2")
    wait_until(lambda: len(finished(job)) >= 1)
    kill(process)
    wait_until(lambda: len(free(job)) == len(found_in(job)))
    num_before = len(found_in(job))
    assert num_before < 6
    said = end_of(start(job.path, "2"))
    assert finished(job) == set(range(6)), said


def test_control_c_lets_all_jobs_save_their_states(tmp_path):
    job = make(tmp_path / "jobs", TEXT, seconds=0.6)
    process = start(job.path, "2", slow=0.6)
    wait_until(lambda: sum(half_way(job, number) for number in range(12)) == 2)
    os.killpg(process.pid, signal.SIGINT)
    said = end_of(process)
    assert process.returncode == 128 + signal.SIGINT, said
    left = found_in(job).keys() - finished(job)
    assert left
    for number in left:
        history = History.open(record_of(job, number))
        assert history.end is not None, said
        saved = complete_steps(job.directory.trial(number).checkpoints)
        assert saved[-1] == history.num_done > 0


def free(job):
    """Trials that no process has."""
    locks = {one.number: job.directory.claim_trial(one.number) for one in found_in(job).values()}
    for lock in locks.values():
        if lock is not None:
            lock.release()
    return [number for number, lock in locks.items() if lock is not None]


@pytest.mark.heavy
def test_ray_runs_the_same_sweep_and_goes_on_with_one_that_was_killed(tmp_path):
    pytest.importorskip("ray")
    job = make(tmp_path / "ray", seconds=SLOW)
    process = start(job.path)
    wait_until(lambda: half_way(job, 3))
    kill(process)
    records = {one: record_of(job, one).read_bytes() for one in finished(job)}
    said = end_of(start(job.path, "ray"))
    assert finished(job) == set(range(12)), said
    assert {one: record_of(job, one).read_bytes() for one in records} == records
    assert [num_restarts(job, one) for one in range(12)] == [int(n == 3) for n in range(12)]


GRAPHCAST = """
base = "graphcast"
trials = 1
evaluate_every = 2
seed = 1

[set]
data = "weather.nc"
plan.warmup = 1
plan.total = 4
plan.longest_rollout = 1
model.mesh = 1
model.layers = 1
model.latent = 8
batch = 2

[vary]
plan.peak = { low = 1e-3, high = 3e-2, log = true }
plan.weight_decay = [0.0, 0.1]
"""


@pytest.fixture(scope="module")
def graphcast(weather_file, tmp_path_factory):
    """A sweep of one trial, gone on with to two."""
    folder = tmp_path_factory.mktemp("sweeps")
    (folder / "weather.nc").write_bytes(weather_file.read_bytes())
    (folder / "sweep.toml").write_text(GRAPHCAST)
    command = ["sweep", "graphcast", folder / "sweep.toml", "--out", folder / "peaks"]
    return folder, command, [glidepath(*command), glidepath(*command, "--trials", 2)]


def test_graphcast_is_swept_shown_and_trained_along_the_best_plan(graphcast):
    folder, _, ((status, first), (_, second)) = graphcast
    assert status == 0, first
    assert "1 of 1 trials: 1 finished" in first
    assert "trial 0: plan" not in second
    assert "2 of 2 trials: 2 finished" in second
    table = json.loads(glidepath("sweep", "show", folder / "peaks", "--json")[1])
    losses = [one["loss"] for one in table["trials"]]
    assert losses == sorted(losses)
    best = json.loads((folder / "peaks" / "best.json").read_text())
    assert best["trial"] == table["best"] == table["trials"][0]["number"]
    assert best["configuration"]["model.latent"] == 8
    own = folder / "peaks" / best["directory"]
    assert files.load(folder / "peaks" / "best-plan.toml") == files.load(own / "plan.toml")
    assert (own / "model.npz").exists()
    assert (folder / "peaks" / "sweep.png").stat().st_size > 10_000
    advised = second.splitlines()[-1].split()[1:-1]
    assert advised[:3] == ["train", "graphcast", "--plan"]
    status, output = glidepath(*advised, folder / "winner", "--steps", 1)
    assert status == 0, output


def test_a_figure_of_a_sweep_is_written_where_it_is_asked_for(graphcast):
    folder = graphcast[0]
    status, output = glidepath("sweep", "show", folder / "peaks", "--save", folder / "s.svg")
    assert status == 0
    assert output.startswith("trial  val_loss  plan.peak  plan.weight_decay")
    assert (folder / "s.svg").read_text().startswith("<?xml")


def test_a_figure_that_can_t_be_drawn_is_told(tmp_path):
    path = make(
        tmp_path / "empty",
        GRAPHCAST.replace("model.", "#").replace("data =", "#").replace("plan.longest", "#"),
    ).path
    for name, said in (("s.svg", "no trial has a loss yet"), ("s.bmp", "must end in .png")):
        status, output = glidepath("sweep", "show", path, "--save", tmp_path / name)
        assert status == 1
        assert said in output
        assert not (tmp_path / name).exists()


def test_an_error_is_told_and_not_hidden_by_the_table(graphcast, tmp_path, monkeypatch):
    def lose(*_, **__):
        shutil.rmtree(tmp_path / "out")
        raise ConnectionError("the storage has failed")

    monkeypatch.setattr("glidepath.sweeps.processes.work", lose)
    status, output = glidepath(
        "sweep", "graphcast", graphcast[0] / "sweep.toml", "--out", tmp_path / "out"
    )
    assert status == 1
    assert output.endswith("error: the storage has failed")


def test_a_plan_that_listens_to_what_is_not_measured_is_refused_with_its_values(
    graphcast, tmp_path
):
    folder = graphcast[0]
    heard = plateau("loss", patience=1)
    plan = Plan(Phase("flat", 2, lr=1e-3, until=heard), Phase("decay", 2, lr=linear(1e-3, 0.0)))
    save(plan, folder / "listens.toml")
    text = GRAPHCAST.split("plan.warmup", maxsplit=1)[0] + "model.mesh = 1\nbatch = 2\n[vary]\n"
    text = text.replace('"graphcast"', '"listens.toml"') + "plan.phase.flat.lr = [1e-3, 2e-3]\n"
    (folder / "listens-sweep.toml").write_text(text)
    command = ["sweep", "graphcast", folder / "listens-sweep.toml", "--out", tmp_path / "out"]
    status, output = glidepath(*command)
    assert status == 1
    assert "with plan.phase.flat.lr = 0.001: the plan listens to `loss`" in output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("plan.peak", "plan.peek", "line 18: `vary.plan.peek`: unknown key; did you mean"),
        ("[0.0, 0.1]", "[0.0, 0.2]", "was started with another `vary`"),
        ("model.latent = 8", "model.latent = 8.5", "`model.latent` must be a whole number"),
        ("high = 3e-2", "high = inf", "expected a finite number, got inf"),
        ("plan.total = 4", "plan.total = 1", "leaves no room for a decay"),
        ("data =", "holdout = 0\ndata =", "`holdout` must be above 0"),
        ("weather.nc", "none.nc", "no data at "),
        (
            "plan.longest_rollout = 1",
            "plan.longest_rollout = 40\nplan.rollout_every = 1\nplan.total = 400",
            "times in a row",
        ),
        ("evaluate_every = 2", "evaluate_every = 2\nsteps = 8", "`steps` must be at most 4"),
    ],
)  # fmt: skip
def test_a_sweep_that_can_t_be_run_is_refused_before_anything_is(
    graphcast, old, new, said, tmp_path
):
    folder, command, _ = graphcast
    text = GRAPHCAST.replace("plan.total = 4\n", "") if "plan.total = 400" in new else GRAPHCAST
    file = folder / "other.toml"
    file.write_text(text.replace(old, new))
    out = command[-1] if "started" in said else tmp_path / "out"
    status, output = glidepath("sweep", "graphcast", file, "--out", out)
    assert status == 1
    assert said in output
    assert "started" in said or not out.exists()


@pytest.mark.parametrize(("package", "extra"), [("optuna", "sweeps"), ("ray", "ray")])
def test_a_package_that_is_missing_is_told_with_its_extra(package, extra, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / "sweep.toml").write_text(GRAPHCAST)
    options = [tmp_path / "sweep.toml", "--out", tmp_path / "out", "--engine", "ray"]
    with pytest.raises(
        MissingExtraError, match=rf"`{package}`: pip install 'glidepath\[{extra}\]'"
    ):
        glidepath("sweep", "graphcast", *options)
    assert not (tmp_path / "out").exists()


def test_jobs_and_trials_are_one_at_least(tmp_path):
    (tmp_path / "s.toml").write_text(GRAPHCAST)
    command = ["sweep", "graphcast", tmp_path / "s.toml", "--out", tmp_path / "out"]
    for option in ("--jobs", "--trials"):
        status, output = glidepath(*command, option, 0)
        assert status == 1
        assert f"`{option}` must be at least 1, got 0" in output
