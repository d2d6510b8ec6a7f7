"""Trials that were left, that fail, and what ends the whole sweep."""

import errno
import shutil

import pytest

from glidepath.record.claim import ClaimedError
from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.results import results
from glidepath.sweeps.working import Job, Worker, work
from glidepath.training.checkpoints import SaveError
from glidepath.training.stopping import Stop, StoppedError
from tests.unit.sweeps.small_sweep import TEXT, LineTrainer, make

StorageInternalError = pytest.importorskip("optuna").exceptions.StorageInternalError

SHORT = TEXT.replace("trials = 12", "trials = 3").replace("steps = 24", "steps = 8")


def quiet(text):
    """Nobody listens."""


def states(job):
    return [one.state.name for one in job.study().trials()]


def test_a_bad_trial_that_was_at_its_end_when_its_process_was_killed_is_finished(tmp_path):
    text = SHORT.replace('"none"', '"median"').replace("trials = 3", "trials = 6")
    job = make(tmp_path / "sweep", text)
    worker = Worker(job, job.sweep(), job.study(), (), quiet)
    for _ in range(5):
        taken = worker.study.take()
        taken.report(4, 1e9)
        taken.report(8, 1e-9)
        worker.study.finished(taken, 1e-9)
        taken.release()
    taken = worker.study.take()
    assert worker.train(taken) is None
    assert taken.should_end()
    taken.release()
    work(job, tell=quiet)
    assert states(job) == ["COMPLETE"] * 6


def test_a_trial_that_has_just_ended_is_not_taken_for_one_that_was_left(tmp_path, monkeypatch):
    job = make(tmp_path / "sweep", SHORT)
    one, two = job.study(), job.study()
    taken = one.take()
    claim = SweepDirectory.claim_trial

    def end_first(directory, number):
        monkeypatch.setattr(SweepDirectory, "claim_trial", claim)
        one.finished(taken, 1.0)
        taken.release()
        return claim(directory, number)

    monkeypatch.setattr(SweepDirectory, "claim_trial", end_first)
    again = two.take()
    assert (again.number, again.is_old) == (1, False)
    again.release()
    assert job.directory.claim_trial(0) is not None


def leave(job):
    """Take a trial, and die."""
    taken = job.study().take()
    taken.release()
    return taken


def test_a_trial_whose_process_dies_again_and_again_is_failed(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    assert [leave(job).num_takes for _ in range(3)] == [1, 2, 3]
    told = []
    work(job, tell=told.append)
    assert told[1].startswith("trial 0: failed: its process has died 3 times without getting")
    assert states(job) == ["FAIL", "COMPLETE", "COMPLETE"]


def test_a_trial_that_gets_further_may_be_left_as_often_as_it_likes(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    for step in (2, 4, 6, 8):
        assert [leave(job).num_takes for _ in range(2)] == [1, 2]
        (job.directory.trial(0).checkpoints / str(step)).mkdir(parents=True)


def test_a_trial_that_was_stopped_in_order_may_be_so_as_often_as_one_likes(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    for _ in range(5):
        with pytest.raises(StoppedError):
            work(Job(job.path, Stopped()), tell=quiet)
    assert leave(job).num_takes == 1


def test_a_run_directory_of_another_is_refused_as_often_as_it_is_there(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    work(job, tell=quiet, most=1)
    shutil.copytree(job.directory.trial(0).path, job.directory.trial(1).path)
    for _ in range(5):
        with pytest.raises(ValueError, match="has a run with another plan than trial 1's"):
            work(job, tell=quiet)
    assert states(job) == ["COMPLETE", "RUNNING"]


class Stopped(LineTrainer):
    """Is stopped before the first update."""

    def train(self, trial):
        raise StoppedError(Stop("SIGTERM", 143), 0)


class Broken(LineTrainer):
    """Breaks in every second trial."""

    def train(self, trial):
        if trial.number % 2:
            raise FloatingPointError("the loss is NaN\nat step 3")
        super().train(trial)


def test_a_trial_that_fails_is_marked_and_the_others_are_run(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    work(Job(job.path, Broken()), tell=quiet)
    assert states(job) == ["COMPLETE", "FAIL", "COMPLETE"]
    failed = results(job.directory, job.study())[-1]
    assert (failed.number, failed.state, failed.loss) == (1, "failed", None)
    assert failed.error == "FloatingPointError: the loss is NaN"


class Full(LineTrainer):
    """Finds no room on the disk."""

    def train(self, trial):
        raise OSError(errno.ENOSPC, "no space left on device")


def test_a_full_disk_ends_the_sweep_and_leaves_its_trial_to_go_on(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    with pytest.raises(OSError, match="no space"):
        work(Job(job.path, Full()), tell=quiet)
    assert states(job) == ["RUNNING"]
    work(job, tell=quiet)
    assert states(job) == ["COMPLETE"] * 3


class Raises(LineTrainer):
    """Raises an error in the first trial."""

    def __init__(self, error):
        object.__setattr__(self, "error", error)

    def train(self, trial):
        if trial.number == 0:
            raise self.error
        super().train(trial)


def save_error():
    error = SaveError("the checkpoint at step 4 could not be written")
    error.__cause__ = ValueError("Error writing /a/b: No space left on device [source='os.cc']")
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EDQUOT, "quota"),
        OSError(errno.EROFS, "read-only"),
        ClaimedError("process 3 writes there"),
        save_error(),
        StorageInternalError("no connection"),
    ],
)
def test_what_would_meet_every_trial_ends_the_sweep(error, tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    with pytest.raises(OSError, match=r"quota|read-only|process 3|step 4|failed: no connection"):
        work(Job(job.path, Raises(error)), tell=quiet)
    assert states(job) == ["RUNNING"]


@pytest.mark.parametrize(
    "error", [FileNotFoundError(errno.ENOENT, "no file"), SaveError("damaged"), OSError("odd")]
)
def test_an_error_of_one_trial_that_lasts_is_its_own(error, tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    work(Job(job.path, Raises(error)), tell=quiet)
    assert states(job) == ["FAIL", "COMPLETE", "COMPLETE"]


class Wrong(LineTrainer):
    """Fails always."""

    def train(self, trial):
        raise KeyError(f"no field {trial.number}")


def test_a_sweep_whose_first_trials_all_fail_ends_and_goes_on_when_it_is_asked_to(tmp_path):
    job = make(tmp_path / "sweep", SHORT.replace("trials = 3", "trials = 8"))
    for number in (2, 5):
        said = rf"first {number + 1} trials .* the last with KeyError: 'no field {number}'; mend"
        with pytest.raises(ValueError, match=said):
            work(Job(job.path, Wrong()), tell=quiet)
        assert states(job) == ["FAIL"] * (number + 1)
    work(job, tell=quiet)
    assert states(job) == ["FAIL"] * 6 + ["COMPLETE"] * 2


def test_a_sweep_with_one_good_trial_goes_on_whatever_fails(tmp_path):
    job = make(tmp_path / "sweep", SHORT.replace("trials = 3", "trials = 5"))
    work(job, tell=quiet, most=1)
    work(Job(job.path, Wrong()), tell=quiet)
    assert states(job) == ["COMPLETE"] + ["FAIL"] * 4
