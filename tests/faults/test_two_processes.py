"""Two processes on one run: the second is refused, and told who is there (FAULT 26)."""

from dataclasses import replace

from glidepath.training.run_directory import RunDirectory
from tests.faults.changing import change
from tests.faults.child import Child, finish
from tests.faults.outcome import GOOD, outcome


def test_the_second_is_refused_by_name_and_the_first_goes_on(tmp_path, whole):
    job = replace(whole, path=tmp_path / "run", problem={"seconds": 0.05})
    first = Child(job)
    assert first.says("update 3\n")
    second = Child(replace(job, name="second"))
    assert second.end() == 1
    assert "error: ClaimedError: " in second.last_words
    assert f"is being written by process {first.number} on " in second.last_words
    configuration = RunDirectory(job.path).configuration_file.read_text()
    changing = Child(replace(job, name="changing"), change)
    assert changing.end() == 1
    assert f"is being written by process {first.number} on " in changing.last_words
    assert RunDirectory(job.path).configuration_file.read_text() == configuration
    assert first.end() == 0
    assert outcome(job, whole, [first, second, changing]) == GOOD


def test_the_second_goes_on_when_the_first_was_killed(tmp_path, whole):
    job = replace(whole, path=tmp_path / "run", problem={"seconds": 0.05})
    first = Child(job)
    assert first.says("update 7\n")
    first.kill()
    second = finish(job)
    assert "resumed 6\n" in second.log or "resumed 3\n" in second.log
    assert outcome(job, whole, [first, second]) == GOOD
