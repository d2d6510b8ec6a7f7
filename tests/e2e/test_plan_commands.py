"""The commands about plans, as a user runs them."""

import json
import re
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from glidepath import presets
from glidepath.cli.main import app
from glidepath.plan import files
from glidepath.plan.presets import PRESETS


def glidepath(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments], env={"COLUMNS": "120"})


def ok(*arguments):
    result = glidepath(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_presets_lists_every_recipe_and_says_where_to_start():
    output = ok("presets")
    assert all(name in output for name in PRESETS)
    assert "fine-tuning a pretrained transformer" in output
    assert "glidepath new NAME > plan.toml" in output


@pytest.mark.parametrize("name", PRESETS)
def test_new_writes_a_commented_file_that_is_the_preset(name, tmp_path):
    text = ok("new", name)
    assert text.startswith(f"# {name}: ")
    assert "# Source: " in text or name == "graphcast-demo"
    assert "# learning rate, per update" in text
    path = tmp_path / "plan.toml"
    path.write_text(text)
    assert files.load(path) == PRESETS[name]()


def test_settings_change_a_preset():
    text = ok("new", "bert", "--set", "peak=3e-4", "--set", "total=100k steps")
    assert files.loads(text) == presets.bert(peak=3e-4, total="100k steps")
    assert "100,000 steps" in ok("show", "bert", "--set", "total=100k steps")


def test_settings_reach_the_horizon():
    text = ok("new", "cyclic-cosine", "--set", "samples=1000", "--set", "batch=10")
    assert files.loads(text).horizon.steps_per_epoch == 100
    without = files.loads(ok("new", "cosine", "--set", "warmup=none"))
    assert [phase.name for phase in without.phases] == ["decay"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["show", "bert", "--set", "peek=1"],
            "the preset bert has no 'peek'; did you mean `peak`?",
        ),
        (["show", "bert", "--set", "peak"], "--set takes NAME=VALUE"),
        (["show", "bert", "--set", "peak=-1"], "`peak` must be positive, got -1.0"),
        (["show", "berd"], "no preset and no file is called 'berd'; did you mean `bert`?"),
        (["check", "."], "is no file; a plan is a preset, a TOML or a JSON file"),
        (["compare", "bert", "graphcast", "--quantity", "rollout"], "the plan has no `rollout`"),
        (["coverage", "bert", "--set", "total=100 epochs"], "a length in epochs needs `samples`"),
    ],
)
def test_what_a_user_can_mend_is_told_in_one_line(arguments, message, tmp_path):
    command = [sys.executable, "-m", "glidepath", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_settings_are_for_presets(tmp_path):
    files.save(presets.bert(), tmp_path / "plan.toml")
    result = glidepath("show", tmp_path / "plan.toml", "--set", "peak=1")
    assert "--set is for presets" in str(result.exception)


def test_show_explains_a_step_and_writes_a_figure(tmp_path):
    output = ok("show", "graphcast", "--at", 150_500, "--save", tmp_path / "plan.png")
    assert "lr = 0.0005" in output
    assert "p = 0.5" in output
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_check_says_what_it_finds_and_fails_on_warnings():
    assert "nothing looks wrong with this plan" in ok("check", "one-cycle")
    notes = ok("check", "bert")
    assert "zero-first-update" in notes
    assert glidepath("check", "bert", "--strict").exit_code == 1
    cut = glidepath("check", "cyclic-cosine", "--set", "total=70 epochs")
    assert cut.exit_code == 1
    assert re.search(r"warning cycle-cut-off\s+lr at step 27,342", cut.output)
    assert "fix: end the run with a cycle" in cut.output


def test_check_writes_json():
    result = glidepath("check", "bert", "--set", "total=100 steps", "--set", "warmup=90 steps",
                       "--set", "end=1e-5", "--format", "json")  # fmt: skip
    findings = json.loads(result.output)
    assert result.exit_code == 0
    assert {"code", "level", "place", "what", "why", "fix"} == set(findings[0])
    assert {finding["level"] for finding in findings} == {"note"}


def test_coverage_counts_draws_and_recommends():
    output = ok("coverage", "graphcast")
    assert re.search(r"to the end of decay\s+300,000\s+177.8\s+13.3", output)
    assert "use iterations: weighted by the rate" in " ".join(output.split())
    found = json.loads(ok("coverage", "graphcast", "--format", "json"))
    assert found["use"] == "iterations"
    assert found["so_far"][1]["mean"] == pytest.approx(177.78, abs=0.01)


def test_compare_shows_where_plans_differ(tmp_path):
    files.save(presets.graphcast(end=3e-7), tmp_path / "mine.json")
    output = ok("compare", "graphcast", tmp_path / "mine.json", "--save", tmp_path / "both.svg")
    assert "step 1,011" in output  # where they are first apart by more than rounding
    assert (tmp_path / "both.svg").stat().st_size > 5_000
    first, second = json.loads(
        ok("compare", "graphcast", tmp_path / "mine.json", "--format", "json")
    )
    assert first["first_difference"] is None
    assert second["largest_difference"] == pytest.approx(3e-7, rel=1e-3)


def test_schema_is_printed_as_json():
    assert json.loads(ok("schema"))["title"] == "glidepath plan"
