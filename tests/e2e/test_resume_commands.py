"""resume, verify, --branch-from and --max-time, as a user gives them, in miniature."""

import json

import pytest

from glidepath import Horizon, Phase, Plan, cosine, linear
from glidepath.plan import files
from glidepath.record import History
from glidepath.training.checkpoints import complete_steps
from glidepath.training.run_directory import RunDirectory
from tests.conftest import make_weather
from tests.e2e.test_commands import TINY, glidepath, ok

PLAN = Plan(
    Phase("warm-up", 2, lr=linear(0.0, 1e-3)),
    Phase("decay", 8, lr=cosine(1e-3, 1e-4)),
    horizon=Horizon(samples=100, batch=2),
)


@pytest.fixture(scope="module")
def cut(tmp_path_factory):
    """A run of ten updates, cut after five."""
    path = tmp_path_factory.mktemp("resumed")
    make_weather().to_netcdf(path / "weather.nc", engine="h5netcdf")
    files.save(PLAN, path / "plan.toml")
    files.save(PLAN.branch(4, Phase("cool", 3, lr=linear(5e-4, 0.0))), path / "cool.toml")
    how = ["--checkpoint-every", "2", "--keep", "9", "--evaluate-every", "4", "--on-nan", "skip"]
    ok("train", "graphcast", "--data", path / "weather.nc", "--plan", path / "plan.toml",
       "--out", path / "run", "--steps", 5, "--lead", 1, *how, *TINY)  # fmt: skip
    return path


def test_a_run_goes_on_as_it_was_started_and_one_branches_from_it(cut):
    run = cut / "run"
    output = ok("resume", run, "--lead", 1)
    assert "resumed at step 5" in output
    history = History.open(run)
    assert history.steps.tolist() == list(range(10))
    assert history.evaluations("val_loss")[0].tolist() == [4, 8, 10]
    assert complete_steps(run / "checkpoints") == [0, 2, 4, 5, 6, 8, 10]
    assert json.loads((run / "configuration.json").read_text())["how"]["on_nan"] == "skip"

    branched = cut / "branched"
    output = ok("train", "graphcast", "--branch-from", f"{run}@4", "--plan", cut / "cool.toml",
                "--out", branched, "--lead", 1)  # fmt: skip
    assert "resumed at step 4" in output
    ours = History.open(branched)
    assert ours.steps.tolist() == [4, 5, 6]
    assert ours.texts("batch")[0] == history.texts("batch")[4]
    assert ours.column("loss")[0] == history.column("loss")[4]
    parent = ours.header["configuration"]["parent"]
    assert (parent["step"], parent["fingerprint"]) == (4, PLAN.fingerprint)

    for one in (run, branched):
        status, output = glidepath("verify", one)
        assert (status, "WRONG" in output) == (0, False), output
    told = json.loads(ok("verify", branched, "--format", "json"))
    assert {check["what"] for check in told} >= {"plan", "record", "checkpoint 4", "checkpoint 7"}


def test_requests_that_can_t_be_met_say_what_would_work(cut, tmp_path):
    configuration = (cut / "run" / "configuration.json").read_text()
    files.save(Plan(Phase("short", 3, lr=1e-3)), cut / "short.toml")
    for arguments, said in [
        (["resume", tmp_path / "none"], "there is no run in"),
        (["resume", cut / "run", "--step", 3], "no checkpoint at step 3"),
        (["resume", cut / "run", "--steps", 1], "beyond 1"),
        (["resume", cut / "run", "--max-time", "soon"], "`--max-time`: a time must be like 3h50m"),
        (["resume", cut / "run", "--keep", "0"], "`--keep` must be at least 1"),
        (["resume", cut / "run", "--keep-every", "0"], "`--keep-every`: "),
        (["resume", cut / "run", "--keep-best", "1", "--checkpoint-every", "9m"],
         "`--keep-best` keeps"),
        (["resume", cut / "run", "--accumulate", "3"], "give `--accumulate` of 1 or 2"),
        (["resume", cut / "run", "--devices", "99"], "`--devices` must be from 1 to"),
        (["resume", cut / "run", "--step", 3, "--seed", 9, "--accept-changes"], "at step 3"),
        (["train", "graphcast", "--out", cut / "run", "--resume", "auto", "--stats", tmp_path],
         "a run keeps the statistics"),
        (["train", "graphcast", "--out", tmp_path / "a", "--branch-from", f"{cut}/run@5",
          "--plan", cut / "short.toml"], "beyond the 3 of the new run"),
        (["train", "graphcast", "--out", tmp_path / "a", "--branch-from", f"{cut}/run@x"],
         "must be RUN or RUN@STEP"),
        (["train", "graphcast", "--out", cut / "run", "--resume", "maybe"], "auto, never, or a"),
        (["train", "graphcast", "--out", tmp_path / "a", "--resume", "7"], "to go on with from"),
        (["train", "graphcast", "--out", tmp_path / "a", "--branch-from", f"{cut}/run@3"],
         "no checkpoint at step 3"),
        (["resume", cut / "run", "--coordinator", "here:1"], "are given together"),
        (["verify", tmp_path], "there is no run in"),
    ]:  # fmt: skip
        status, output = glidepath(*arguments)
        assert (status, said in output) == (1, True), output
        assert (cut / "run" / "configuration.json").read_text() == configuration
    RunDirectory(tmp_path / "a").check_free()


def test_a_run_whose_time_is_over_is_saved_and_says_how_to_go_on(cut):
    out = cut / "short of time"
    status, output = glidepath(
        "train", "graphcast", "--data", cut / "weather.nc", "--plan", cut / "plan.toml",
        "--out", out, "--max-time", "1s", *TINY,
    )  # fmt: skip
    assert status == 75
    assert f"glidepath resume '{out}'" in output
    done = History.open(out).num_done
    assert 1 <= done < 10
    assert complete_steps(out / "checkpoints")[-1] == done
