"""The network's size, its checkpoints, and what it refuses."""

import pickle

import jax
import numpy as np
import pytest

from glidepath.weather import checkpoint_format
from glidepath.weather.model import SIZES, ModelSize, count_parameters, init_parameters
from glidepath.weather.variables import LEVELS_13, Task, published_task


def test_the_published_sizes_come_out():
    task = published_task(LEVELS_13)
    assert (task.num_inputs, len(task.state)) == (186, 83)
    assert count_parameters(init_parameters(SIZES["1deg"], task, seed=0)) == 35_979_347
    wide = published_task(tuple(range(1, 38)))
    assert (wide.num_inputs, len(wide.state)) == (474, 227)


def test_input_rows_fill_the_published_order_without_gaps():
    task = published_task((500, 850))
    rows = sorted(row for part in task.input_rows.values() for row in part)
    assert rows == list(range(task.num_inputs - 3))


def test_what_is_only_predicted_is_no_input():
    task = published_task((500,))
    task = Task(
        tuple(v for v in task.input_variables if v != "total_precipitation_6hr"),
        task.target_variables,
        task.forcing_variables,
        task.pressure_levels,
        task.input_duration,
    )
    assert len(task.input_rows["state 0"]) == len(task.state) - 1
    only = [str(c) for c, r in zip(task.state, task.is_residual, strict=True) if not r]
    assert only == ["total_precipitation_6hr"]


def test_parameters_depend_on_the_seed_only():
    size, task = ModelSize(1, 8, 2), published_task((500,))
    first, again, other = (init_parameters(size, task, seed) for seed in (1, 1, 2))
    assert jax.tree.all(jax.tree.map(np.array_equal, first, again))
    weights = first["mesh"]["edges"]["w0"]
    assert weights.shape == (2, 24, 8)
    assert not np.array_equal(weights, other["mesh"]["edges"]["w0"])
    assert np.abs(weights).max() <= 2 / np.sqrt(24)
    assert weights.std() == pytest.approx(0.88 / np.sqrt(24), rel=0.1)


@pytest.mark.parametrize("field", ["mesh_size", "latent_size", "num_layers"])
def test_a_size_below_one_raises_value_error(field):
    numbers = {"mesh_size": 1, "latent_size": 8, "num_layers": 1} | {field: 0}
    with pytest.raises(ValueError, match=f"`{field}` must be at least 1"):
        ModelSize(**numbers)


class Bomb:
    def __reduce__(self):
        return print, ("a pickle was executed",)


def test_a_pickle_where_weights_are_expected_is_refused_unread(tmp_path, capsys):
    np.savez(tmp_path / "object.npz", **{"params:x": np.array([Bomb()], dtype=object)})
    (tmp_path / "pickle.npz").write_bytes(pickle.dumps(Bomb()))
    (tmp_path / "empty.npz").write_bytes(b"")
    np.savez(tmp_path / "whole.npz", a=np.zeros(1000))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "whole.npz").read_bytes()[:500])
    for name in ("object.npz", "pickle.npz", "empty.npz", "cut.npz"):
        with pytest.raises(ValueError, match="not a checkpoint of plain arrays"):
            checkpoint_format.read(tmp_path / name)
    assert "executed" not in capsys.readouterr().out


def test_an_archive_that_is_no_checkpoint_names_what_it_lacks(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(ValueError, match="not a GraphCast checkpoint: 'model_config:mesh_size'"):
        checkpoint_format.read(tmp_path / "other.npz")
