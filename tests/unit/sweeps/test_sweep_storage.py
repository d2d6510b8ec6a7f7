"""Who has which trial, what a process that was killed leaves, and what is written down."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from glidepath.record import History
from glidepath.sweeps.directory import SweepDirectory
from glidepath.sweeps.results import as_table, best_of, results, write_best
from glidepath.sweeps.storage_names import to_keep
from glidepath.sweeps.study import Study
from glidepath.sweeps.working import Job, Worker, work
from glidepath.training.stopping import Stop, StoppedError
from tests.unit.sweeps.small_sweep import TEXT, LineTrainer, make

pytest.importorskip("optuna")

SHORT = TEXT.replace("trials = 12", "trials = 3").replace("steps = 24", "steps = 8")


def quiet(text):
    """Nobody listens."""


def states(job):
    return [one.state.name for one in job.study().trials()]


def test_no_trial_is_taken_twice_and_what_is_left_is_taken_up(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    one, two = job.study(), job.study()
    taken = [one.take(), two.take(), one.take()]
    assert [each.number for each in taken] == [0, 1, 2]
    assert two.take() is None
    taken[1].release()
    again = two.take()
    assert (again.number, again.values, again.is_old) == (1, taken[1].values, True)
    assert one.take() is None
    for each in (taken[0], taken[2], again):
        each.release()


def test_a_trial_that_was_left_between_two_suggestions_gets_the_rest(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    whole = job.study().take()
    copied = make(tmp_path / "copy", SHORT)
    study = copied.study()
    study._seed(0)
    trial = study._study.ask()
    trial.suggest_float("plan.peak", 1e-3, 1.0, log=True)
    taken = copied.study().take()
    assert (taken.number, taken.is_old) == (0, True)
    assert taken.values.keys() == whole.values.keys()
    assert taken.values["plan.peak"] == whole.values["plan.peak"]


def test_half_a_line_at_the_end_of_the_journal_is_cut_off(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    work(job, tell=quiet, most=1)
    with job.directory.journal.open("ab") as file:
        file.write(b'{"op_code": 4, "work')
    assert work(job, tell=quiet) == 2
    assert states(job) == ["COMPLETE"] * 3


def test_half_a_line_that_a_full_disk_left_is_cut_off_by_the_next_who_writes(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    study = job.study()
    with job.directory.journal.open("ab") as file:
        file.write(b'{"op_code": 4, "work')
    taken = study.take()
    assert taken.number == 0
    taken.report(4, 1.0)
    taken.release()
    assert [one.intermediate_values for one in job.study().trials()] == [{4: 1.0}]


def test_trials_whose_storage_is_lost_are_not_begun_anew(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    work(job, tell=quiet, most=1)
    job.directory.journal.rename(tmp_path / "elsewhere")
    with pytest.raises(ValueError, match=r"in .*trials is not in .*journal.log: put it"):
        job.study()
    (tmp_path / "elsewhere").replace(job.directory.journal)
    assert states(job) == ["COMPLETE"]


def test_a_run_directory_with_another_plan_is_refused(tmp_path):
    first, other = make(tmp_path / "first", SHORT), make(tmp_path / "other", SHORT + " ")
    for job in (first, other):
        work(job, tell=quiet, most=1)
    shutil.copytree(first.directory.trial(0).path, other.directory.trial(1).path)
    with pytest.raises(ValueError, match="has a run with another plan than trial 1's: put the"):
        work(other, tell=quiet)
    assert states(other) == ["COMPLETE", "RUNNING"]
    shutil.rmtree(other.directory.trial(1).path)
    work(other, tell=quiet)
    assert states(other) == ["COMPLETE"] * 3


def test_a_run_that_was_killed_before_it_began_is_begun_again(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    taken = job.study().take()
    directory = job.directory.trial(0)
    directory.statistics.mkdir(parents=True)
    taken.release()
    work(job, tell=quiet)
    assert states(job) == ["COMPLETE"] * 3
    assert History.open(directory.record_file).steps.tolist() == list(range(8))


def test_a_run_that_was_killed_after_its_end_is_only_told(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    worker = Worker(job, job.sweep(), job.study(), (), quiet)
    taken = worker.study.take()
    worker.train(taken)
    taken.release()
    record = job.directory.trial(0).record_file.read_bytes()
    told = []
    work(job, tell=told.append, most=1)
    assert told[0].endswith("(going on)")
    assert told[1].startswith("trial 0: val_loss")
    assert job.directory.trial(0).record_file.read_bytes() == record


def test_a_trial_that_was_to_be_pruned_when_its_process_was_killed_is_pruned(tmp_path):
    text = SHORT.replace('"none"', '"median"').replace("trials = 3", "trials = 7")
    job = make(tmp_path / "sweep", text)
    study = job.study()
    for loss in (1.0, 1.1, 1.2, 1.3, 1.4):
        taken = study.take()
        taken.report(4, loss)
        study.finished(taken, loss)
        taken.release()
    taken = study.take()
    taken.report(4, 9.0)
    taken.release()
    told = []
    work(job, tell=told.append, most=1)
    assert told[-1] == "trial 5: pruned"
    assert study.trials()[5].intermediate_values == {4: 9.0}
    assert not job.directory.trial(5).exists()
    assert states(job)[5] == "PRUNED"


@pytest.mark.parametrize("pruner", ["median", "halving"])
def test_bad_trials_are_ended_early_and_only_those(pruner, tmp_path):
    job = make(tmp_path / "sweep", TEXT.replace('"none"', f'"{pruner}"'))
    work(job, tell=quiet)
    found = results(job.directory, job.study())
    pruned = [one for one in found if one.state == "pruned"]
    assert 1 <= len(pruned) <= 8
    for one in pruned:
        history = History.open(job.directory.trial(one.number).record_file)
        assert history.num_done == one.steps < 24
        assert history.end["reason"] == f"pruned: the losses up to step {one.steps} are too high"
        assert one.loss > best_of(found).loss


def ended_by_the_median(trial, earlier):
    """The first step at which a trial's best loss is above the median of at least five others."""
    done = [one for one in earlier if one.state.name == "COMPLETE"]
    for step, best in zip(trial.intermediate_values, best_so_far(trial), strict=True):
        if len(done) >= 5 and step < 24:
            others = [one.intermediate_values[step] for one in done]
            if best > np.median(others):
                return step
    return None


def best_so_far(trial):
    return np.minimum.accumulate(list(trial.intermediate_values.values()))


def test_the_median_ends_a_trial_at_the_first_step_at_which_its_best_loss_is_above(tmp_path):
    job = make(tmp_path / "sweep", TEXT.replace('"none"', '"median"'))
    work(job, tell=quiet)
    trials = job.study().trials()
    for number, one in enumerate(trials):
        step = ended_by_the_median(one, trials[:number])
        assert (step is not None) == (one.state.name == "PRUNED")
        assert step in (None, one.last_step)


def test_nothing_is_pruned_before_it_may_be(tmp_path):
    text = TEXT.replace('"none"', '"median"')
    job = make(tmp_path / "sweep", text.replace("trials = 12", "trials = 12\nprune_after = 20"))
    work(job, tell=quiet)
    pruned = [one for one in results(job.directory, job.study()) if one.state == "pruned"]
    assert pruned
    assert {one.steps for one in pruned} == {20}


def test_a_wish_to_stop_leaves_the_trial_with_its_state_saved(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    asked = iter([None, None, None, *[Stop("SIGTERM", 143)] * 2])
    with pytest.raises(StoppedError, match="SIGTERM"):
        work(job, asked=[lambda: next(asked)], tell=quiet)
    assert states(job) == ["RUNNING"]
    history = History.open(job.directory.trial(0).record_file)
    assert history.checkpoints[-1] == history.num_done == 3
    work(job, tell=quiet)
    assert states(job) == ["COMPLETE"] * 3


def test_the_loss_is_that_of_the_last_state_and_not_the_lowest(tmp_path):
    job = make(tmp_path / "sweep", TEXT)
    work(job, tell=quiet)
    for one in results(job.directory, job.study()):
        record = History.open(job.directory.trial(one.number).record_file)
        losses = record.evaluations("val_loss")[1]
        assert one.loss == losses[-1]


def test_results_are_sorted_and_the_best_plan_is_written(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    work(job, tell=quiet, most=2)
    running = job.study().take()
    plans = [job.directory.trial(number).plan_file.read_bytes() for number in (0, 1)]
    for number in (0, 1):
        shutil.rmtree(job.directory.trial(number).path)  # as one who needs the room does
    sweep, found = job.sweep(), results(job.directory, job.study())
    assert [one.state for one in found] == ["finished", "finished", "running"]
    assert found[0].loss < found[1].loss
    best = write_best(job.directory, sweep, found)
    told = json.loads(job.directory.best.read_text())
    assert told["trial"] == best.number == found[0].number
    assert told["varied"] == best.values
    assert told["configuration"] == {"batch": 8, "seed": best.values["seed"]}
    assert job.directory.best_plan.read_bytes() == plans[best.number]
    table = as_table(sweep, found)
    assert json.loads(json.dumps(table))["best"] == best.number
    running.release()


def test_those_that_failed_come_last_with_their_errors_and_no_other_has_one(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    study = job.study()
    taken = [study.take() for _ in range(3)]
    study.failed(taken[0], "too large")
    taken[1].trial.set_user_attr("error", "of a process that died before it could tell the end")
    study.finished(taken[1], 1.0)
    found = results(job.directory, study)
    assert [(one.state, one.error) for one in found] == [
        ("finished", None), ("running", None), ("failed", "too large"),
    ]  # fmt: skip
    for each in taken:
        each.release()


def test_without_a_finished_trial_there_is_no_best(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    assert write_best(job.directory, job.sweep(), []) is None
    assert not job.directory.best_plan.exists()


def test_a_database_and_a_journal_elsewhere_do_as_well(tmp_path):
    storages = {"database": f"sqlite:///{tmp_path / 'trials.db'}", "file": str(tmp_path / "e.log")}
    for name, storage in storages.items():
        job = make(tmp_path / name, SHORT, storage)
        work(job, tell=quiet)
        assert not job.directory.journal.exists()
        assert states(Job(job.path, LineTrainer())) == ["COMPLETE"] * 3


def test_a_password_is_not_written_down(tmp_path):
    url = "postgresql://me:secret@host/trials"
    job = make(tmp_path / "sweep", SHORT, url)
    assert "secret" not in job.directory.file.read_text()
    with pytest.raises(ValueError, match="give it as `storage`, with its password"):
        Study(job.directory, job.sweep())


@pytest.mark.parametrize(
    ("storage", "kept"),
    [
        ("postgresql://me:p%40s@host/trials", "postgresql://me:***@host/trials"),
        ("postgresql://me:me@host/trials", "postgresql://me:***@host/trials"),
        ("postgresql://me@host/trials", "postgresql://me@host/trials"),
        ("sqlite:///trials.db", "sqlite:///{here}/trials.db"),
        ("sqlite:////of/all.db", "sqlite:////of/all.db"),
        ("trials.log", "{here}/trials.log"),
    ],
)
def test_a_storage_is_kept_absolute_and_without_its_password(storage, kept, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert to_keep(storage) == kept.format(here=tmp_path.resolve())


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        ("postgresql://me@host/trials?password=secret", "a `password` after the question mark"),
        ("postgresql://me:sec@ret@host/trials", "more than one @: write %40"),
        ("sqlite://", "must be kept: give a file, as in sqlite:///trials.db"),
        ("://", "a URL such as postgresql://me@host/trials"),
    ],
)
def test_a_storage_that_can_t_be_kept_is_refused(storage, said):
    with pytest.raises(ValueError, match=said.replace("?", r"\?")) as caught:
        to_keep(storage)
    assert "secret" not in str(caught.value)


def test_the_same_sweep_goes_on_and_another_is_refused(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    study = job.directory.table()["study"]
    make(tmp_path / "sweep", SHORT.replace("trials = 3", "trials = 5"))
    assert job.sweep().trials == 5
    assert job.directory.table()["study"] == study
    with pytest.raises(
        ValueError, match="was started with another `vary`: its trials could not be"
    ):
        make(tmp_path / "sweep", SHORT.replace("low = 1e-3", "low = 1e-2"))
    with pytest.raises(ValueError, match=r"was started in .*journal.log: leave `storage` out"):
        make(tmp_path / "sweep", SHORT, "other.log")


def test_more_trials_that_were_asked_for_stay_asked_for(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    table, sweep = job.directory.table()["sweep"], job.sweep()
    for asked, expected in ((7, 7), (None, 7), (5, 5), (None, 5)):
        job.directory.start(table, sweep, None, asked)
        assert job.sweep().trials == expected


def test_the_same_sweep_in_other_words_is_the_same(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    make(tmp_path / "sweep", SHORT.replace("steps = 8", "steps = 8\nsampler = 'tpe'"))
    make(tmp_path / "sweep", SHORT.replace("step = 4 }", "step = 4, log = false }"))
    assert job.sweep().sampler == "tpe"
    with pytest.raises(ValueError, match="was started with another `sampler`"):
        make(tmp_path / "sweep", SHORT.replace("steps = 8", "steps = 8\nsampler = 'random'"))


def test_a_plan_s_file_is_kept_with_the_sweep(tmp_path):
    work(make(tmp_path / "first", SHORT), tell=quiet, most=1)
    shutil.copy(tmp_path / "first" / "trials" / "0000" / "plan.toml", tmp_path / "plan.toml")
    text = SHORT.split("[set]")[0].replace('"wsd"', '"plan.toml"')
    text += "[set]\nbatch = 8\n[vary]\nplan.phase.warm-up.lr.to = [0.1, 0.2]\n"
    job = make(tmp_path / "second", text)
    (tmp_path / "plan.toml").write_text("nothing any more")
    work(job, tell=quiet)
    assert states(job) == ["COMPLETE"] * 3
    shutil.copy(tmp_path / "first" / "trials" / "0000" / "plan.toml", tmp_path / "plan.toml")
    make(tmp_path / "second", text)
    other = (tmp_path / "plan.toml").read_text().replace("from = 0.0", "from = 1e-6")
    (tmp_path / "plan.toml").write_text(other)
    with pytest.raises(ValueError, match="was started with another `base`"):
        make(tmp_path / "second", text)


def test_a_sweep_that_was_killed_while_it_was_set_up_is_set_up_again(tmp_path):
    (tmp_path / "sweep").mkdir()
    for name in ("sweep.lock", "base-plan.json", "sweep.json.partial"):
        (tmp_path / "sweep" / name).write_text("{")
    job = make(tmp_path / "sweep", SHORT)
    assert job.sweep().trials == 3


def test_a_directory_in_which_checkpoints_would_be_lost_is_refused(tmp_path):
    with pytest.raises(ValueError, match="orbax takes"):
        make(tmp_path / "a[1]", SHORT)


def test_a_directory_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "thesis.tex").touch()
    with pytest.raises(FileExistsError, match="is not empty: choose another directory"):
        make(tmp_path / "sweep", SHORT)
    with pytest.raises(FileNotFoundError, match="there is no sweep in"):
        SweepDirectory(tmp_path / "none").table()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "sweep.json").write_text("{}")
    with pytest.raises(ValueError, match="is damaged"):
        SweepDirectory(tmp_path / "bad").table()
    (tmp_path / "bad" / "sweep.json").write_text('{"study": "a", "storage": null, "sweep": {}}')
    with pytest.raises(ValueError, match="the sweep: `base`: is missing"):
        make(tmp_path / "bad", SHORT)


def test_a_sampler_that_is_restarted_does_not_repeat_itself(tmp_path):
    job = make(tmp_path / "sweep", SHORT)
    sweep = replace(job.sweep(), trials=20)
    seen = []
    for _ in range(20):
        study = Study(job.directory, sweep)
        taken = study.take()
        study.failed(taken, "not tried")
        taken.release()
        seen.append(taken.values["plan.peak"])
    assert len(set(seen)) == 20
    assert {one.state.name for one in study.trials()} == {"FAIL"}
