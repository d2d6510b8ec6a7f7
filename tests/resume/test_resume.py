"""A run that was stopped goes on bit for bit, wherever it was stopped."""

import shutil
from dataclasses import replace

import jax
import numpy as np
import pytest

from glidepath import Phase, Plan, cosine, linear, staircase
from glidepath.record.lines import read
from glidepath.training.every import Every
from glidepath.training.loop import train
from glidepath.training.run_directory import RunDirectory
from glidepath.training.settings import Settings
from tests.unit.training.test_training import Line

PLAN = Plan(
    Phase("warm-up", 3, lr=linear(0.0, 0.1)),
    Phase("decay", 4, lr=cosine(0.1, 0.01)),
    Phase("autoregressive", 5, lr=0.01, rollout=staircase(2, 3, every=2)),
    rollout=1,
    weight_decay=0.1,
)
SETTINGS = Settings(
    batch=8, seed=3, num_steps=PLAN.total_steps, checkpoint_every=Every(100), evaluate_every=2
)


class Silent:
    """An observer that keeps the events."""

    def __init__(self):
        self.events = []

    def resumed(self, step):
        self.events.append(("resumed", step))

    def compiling(self, rollout):
        self.events.append(("compiling", rollout))

    def compiled(self, rollout, seconds):
        pass

    def wrote(self, line):
        if line["kind"] == "checkpoint":
            self.events.append(("saved", line["step"]))

    def notice(self, text):
        self.events.append(("notice", text))

    def wants_to_stop(self):
        return None


def run(directory, problem, settings=SETTINGS, plan=PLAN):
    if not directory.exists():
        directory.create(plan, {})
    observer = Silent()
    state = train(problem, plan, directory, settings, observer)
    return jax.device_get(state), observer.events


TIMES = {"time", "seconds", "data_seconds", "memory_bytes"}


def updates(path):
    """The lines of the updates, without what no two runs have in common."""
    return [{k: v for k, v in line.items() if k not in TIMES}
            for line in read(path) if line["kind"] == "update"]  # fmt: skip


def what_was_measured(path):
    """The evaluations and the looks at single arrays."""
    kinds = ("evaluation", "layers", "event")
    return [{k: v for k, v in line.items() if k not in TIMES}
            for line in read(path) if line["kind"] in kinds]  # fmt: skip


def assert_same_run(directory, state, reference_directory, reference):
    assert jax.tree.all(jax.tree.map(np.array_equal, state, reference))
    lines = updates(directory.record_file)
    assert lines == updates(reference_directory.record_file)
    measured = what_was_measured(directory.record_file)
    assert measured == what_was_measured(reference_directory.record_file)
    assert [line["step"] for line in lines] == list(range(reference.step))


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    directory = RunDirectory(tmp_path_factory.mktemp("runs") / "whole")
    state, events = run(directory, Line())
    return directory, state, events


def test_each_rollout_length_is_compiled_once(uninterrupted):
    _, _, events = uninterrupted
    assert [event for event in events if event[0] == "compiling"] == [
        ("compiling", 1),
        ("compiling", 2),
        ("compiling", 3),
    ]


def test_the_record_has_every_scheduled_value_of_every_step(uninterrupted):
    directory, _, _ = uninterrupted
    for step, line in enumerate(updates(directory.record_file)):
        moment = PLAN.at(step)
        assert line["phase"] == moment.phase
        assert line["rollout"] == moment.values["rollout"]
        assert line["lr"] == pytest.approx(moment.values["lr"], rel=1e-6)
        assert line["weight_decay"] == 0.1
        assert {"loss", "gradient_norm", "parameter_norm", "update_ratio", "batch"} <= line.keys()


@pytest.mark.parametrize("stop", range(1, PLAN.total_steps))
def test_a_run_cut_at_any_step_goes_on_bit_for_bit(stop, uninterrupted, tmp_path):
    directory = RunDirectory(tmp_path / "cut")
    run(directory, Line(), replace(SETTINGS, num_steps=stop))
    state, events = run(directory, Line())
    assert ("resumed", stop) in events
    assert_same_run(directory, state, *uninterrupted[:2])


class Dies(Exception):
    pass


class DyingLine(Line):
    """Fails when it is asked for the batch of a step."""

    def __init__(self, step):
        self.step = step

    def samples(self, seed, step, size, rollout, attempt=0):
        if step == self.step:
            raise Dies
        return super().samples(seed, step, size, rollout, attempt)


def test_a_run_that_died_between_checkpoints_goes_on_from_the_last(uninterrupted, tmp_path):
    directory = RunDirectory(tmp_path / "died")
    settings = replace(SETTINGS, checkpoint_every=Every(4))
    with pytest.raises(Dies):
        run(directory, DyingLine(10), settings)
    state, events = run(directory, Line(), settings)
    assert events[0] == ("resumed", 8)
    assert_same_run(directory, state, *uninterrupted[:2])


def test_a_run_that_died_before_its_first_update_starts_from_its_first_state(
    uninterrupted, tmp_path
):
    directory = RunDirectory(tmp_path / "early")
    with pytest.raises(Dies):
        run(directory, DyingLine(0))
    state, events = run(directory, Line())
    assert events[0] == ("resumed", 0)
    assert_same_run(directory, state, *uninterrupted[:2])


def test_a_finished_run_stays_as_it_is(uninterrupted, tmp_path):
    directory = RunDirectory(tmp_path / "again")
    run(directory, Line())
    state, events = run(directory, Line())
    assert events[0] == ("resumed", PLAN.total_steps)
    assert_same_run(directory, state, *uninterrupted[:2])


def test_a_checkpoint_of_another_plan_is_refused(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    run(directory, Line(), replace(SETTINGS, num_steps=2))
    other = Plan(Phase("a", 12, lr=0.1))
    with pytest.raises(ValueError, match="step 2 is of another plan or configuration"):
        train(Line(), other, directory, SETTINGS, Silent())


def test_a_run_whose_checkpoints_are_gone_is_not_started_again(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    run(directory, Line(), replace(SETTINGS, num_steps=3))
    with pytest.raises(ValueError, match="at step 3 already, beyond 2"):
        run(directory, Line(), replace(SETTINGS, num_steps=2))
    shutil.rmtree(directory.checkpoints)
    with pytest.raises(FileNotFoundError, match="is not started again by itself"):
        run(directory, Line())
    assert len(updates(directory.record_file)) == 3


@pytest.mark.parametrize("numbers", [{"batch": 0}, {"num_steps": 0}, {"accumulate": -1}])
def test_settings_below_one_raise_value_error(numbers):
    with pytest.raises(ValueError, match="must be at least 1"):
        replace(SETTINGS, **numbers)
