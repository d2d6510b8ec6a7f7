"""NaN and infinity in a batch or a gradient: named, and the policy is the user's."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from glidepath import Phase, Plan, linear
from glidepath.record.lines import read
from glidepath.training.checkpoints import complete_steps
from glidepath.training.every import Every
from glidepath.training.loop import train
from glidepath.training.run_directory import RunDirectory
from glidepath.training.settings import Settings
from glidepath.training.watchman import MOST_SKIPPED, RollBackError, Watchman
from tests.resume.test_resume import Silent, updates
from tests.unit.training.test_training import Line

PLAN = Plan(Phase("training", 8, lr=linear(0.1, 0.0)))
SETTINGS = Settings(batch=4, seed=3, num_steps=8, checkpoint_every=Every(100))


class Damaged(Line):
    """One sample of the data is NaN, and comes in the third batch."""

    def __init__(self):
        self.sample = int(self.samples(SETTINGS.seed, 2, SETTINGS.batch, 1)[1])

    def batch(self, samples, rollout):
        batch = super().batch(samples, rollout)
        return batch | {"x": np.where(samples == self.sample, np.float32("nan"), batch["x"])}


class Steep(Line):
    """The data are sound, but one sample's loss has no gradient: the root of 0."""

    sample = Damaged().sample

    def loss(self, parameters, batch, rollout):
        value, parts = super().loss(parameters, batch, rollout)
        distance = jnp.abs(batch["x"] - np.float32(self.sample) / 100)
        return value + 1e-3 * jnp.mean(jnp.sqrt(distance * parameters["w"][0])), parts


def run(path, problem, **settings):
    directory = RunDirectory(path / "run")
    if not directory.exists():
        directory.create(PLAN, {})
    return directory, train(problem, PLAN, directory, replace(SETTINGS, **settings), Silent())


def lines(directory, kind):
    return [line for line in read(directory.record_file) if line["kind"] == kind]


def test_a_nan_in_the_data_stops_the_run_and_names_step_sample_and_array(tmp_path):
    problem = Damaged()
    with pytest.raises(FloatingPointError) as caught:
        run(tmp_path, problem)
    assert "the loss at step 2 is nan" in str(caught.value)
    assert f"in sample {problem.sample}, there in x" in str(caught.value)
    directory = RunDirectory(tmp_path / "run")
    assert [line["step"] for line in updates(directory.record_file)] == [0, 1, 2]
    (found,) = lines(directory, "nonfinite")
    assert found["samples"] == [problem.sample]
    assert (found["step"], found["batch"], found["policy"]) == (2, ["x"], "stop")
    assert sorted(found["gradients"]) == ["b", "w"]
    assert lines(directory, "end")[0]["state"] == "failed"
    assert complete_steps(directory.checkpoints) == [0]


def test_a_nan_that_only_the_gradient_has_is_traced_to_its_sample(tmp_path):
    with pytest.raises(FloatingPointError, match=r"the gradients of w"):
        run(tmp_path, Steep())
    (found,) = lines(RunDirectory(tmp_path / "run"), "nonfinite")
    assert found["gradients"] == ["w"]
    assert found["samples"] == [Steep.sample]
    assert "batch" not in found


def test_a_skipped_update_changes_nothing_and_its_step_is_counted(tmp_path):
    directory, state = run(tmp_path, Damaged(), on_nan="skip")
    skipped = [line["step"] for line in updates(directory.record_file) if line.get("skipped")]
    assert 2 in skipped
    assert int(state.step) == 8
    assert [line["lr"] for line in updates(directory.record_file)] == pytest.approx(
        [PLAN["lr"](step) for step in range(8)], rel=1e-6
    )
    _, before = run(tmp_path / "cut", Damaged(), on_nan="skip", num_steps=2)
    _, after = run(tmp_path / "longer", Damaged(), on_nan="skip", num_steps=3)
    for ours, theirs in zip(
        jax.tree.leaves(before.parameters), jax.tree.leaves(after.parameters), strict=True
    ):
        assert np.array_equal(ours, theirs)
    assert all(np.all(np.isfinite(leaf)) for leaf in jax.tree.leaves(state.parameters))


def test_a_run_that_ignores_nan_goes_on_with_it(tmp_path):
    directory, state = run(tmp_path, Damaged(), on_nan="ignore")
    assert len(updates(directory.record_file)) == 8
    assert np.isnan(state.parameters["w"]).all()
    assert lines(directory, "nonfinite")[0]["policy"] == "ignore"


class Hopeless(Line):
    """Nothing but NaN."""

    def batch(self, samples, rollout):
        return {name: one * np.float32("nan") for name, one in super().batch(samples, 1).items()}


def test_a_run_that_only_skips_stops(tmp_path):
    plan = Plan(Phase("training", 40, lr=0.1))
    directory = RunDirectory(tmp_path / "run")
    directory.create(plan, {})
    settings = replace(SETTINGS, num_steps=40, on_nan="skip")
    with pytest.raises(FloatingPointError, match=f"{MOST_SKIPPED + 1} updates in a row"):
        train(Hopeless(), plan, directory, settings, Silent())
    assert len(updates(directory.record_file)) == MOST_SKIPPED + 1


def test_an_unknown_policy_is_refused():
    with pytest.raises(
        ValueError, match="`on_nan` must be one of stop, skip, rollback, ignore, got 'hope'"
    ):
        replace(SETTINGS, on_nan="hope")


@pytest.mark.parametrize("policy", ["stop", "rollback"])
def test_a_gradient_that_has_no_norm_in_float32_is_no_finite_one(policy):
    watchman = Watchman(replace(SETTINGS, on_nan=policy))
    watchman.see({"kind": "update", "step": 4, "loss": 1e20, "skipped": True})
    with pytest.raises((FloatingPointError, RollBackError), match="gradient at step 4 is too"):
        watchman.see({"kind": "update", "step": 5, "loss": 1.0})


def test_a_skipped_update_that_was_told_is_told_once():
    watchman = Watchman(replace(SETTINGS, on_nan="skip"))
    watchman.see({"kind": "update", "step": 4, "loss": "nan", "skipped": True})
    watchman.see({"kind": "nonfinite", "step": 4})
    watchman.see({"kind": "update", "step": 5, "loss": 1.0})
