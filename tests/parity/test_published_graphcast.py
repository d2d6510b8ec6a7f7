"""The published code's recorded answers: predictions, losses and every gradient.

`graphcast/` holds random weights in the published checkpoint format, a batch of noise, statistics
and a compact copy of what the published implementation (version of August 2026, JAX on a CPU,
float32) computed from them: of a rollout of 1 and of 3 steps the last prediction, the loss, the
loss of each variable, and all gradients in one vector, in the order of their sorted names.
"""

from pathlib import Path

import jax
import numpy as np
import pytest
import xarray as xr

from glidepath.weather import checkpoint_format
from glidepath.weather.graphs import build_graphs
from glidepath.weather.loss import channel_weights
from glidepath.weather.model import GraphCast
from glidepath.weather.progress import progress_fields
from glidepath.weather.rollout import Forecaster
from glidepath.weather.statistics import Statistics

RECORDED = Path(__file__).parent / "graphcast"


@pytest.fixture(scope="module")
def expected():
    return np.load(RECORDED / "expected.npz", allow_pickle=False)


@pytest.fixture(scope="module")
def checkpoint():
    return checkpoint_format.read(RECORDED / "checkpoint.npz")


@pytest.fixture(scope="module")
def batch():
    with xr.open_dataset(RECORDED / "batch.nc") as data:
        return data.load()


@pytest.fixture(scope="module")
def statistics():
    return Statistics.read(RECORDED / "stats")


@pytest.fixture(scope="module")
def forecaster(checkpoint, batch, statistics):
    size, task = checkpoint.size, checkpoint.task
    graphs = build_graphs(
        batch.lat.values,
        batch.lon.values,
        mesh_size=size.mesh_size,
        radius_fraction=size.radius_fraction,
    )
    statics = np.stack([batch[c.variable].values.reshape(-1) for c in task.statics], axis=-1)
    return Forecaster(GraphCast(graphs, task), statistics, statics, batch.lat.values)


@pytest.fixture(scope="module")
def window(checkpoint, batch):
    def fields(channels):
        names = dict.fromkeys(channel.variable for channel in channels)
        return np.concatenate([field(name) for name in names], axis=-1).astype(np.float32)

    def field(name):
        if name.endswith(("_sin", "_cos")):
            rows = [progress_fields(t, batch.lon.values)[name] for t in batch.datetime.values]
            values = np.broadcast_to(np.stack(rows), (*batch.datetime.shape, 13, 24))[..., None]
        elif "level" in batch[name].dims:
            values = batch[name].transpose("batch", "time", "lat", "lon", "level").values
        else:
            values = batch[name].values[..., None]
        return values.reshape(*batch.datetime.shape, 13 * 24, -1)

    task = checkpoint.task
    return {"state": fields(task.state), "forcings": fields(task.forcings)}


def cut(window, num_steps):
    return {name: values[:, : num_steps + 2] for name, values in window.items()}


@pytest.fixture(scope="module")
def gradients(forecaster, checkpoint, window):
    def compute(num_steps):
        loss = jax.value_and_grad(
            lambda p: forecaster.loss(p, cut(window, num_steps), num_steps), has_aux=True
        )
        return jax.device_get(jax.jit(loss)(checkpoint.parameters))

    return {1: compute(1), 3: compute(3)}


@pytest.mark.parametrize("num_steps", [1, 3])
def test_predictions_agree_to_1e_5_of_a_standard_deviation(
    num_steps, forecaster, checkpoint, window, statistics, expected
):
    predict = jax.jit(lambda p: forecaster.predict(p, cut(window, num_steps), num_steps))
    last = np.asarray(predict(checkpoint.parameters))[-1]
    channels = checkpoint.task.state
    std = statistics.of("std", channels)
    for variable in checkpoint.task.target_variables:
        rows = [i for i, channel in enumerate(channels) if channel.variable == variable]
        want = expected[f"prediction/{num_steps}/{variable}"][-1].reshape(2, len(rows), 13 * 24)
        error = (last[..., rows].transpose(1, 2, 0) - want) / std[rows][:, None]
        assert np.abs(error).max() < 1e-5, variable


@pytest.mark.parametrize("num_steps", [1, 3])
def test_loss_agrees_in_total_and_by_variable(
    num_steps, gradients, checkpoint, expected, forecaster
):
    (loss, by_channel), _ = gradients[num_steps]
    assert loss == pytest.approx(float(expected[f"loss/{num_steps}"]), rel=1e-5)
    weighted = by_channel * channel_weights(checkpoint.task, by_variable=False)
    for variable in checkpoint.task.target_variables:
        rows = [i for i, c in enumerate(checkpoint.task.state) if c.variable == variable]
        want = float(expected[f"loss_by_variable/{num_steps}/{variable}"])
        assert weighted[rows].sum() == pytest.approx(want, rel=1e-5), variable


@pytest.mark.parametrize("num_steps", [1, 3])
def test_every_gradient_agrees_to_1e_4(num_steps, gradients, expected):
    named = checkpoint_format.named_arrays(gradients[num_steps][1])
    recorded = expected[f"gradient/{num_steps}"]
    assert recorded.size == sum(array.size for array in named.values())
    place = 0
    for name in sorted(named):
        got = np.asarray(named[name])
        want = recorded[place : place + got.size].reshape(got.shape)
        place += got.size
        assert np.linalg.norm(got - want) <= 1e-4 * np.linalg.norm(want), name


def test_dead_parameters_get_exactly_zero_gradient(gradients):
    _, tree = gradients[1]
    assert all(not leaf.any() for leaf in jax.tree.leaves(tree["mesh2grid"]["mesh"]))
    assert not tree["grid2mesh"]["embed_mesh"]["w0"][:-3].any()
    assert tree["grid2mesh"]["embed_mesh"]["w0"][-3:].all()


def test_checkpoint_is_written_as_it_was_read(checkpoint, tmp_path):
    checkpoint_format.write(tmp_path / "again.npz", checkpoint)
    before = np.load(RECORDED / "checkpoint.npz", allow_pickle=False)
    after = np.load(tmp_path / "again.npz", allow_pickle=False)
    assert sorted(before.files) == sorted(after.files)
    for name in before.files:
        assert np.array_equal(before[name], after[name]), name


def test_bfloat16_stays_near_float32(forecaster, checkpoint, window, statistics):
    low = Forecaster(
        GraphCast(forecaster.network.graphs, checkpoint.task, "bfloat16"),
        statistics,
        forecaster.statics,
        forecaster.latitude,
    )
    loss, _ = jax.jit(lambda p: low.loss(p, cut(window, 1), 1))(checkpoint.parameters)
    full, _ = jax.jit(lambda p: forecaster.loss(p, cut(window, 1), 1))(checkpoint.parameters)
    assert loss.dtype == np.float32
    assert 0 < abs(loss - full) < 5e-2 * full
