"""A run that goes back to a checkpoint after NaN, and comes again with other samples."""

from dataclasses import replace

import numpy as np
import pytest

from glidepath import Phase, Plan
from glidepath.record import History
from glidepath.record.lines import read
from glidepath.training.checkpoints import Redraw
from glidepath.training.every import Every
from glidepath.training.redraws import MOST_ATTEMPTS, Redraws
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

    with pytest.raises(FloatingPointError, match=f"with {MOST_ATTEMPTS} other choices of samples"):
        run(RunDirectory(tmp_path / "run"), Hopeless(), replace(ROLLS, evaluate_every=None), PLAN)


def test_redraws_know_the_attempt_of_every_update():
    once = Redraws().after(4, 6)
    assert once.made == (Redraw(4, 7, 1),)
    assert [once.attempt(step) for step in range(3, 8)] == [0, 1, 1, 1, 0]
    twice = once.after(2, 5)
    assert [twice.attempt(step) for step in range(1, 8)] == [0, 2, 2, 2, 2, 1, 0]
    with pytest.raises(FloatingPointError, match="it is not the data"):
        twice.after(2, 5).after(2, 5)
