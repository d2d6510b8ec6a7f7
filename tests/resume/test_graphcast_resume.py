"""A miniature GraphCast, restored at every step of three phases: its forecast, bit for bit."""

import shutil
from dataclasses import replace

import jax
import numpy as np
import pytest

from glidepath import Phase, Plan, cosine, linear, staircase
from glidepath.training.checkpoints import Keep, complete_steps
from glidepath.training.every import Every
from glidepath.training.run_directory import RunDirectory
from glidepath.weather.forecast import TrainedModel
from tests.conftest import make_weather
from tests.devices.weather_problem import make
from tests.resume.test_resume import SETTINGS, assert_same_run, run

PLAN = Plan(
    Phase("warm-up", 2, lr=linear(0.0, 1e-2)),
    Phase("decay", 2, lr=cosine(1e-2, 1e-3)),
    Phase("autoregressive", 3, lr=1e-3, rollout=staircase(2, 3, every=2)),
    rollout=1,
)
SAVES_ALL = replace(
    SETTINGS,
    batch=2,
    num_steps=PLAN.total_steps,
    checkpoint_every=Every(1),
    keep=Keep(newest=PLAN.total_steps + 1),
)


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    path = tmp_path_factory.mktemp("weather") / "weather.nc"
    make_weather().to_netcdf(path, engine="h5netcdf")
    return make(path)


@pytest.fixture(scope="module", autouse=True)
def compiled_once(tmp_path_factory):
    """The same updates are compiled again and again here."""
    names = ("jax_compilation_cache_dir", "jax_persistent_cache_min_compile_time_secs")
    before = {name: getattr(jax.config, name) for name in names}
    jax.config.update(names[0], str(tmp_path_factory.mktemp("compiled")))
    jax.config.update(names[1], 0.0)
    yield
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture(scope="module")
def uninterrupted(problem, tmp_path_factory):
    directory = RunDirectory(tmp_path_factory.mktemp("runs") / "whole")
    state, _ = run(directory, problem, SAVES_ALL, PLAN)
    return directory, state


def forecast(problem, state):
    return TrainedModel(problem.forecaster, state.parameters).forecast(problem.trajectory, 3, 4)


@pytest.mark.heavy
@pytest.mark.parametrize("step", range(PLAN.total_steps))
def test_a_run_restored_at_any_step_ends_as_if_it_had_not_been(
    step, problem, uninterrupted, tmp_path
):
    whole, state = uninterrupted
    assert complete_steps(whole.checkpoints) == list(range(PLAN.total_steps + 1))
    again = RunDirectory(tmp_path / "again")
    shutil.copytree(whole.path, again.path)
    restored, events = run(again, problem, replace(SAVES_ALL, from_step=step), PLAN)
    assert events[0] == ("resumed", step)
    assert_same_run(again, restored, whole, state)
    assert np.array_equal(forecast(problem, restored), forecast(problem, state))
