"""A run's directory: what it follows is changed at one moment, and read by anybody at any."""

from contextlib import suppress

import pytest

from glidepath import Phase, Plan
from glidepath.plan import files
from glidepath.training import run_directory
from glidepath.training.run_directory import RunDirectory

ONE, OTHER, THIRD = (Plan(Phase("all", 10, lr=rate)) for rate in (0.1, 0.2, 0.3))


@pytest.fixture
def directory(tmp_path):
    made = RunDirectory(tmp_path / "run")
    made.create(ONE, {"batch": 1})
    return made


def test_who_reads_a_run_that_is_being_changed_sees_the_one_or_the_other(directory, monkeypatch):
    seen, put = [], run_directory.write_whole

    def put_and_look(file, text):
        put(file, text)
        plan, configuration = directory.open()
        seen.append((plan.fingerprint, configuration["batch"]))

    monkeypatch.setattr(run_directory, "write_whole", put_and_look)
    directory.change(OTHER, {"batch": 2}, ["plan", "batch"], 4)
    assert seen == [(ONE.fingerprint, 1), *[(OTHER.fingerprint, 2)] * 2]
    assert directory.open()[0] == OTHER
    assert directory.earlier_plans() == [ONE.fingerprint]
    assert directory.changed_at() == 4


def test_what_is_noted_is_added_to_what_is_there_when_it_is_written(directory, monkeypatch):
    claimed = directory._claimed

    def changed_before_it_was_claimed(self):
        monkeypatch.undo()
        directory.change(OTHER, {"batch": 2}, ["plan"], 0)
        return claimed()

    monkeypatch.setattr(RunDirectory, "_claimed", changed_before_it_was_claimed)
    directory.note(how={"keep": 5})
    plan, configuration = directory.open()
    assert plan == OTHER
    assert (configuration["batch"], configuration["how"]) == (2, {"keep": 5})
    assert len(configuration["changes"]) == 1


def test_a_change_removes_the_checkpoints_after_it(directory):
    for step in (0, 3, 6):
        (directory.checkpoints / str(step)).mkdir(parents=True)
    directory.change(OTHER, {}, ["plan"], 3)
    assert sorted(one.name for one in directory.checkpoints.iterdir()) == ["0", "3"]


def test_a_plan_file_that_was_edited_is_refused_and_can_be_accepted(directory):
    files.save(THIRD, directory.plan_file)
    with pytest.raises(ValueError, match="to go on with it, give it by --plan"):
        directory.check_plan_file()
    assert directory.open()[0] == ONE
    directory.change(files.load(directory.plan_file), {}, ["plan"], 0)
    directory.check_plan_file()
    assert directory.open()[0] == THIRD


def test_a_plan_file_that_cannot_be_read_is_told_with_what_the_run_follows(directory):
    directory.plan_file.write_text("[[phase")
    with pytest.raises(ValueError, match=rf"plans/{ONE.fingerprint}.toml: copy that over it"):
        directory.check_plan_file()


def test_a_change_that_a_kill_left_without_its_copy_for_people_is_none_of_theirs(
    directory, monkeypatch
):
    put = run_directory.write_whole

    def killed(file, text):
        if file == directory.plan_file:
            raise SystemExit
        put(file, text)

    monkeypatch.setattr(run_directory, "write_whole", killed)
    with suppress(SystemExit):
        directory.change(OTHER, {}, ["plan"], 0)
    monkeypatch.undo()
    assert directory.open()[0] == OTHER
    assert files.load(directory.plan_file) == ONE
    directory.check_plan_file()
    directory.note()
    assert files.load(directory.plan_file) == OTHER


def test_a_plan_that_is_damaged_is_named(directory):
    files.save(OTHER, directory.plans / f"{ONE.fingerprint}.toml")
    with pytest.raises(ValueError, match="is damaged: its fingerprint is"):
        directory.open()
