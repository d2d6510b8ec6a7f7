"""watch, report, runs and diagnose, run as a user runs them."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glidepath.cli import main
from tests.unit.view.small_runs import HELD, append, train


def glidepath(*arguments, env=None):
    """Run the command as `main` does; returns (exit status, all that was printed)."""
    runner = CliRunner(env=env or {})
    result = runner.invoke(main.app, [str(a) for a in arguments], standalone_mode=False)
    error = result.exception
    if error is not None and not isinstance(error, ValueError | TypeError | OSError):
        raise error
    status = result.return_value if isinstance(result.return_value, int) else 0
    return int(error is not None) or status, result.output + (f"error: {error}" if error else "")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A run that is well, one whose optimizer was never called, and one that is going on."""
    below = tmp_path_factory.mktemp("runs")
    train(below / "well", 40)
    train(below / "still", 120, plan=HELD, lr=0.0)
    train(below / "young", 9, close=None)
    return below


def test_watch_shows_a_run_that_is_over_and_ends(runs):
    status, text = glidepath("watch", runs / "well")
    assert status == 0
    assert re.search(r"step 40 of 40 \(100%\), phase decay, epoch 5", text)
    assert re.search(r"^finished", text, re.MULTILINE)
    assert "│" not in text


def test_watch_once_shows_the_present_moment_of_a_run_that_goes_on(runs):
    status, text = glidepath("watch", runs / "young", "--once", env={"COLUMNS": "70"})
    assert status == 0
    assert "going on" in "".join(text.splitlines()[:2])
    assert "step 9 of 40 (22%)" in text
    assert max(map(len, text.splitlines())) <= 70
    assert text.count("└") == 3


def test_watch_takes_the_record_itself(runs):
    assert glidepath("watch", runs / "well" / "record.jsonl", "--once")[0] == 0


@pytest.mark.parametrize("command", ["watch", "report", "diagnose"])
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("<script>alert(1)</script>", "there is no directory <script>alert(1)<, and no run in it"),
        ("<script>", "there is no run at <script>; there are no runs in ., either"),
        ("../../x\x1b[2J", "/x\\x1b[2J|there is no run at ../../x\\x1b[2J"),
        ("{runs}", "no run is in {runs}, which has no record.jsonl; there are {runs}/still, "
                   "{runs}/well, {runs}/young"),
        ("{runs}/wel", "there is no run at {runs}/wel; there are {runs}/still"),
        ("{runs}/other.txt", "other.txt, line 1, is no line of a record"),
    ],
)  # fmt: skip
def test_a_name_that_is_no_run_is_an_error_that_names_those_near(
    runs, tmp_path, monkeypatch, command, name, said
):
    (runs / "other.txt").write_text("hello\n")
    (tmp_path / "deep" / "here").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "here")
    status, text = glidepath(command, name.replace("{runs}", str(runs)))
    assert status == 1
    assert any(one in text for one in said.replace("{runs}", str(runs)).split("|"))
    assert list((tmp_path / "deep" / "here").iterdir()) == []


def test_watch_waits_for_a_run_only_where_it_is_told_to(tmp_path):
    status, text = glidepath("watch", tmp_path / "later")
    assert (status, "--wait waits for one that will start" in text) == (1, True)
    (tmp_path / "empty").mkdir()
    status, text = glidepath("watch", tmp_path / "empty", "--once")
    assert status == 0
    assert "has not started yet" in text
    status, text = glidepath("watch", tmp_path / "later", "--once", "--wait")
    assert status == 1


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_watch_refuses_to_look_without_a_pause(runs, seconds):
    status, text = glidepath("watch", runs / "well", "--every", seconds)
    assert status == 1
    assert "`--every` must be a number of seconds above 0, got" in text


def test_ctrl_c_ends_watch_quietly(runs, monkeypatch):
    from glidepath.view.watch import watching

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(watching, "_watch_lines", interrupt)
    status, text = glidepath("watch", runs / "young")
    assert (status, text) == (0, "")


def test_watch_works_as_a_process_without_a_terminal(runs):
    environment = {**os.environ, "TERM": "dumb", "NO_COLOR": "1", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [sys.executable, "-m", "glidepath", "watch", runs / "well"],
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    assert "step 40 of 40 (100%)" in done.stdout
    assert done.stderr == ""


def test_report_writes_one_page_on_several_runs(runs, tmp_path):
    out = tmp_path / "both.html"
    status, text = glidepath("report", runs / "well", runs / "young", "--out", out)
    assert (status, text) == (0, f"wrote {out}\n")
    page = out.read_text()
    assert "<h1>2 runs</h1>" in page
    assert "well: planned" in page
    assert list(tmp_path.iterdir()) == [out]


def test_report_calls_runs_of_one_name_as_they_were_given(runs, tmp_path):
    for place in ("a", "b"):
        train(tmp_path / place / "run", 3)
    status, _ = glidepath("report", tmp_path / "a/run", tmp_path / "b/run",
                          "--out", tmp_path / "report.html")  # fmt: skip
    assert status == 0
    assert f"{tmp_path}/a/run: planned" in (tmp_path / "report.html").read_text()


def test_report_names_the_extra_that_it_needs(runs, tmp_path, monkeypatch):
    from glidepath.cli.errors import MissingExtraError

    monkeypatch.setattr("glidepath.view.report.page.get_data", lambda *_: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'glidepath\[figures\]'"):
        glidepath("report", runs / "well", "--out", tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "said"),
    [("{here}", "--out must be a file, got the directory {here}"),
     ("{here}/no/report.html", "no directory {here}/no to write report.html into")],
)  # fmt: skip
def test_report_refuses_a_place_that_it_cannot_write_to(runs, tmp_path, out, said):
    status, text = glidepath("report", runs / "well", "--out", out.replace("{here}", str(tmp_path)))
    assert status == 1
    assert said.replace("{here}", str(tmp_path)) in text
    assert list(tmp_path.iterdir()) == []


def test_runs_lists_what_is_below_a_directory(runs):
    status, text = glidepath("runs", runs)
    assert status == 0
    assert [line.split()[0] for line in text.splitlines()] == ["run", "still", "well", "young"]
    status, text = glidepath("runs", runs, "--sort", "loss", "--json")
    listed = json.loads(text)
    assert listed[0]["name"] == "well"
    assert {row["state"] for row in listed} == {"finished", "going on"}


def test_runs_goes_on_where_a_record_cannot_be_read(tmp_path):
    train(tmp_path / "good", 3)
    append(train(tmp_path / "bad", 3, close=None), {"kind": "update", "step": None})
    (tmp_path / "bad" / "record.jsonl").write_text('{"kind": "run"}\n{"kind": "update"}\n')
    status, text = glidepath("runs", tmp_path)
    assert status == 0
    assert "unreadable" in text
    assert re.search(r"^bad: ValueError: a record.s line lacks", text, re.MULTILINE)
    assert re.search(r"^good ", text, re.MULTILINE)


def test_a_directory_in_the_place_of_a_record_is_said_to_be_one(tmp_path):
    (tmp_path / "odd" / "record.jsonl").mkdir(parents=True)
    said = f"{tmp_path}/odd/record.jsonl is a directory; the record of a run is a file"
    for command, of in (("runs", ""), ("watch", "odd"), ("diagnose", "odd")):
        assert said in glidepath(command, tmp_path / of)[1]


def test_runs_says_where_there_are_none_and_refuses_what_is_no_directory(tmp_path):
    assert glidepath("runs", tmp_path) == (0, f"there are no runs below {tmp_path}\n")
    status, text = glidepath("runs", tmp_path / "no")
    assert status == 1
    assert f"{tmp_path}/no is no directory" in text


def test_diagnose_says_of_a_healthy_run_what_it_looked_at_and_what_it_could_not(runs):
    status, text = glidepath("diagnose", runs / "well", "--fail-on", "error")
    assert status == 0
    assert re.search(
        r"looked at: 40 updates, 5 evaluations, 6 looks at 2 arrays, by \d+ rules", text
    )
    assert "no waiting times: slow data can't be seen" in text


def test_diagnose_ends_with_a_status_that_a_scheduler_can_act_on(runs):
    status, text = glidepath("diagnose", runs / "still")
    assert status == 3
    assert re.search(r"^(error|warning) ", text, re.MULTILINE)
    assert re.search(r"^  try: ", text, re.MULTILINE)
    assert glidepath("diagnose", runs / "still", "--fail-on", "never")[0] == 0
    assert glidepath("diagnose", runs / "young")[0] == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full, a disk without room")
@pytest.mark.parametrize(
    "arguments", [["diagnose", "still"], ["diagnose", "still", "--format", "json"],
                  ["runs", "."],
                  ["watch", "well"], ["schema"]],
)  # fmt: skip
def test_what_cannot_be_printed_is_an_error_of_status_1(runs, arguments):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "glidepath", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, cwd=runs, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "error: [Errno 28] No space left on device\n")


def test_diagnose_gives_programs_strict_json(runs):
    status, text = glidepath("diagnose", runs / "still", runs / "young", "--format", "json")
    first, second = json.loads(text)
    assert status == 3
    assert first["run"] == str(runs / "still")
    assert first["updates"] == 120
    (found, *_) = first["findings"]
    assert {"code", "level", "sure", "step", "what", "why", "tries", "evidence"} <= set(found)
    assert second["findings"] == []
    assert {"missing", "unseen", "way_out"} == set(second["not_recorded"][0])


def test_a_damaged_record_is_an_error_of_status_1(tmp_path):
    (tmp_path / "record.jsonl").write_text('{"kind": "run"}\n{"kind": "update"}\n')
    for command in ("diagnose", "report", "watch"):
        status, text = glidepath(command, tmp_path)
        assert status == 1
        assert "a record's line lacks what its kind has, KeyError('step')" in text
