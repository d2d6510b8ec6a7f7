"""A run that goes back to a checkpoint after NaN, and comes again with other samples."""

from dataclasses import replace

import numpy as np
import pytest

from glidepath import Phase, Plan
from glidepath.record import History
from glidepath.record.lines import read
from glidepath.training.every import Every
from glidepath.training.redraws import MOST_ATTEMPTS
from glidepath.training.run_directory import RunDirectory
from glidepath.training.sampling import draw
from tests.resume.test_resume import assert_same_run, run
from tests.unit.training.test_nonfinite import SETTINGS, Damaged
from tests.unit.training.test_training import Line

PLAN = Plan(Phase("training", 8, lr=0.05))
ROLLS = replace(SETTINGS, on_nan="rollback", checkpoint_every=Every(2), evaluate_every=4)


class Once(Damaged):
    """The broken sample lies in the batch of step 2 alone: a redraw does not meet it."""

    def batch(self, samples, rollout):
        drawn = np.array_equal(samples, draw(SETTINGS.seed, 2, SETTINGS.batch, 100))
        return super().batch(samples, rollout) if drawn else Line.batch(self, samples, rollout)


def test_the_run_comes_again_with_other_samples_and_says_so(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    state, events = run(directory, Once(), ROLLS, PLAN)
    history = History.open(directory.path)
    assert history.steps.tolist() == list(range(8))
    assert np.isfinite(history.column("loss")).all()
    (line,) = history.rollbacks
    assert (line["step"], line["broken"], line["attempt"]) == (2, 2, 1)
    assert "the loss at step 2 is nan" in line["reason"]
    assert any("rolled back to step 2" in str(event) for event in events)
    assert history.end["state"] == "finished"
    assert int(state.step) == 8


def test_only_the_updates_up_to_the_broken_one_learn_from_others(tmp_path):
    sound, rolled = RunDirectory(tmp_path / "sound"), RunDirectory(tmp_path / "rolled")
    run(sound, Line(), ROLLS, PLAN)
    run(rolled, Once(), replace(ROLLS, checkpoint_every=Every(100)), PLAN)
    ours, theirs = (History.open(one.path).texts("batch") for one in (rolled, sound))
    assert [a == b for a, b in zip(ours, theirs, strict=True)] == [False] * 3 + [True] * 5


@pytest.mark.parametrize("stop", range(1, 8))
def test_a_run_that_was_rolled_back_goes_on_bit_for_bit(stop, tmp_path):
    whole, cut = RunDirectory(tmp_path / "whole"), RunDirectory(tmp_path / "cut")
    settings = replace(ROLLS, checkpoint_every=Every(100))
    state, _ = run(whole, Once(), settings, PLAN)
    run(cut, Once(), replace(settings, num_steps=stop), PLAN)
    again, _ = run(cut, Once(), settings, PLAN)
    assert_same_run(cut, again, whole, state)
    assert [line["step"] for line in read(cut.record_file) if line["kind"] == "rollback"] == [0]


def test_a_batch_that_stays_broken_stops_the_run(tmp_path):
    class Hopeless(Line):
        def batch(self, samples, rollout):
            return {
                name: one * np.float32("nan") for name, one in super().batch(samples, 1).items()
            }

    directory = RunDirectory(tmp_path / "run")
    with pytest.raises(FloatingPointError, match=f"with {MOST_ATTEMPTS} other choices of samples"):
        run(directory, Hopeless(), replace(ROLLS, evaluate_every=None), PLAN)
    assert History.open(directory.path).end["state"] == "failed"


def test_a_run_does_not_go_back_to_before_it_was_changed(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    longer = Plan(Phase("training", 8, lr=0.04))
    once = replace(ROLLS, checkpoint_every=Every(100))
    run(directory, Line(), replace(once, num_steps=1), PLAN)
    directory.change(longer, {}, ["plan"], 1)
    run(directory, Once(), once, longer)
    history = History.open(directory.path)
    assert [line["step"] for line in history.rollbacks] == [1]
    assert history.column("lr").tolist() == [0.05, *[0.04] * 7]
