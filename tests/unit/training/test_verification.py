"""What `verify` says of a run that is well, and of each thing that may be wrong with one."""

import json
from dataclasses import replace

import pytest

from glidepath import Phase, Plan
from glidepath.plan import files
from glidepath.training.every import Every
from glidepath.training.run_directory import RunDirectory
from glidepath.training.verification import verify
from tests.resume.test_resume import PLAN, SETTINGS, run
from tests.unit.training.test_training import Line


@pytest.fixture
def directory(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    run(directory, Line(), replace(SETTINGS, checkpoint_every=Every(5)))
    return directory


def wrong(directory):
    return {check.what: check.problems for check in verify(directory) if check.problems}


def rewrite(directory, change):
    lines = [json.loads(text) for text in directory.record_file.read_text().splitlines()]
    changed = [line for line in (change(line) for line in lines) if line is not None]
    directory.record_file.write_text("".join(json.dumps(line) + "\n" for line in changed))


def test_a_run_that_is_well_is_well(directory):
    assert wrong(directory) == {}
    told = {check.what: check.told for check in verify(directory)}
    assert told["record"] == "12 updates"
    assert {"checkpoint 10", "checkpoint 12"} <= told.keys()
    assert told["plan against record"] == f"{12 * len(PLAN.names)} values compared"


def test_a_flipped_bit_in_a_checkpoint_is_found(directory):
    files_of_it = (one for one in (directory.checkpoints / "10").rglob("*") if one.is_file())
    file = max(files_of_it, key=lambda one: one.stat().st_size)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert "its SHA-256 is another" in wrong(directory)["checkpoint 10"][0]


def test_a_missing_and_a_doubled_update_are_found(directory):
    gone = ("update", 4)
    rewrite(directory, lambda line: None if (line["kind"], line.get("step")) == gone else line)
    assert wrong(directory)["record"] == ("after step 3 comes step 5",)


def test_a_rate_that_is_not_the_plan_s_is_found(directory):
    def change(line):
        hit = line["kind"] == "update" and line["step"] == 5
        return line | {"lr": line["lr"] * 1.001} if hit else line

    rewrite(directory, change)
    assert wrong(directory)["plan against record"][0].startswith("`lr` at step 5 was ")


def test_a_record_that_ends_before_its_last_checkpoint_is_found(directory):
    rewrite(directory, lambda line: line if line.get("step", 0) < 8 else None)
    assert "after 10 updates was saved, and the record ends at 8" in wrong(directory)["record"][0]


def test_a_changed_plan_file_is_found(directory):
    files.save(Plan(Phase("other", 12, lr=0.1)), directory.plan_file)
    assert "was changed since the run was started" in wrong(directory)["plan"][0]


def test_files_that_the_run_depends_on_are_known_again(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    directory.statistics.mkdir(parents=True)
    (directory.statistics / "mean.nc").write_text("1")
    directory.create(PLAN, {"seed": 1})
    run(directory, Line(), replace(SETTINGS, num_steps=2))
    assert wrong(directory) == {}
    (directory.statistics / "mean.nc").write_text("2")
    assert wrong(directory)["statistics"] == (
        "statistics/mean.nc was changed: its SHA-256 is another",
    )
    with pytest.raises(ValueError, match="put back what was there"):
        directory.check_files()


def test_a_configuration_that_was_edited_is_no_longer_that_of_the_checkpoints(directory):
    text = directory.configuration_file.read_text()
    directory.configuration_file.write_text(text.replace("{", '{"seed": 9,', 1))
    assert "another plan or configuration" in wrong(directory)["checkpoint 12"][0]
    with pytest.raises(
        ValueError, match=r"step 12 is of another plan or configuration .* --accept"
    ):
        run(directory, Line(), SETTINGS)


@pytest.mark.parametrize("text", ['{"changes": 5', '{"changes": [{}]', '{"parent": {}', "[" * 9999])
def test_a_configuration_that_makes_no_sense_is_a_finding_and_no_crash(text, directory):
    if text.startswith("{"):
        text = directory.configuration_file.read_text().replace("{", text + ",", 1)
    directory.configuration_file.write_text(text)
    assert wrong(directory)


def test_a_step_beyond_all_numbers_is_a_finding_and_no_crash(directory):
    rewrite(directory, lambda line: line | {"step": 2**70} if line["kind"] == "update" else line)
    assert "record" in wrong(directory)


def test_no_run_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no run in"):
        verify(RunDirectory(tmp_path))
