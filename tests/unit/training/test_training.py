"""The loop's parts on a problem small enough to check by hand."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from glidepath import Phase, Plan, constant, linear
from glidepath.training import optimizer
from glidepath.training.run_directory import RunDirectory
from glidepath.training.sampling import draw
from glidepath.training.update import initial_state, make_update, moment


class Line:
    """Fit y = 3 x + 1."""

    def init(self, seed):
        return {"w": np.full((1,), 0.5, np.float32), "b": np.zeros((), np.float32)}

    def loss(self, parameters, batch, rollout):
        error = parameters["w"] * batch["x"] + parameters["b"] - batch["y"]
        return jnp.mean(error**2) * rollout, {}

    def samples(self, seed, step, size, rollout, attempt=0):
        return draw(seed, step, size, 100, attempt)

    def held_out(self, rollout):
        return np.arange(100, 120)

    def batch(self, samples, rollout):
        x = samples.astype(np.float32) / 100
        return {"x": x, "y": 3 * x + 1}

    def name(self, sample):
        return f"sample {sample}"

    def decays(self, parameters):
        return {"w": True, "b": False}

    def by_layer(self, tree):
        return tree

    def idle(self, parameters):
        return ()


def test_draws_are_a_pure_function_of_seed_and_step():
    assert np.array_equal(draw(1, 5, 32, 1000), draw(1, 5, 32, 1000))
    assert not np.array_equal(draw(1, 5, 32, 1000), draw(1, 6, 32, 1000))
    assert not np.array_equal(draw(1, 5, 32, 1000), draw(2, 5, 32, 1000))


def test_draws_are_uniform_and_with_replacement():
    draws = np.concatenate([draw(0, step, 32, 50) for step in range(1000)])
    counts = np.bincount(draws, minlength=50)
    expected = len(draws) / 50
    assert len(counts) == 50
    assert np.sum((counts - expected) ** 2 / expected) < 85.4  # chi squared, 49 degrees, p = 0.001
    assert any(len(set(draw(0, step, 32, 50))) < 32 for step in range(5))


def test_nothing_to_draw_from_raises_value_error():
    with pytest.raises(ValueError, match="`population` must be at least 1"):
        draw(0, 0, 4, 0)


def test_an_update_is_optax_s_adamw_with_the_plan_s_numbers():
    plan = Plan(Phase("a", 10, lr=linear(0.1, 0.0)), weight_decay=0.5, beta1=0.8, clip=0.3)
    problem = Line()
    state = initial_state(problem, plan, seed=0)
    update = make_update(problem, plan, rollout=1)
    parameters = state.parameters
    reference = optax.chain(
        optax.clip_by_global_norm(0.3),
        optax.adamw(plan["lr"], b1=0.8, b2=0.95, weight_decay=0.5, mask={"w": True, "b": False}),
    )
    reference_state = reference.init(parameters)
    for step in range(5):
        batch = problem.batch(problem.samples(0, step, 8, 1, 0), 1)
        state, values = update(state, batch, moment(plan, step))
        gradients = jax.grad(lambda p, b=batch: problem.loss(p, b, 1)[0])(parameters)
        changes, reference_state = reference.update(gradients, reference_state, parameters)
        summary = values["summary"]
        for norms, tree in (
            (summary.parameter_norms, parameters),
            (summary.gradient_norms, gradients),
            (summary.update_norms, changes),
        ):
            assert np.linalg.norm(norms) == pytest.approx(float(optax.tree.norm(tree)), rel=1e-5)
        parameters = optax.apply_updates(parameters, changes)
        assert values["lr"] == pytest.approx(plan["lr"](step))
        for name in ("w", "b"):
            assert np.asarray(state.parameters[name]) == pytest.approx(
                np.asarray(parameters[name]), rel=1e-6
            )


def test_a_quantity_that_nothing_follows_is_refused():
    plan = Plan(Phase("a", 10, lr=constant(0.1)), momentum=0.9)
    with pytest.raises(ValueError, match="AdamW and the training loop have no `momentum`"):
        optimizer.check(plan)
    with pytest.raises(ValueError, match="the plan has no `lr`"):
        optimizer.check(Plan(Phase("a", 10, weight_decay=0.1)))


def test_a_directory_with_something_in_it_is_not_written_over(tmp_path):
    plan = Plan(Phase("a", 10, lr=0.1))
    directory = RunDirectory(tmp_path / "run")
    directory.create(plan, {"seed": 1})
    with pytest.raises(FileExistsError, match="--resume"):
        directory.check_free()
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError, match=r"file is a file, and .*deep/run would be in it"):
        RunDirectory(tmp_path / "file" / "deep" / "run").check_free()
    with pytest.raises(FileExistsError, match="is a file; a run needs a directory"):
        RunDirectory(tmp_path / "file").check_free()
    reopened, configuration = directory.open()
    assert reopened == plan
    assert configuration["seed"] == 1


def test_a_plan_that_was_changed_since_the_run_started_is_refused(tmp_path):
    directory = RunDirectory(tmp_path / "run")
    directory.create(Plan(Phase("a", 10, lr=0.1)), {})
    text = directory.plan_file.read_text()
    directory.plan_file.write_text(text.replace("0.1", "0.2"))
    with pytest.raises(ValueError, match="was changed since the run was started"):
        directory.check_plan_file()
    assert directory.open()[0] == Plan(Phase("a", 10, lr=0.1))
    directory.plan_file.unlink()
    directory.check_plan_file()
    with pytest.raises(FileNotFoundError, match="there is no run in"):
        RunDirectory(tmp_path / "none").open()
    assert json.loads(directory.configuration_file.read_text())["fingerprint"]
