"""Figures of arrays: the same from NumPy, JAX (compiled and not) and torch."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import torch
from torch import nn

from glidepath.record import looks_at, summarize
from glidepath.record.arrays import named_arrays
from glidepath.record.checksum import checksum
from glidepath.record.fingerprint import fingerprint

RANDOM = np.random.default_rng(0)
PARAMETERS = {"layer": {"b": RANDOM.normal(size=3), "w": RANDOM.normal(size=(4, 3))}}
GRADIENTS = {"layer": {"b": np.array([0.0, 1.0, 0.0]), "w": RANDOM.normal(size=(4, 3))}}
PARAMETERS, GRADIENTS = (
    jax.tree.map(lambda one: one.astype(np.float32), tree) for tree in (PARAMETERS, GRADIENTS)
)
FRAMEWORKS = {
    "numpy": np.asarray,
    "jax": jnp.asarray,
    "torch": torch.tensor,
}


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_every_framework_has_the_same_figures(framework):
    parameters, gradients = (
        jax.tree.map(FRAMEWORKS[framework], tree) for tree in (PARAMETERS, GRADIENTS)
    )
    found = summarize(parameters, gradients, gradients).on_host()
    assert found.names == ("layer/b", "layer/w")
    for norms, tree in ((found.parameter_norms, PARAMETERS), (found.gradient_norms, GRADIENTS)):
        expected = [np.linalg.norm(tree["layer"][name]) for name in ("b", "w")]
        assert norms.tolist() == pytest.approx(expected, rel=1e-6)
    assert found.update_norms.tolist() == found.gradient_norms.tolist()
    assert found.gradient_zeros.tolist() == pytest.approx([2 / 3, 0.0])
    assert found.checksums.tolist() == [
        int(checksum(PARAMETERS["layer"][name])) for name in ("b", "w")
    ]


def test_a_compiled_step_looks_only_when_it_is_due():
    compiled = jax.jit(lambda p, g, step: summarize(p, g, look=looks_at(step, 100)))
    for step in range(0, 300, 5):
        found = compiled(PARAMETERS, GRADIENTS, step).on_host()
        assert bool(found.looked) == (step in (0, 10, 100, 200))
        if found.looked:
            assert found.checksums[1] == checksum(PARAMETERS["layer"]["w"])
        else:
            assert found.checksums.tolist() == [0, 0]
        assert found.gradient_norms[0] == 1.0


def test_a_torch_module_brings_its_names_and_gradients():
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
    model[0].requires_grad_(False)
    model(torch.ones(4, 3)).sum().backward()
    found = summarize(model).on_host()
    assert found.names == ("0/weight", "0/bias", "1/weight", "1/bias")
    assert found.gradient_norms.tolist()[3] == 4.0
    assert found.gradient_norms.tolist()[:2] == [0.0, 0.0]
    assert found.gradient_zeros.tolist()[:2] == [1.0, 1.0]


@pytest.mark.parametrize("kind", ["float32", "float16", "float64", "int32", "int8", "bool"])
def test_a_checksum_is_the_same_everywhere_and_changes_with_any_element(kind):
    array = (RANDOM.normal(size=(37, 11)) * 10).astype(kind)
    expected = int(checksum(array))
    assert int(checksum(torch.tensor(array))) == expected
    if kind != "float64":
        assert int(checksum(jnp.asarray(array))) == int(jax.jit(checksum)(jnp.asarray(array)))
        assert int(checksum(jnp.asarray(array))) == expected
    for place in (0, 200, 406):
        changed = array.copy().reshape(-1)
        changed[place] = not changed[place] if kind == "bool" else changed[place] + 1
        assert int(checksum(changed)) != expected
    if kind != "bool":  # which are all True, there and back
        assert int(checksum(array.reshape(-1)[::-1].copy())) != expected


def test_a_checksum_sees_the_smallest_change_and_bfloat16():
    ones = np.ones(1000, np.float32)
    nudged = ones.copy()
    nudged[500] = np.nextafter(np.float32(1), np.float32(2))
    assert checksum(ones) != checksum(nudged)
    half = jnp.ones(5, jnp.bfloat16)
    assert int(checksum(half)) == int(checksum(torch.ones(5, dtype=torch.bfloat16)))


def test_a_checksum_of_more_than_a_chunk_is_numpy_s():
    array = RANDOM.normal(size=2**20 + 7).astype(np.float32)
    assert int(checksum(torch.tensor(array))) == int(checksum(array))


def test_names_are_the_keys_on_the_way():
    tree = {"a": [np.ones(1), {"b": np.ones(2)}], "c": np.ones(3)}
    assert list(named_arrays(tree)) == ["a/0", "a/1/b", "c"]
    assert list(named_arrays({"outer": nn.Linear(1, 1)})) == ["outer/weight", "outer/bias"]


def test_keras_models_bring_their_paths():
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="first")])
    names = list(named_arrays(model))
    assert [name.rpartition("/")[2] for name in names] == ["kernel", "bias"]
    assert summarize(model).on_host().parameter_norms[1] == 0.0


def test_batches_are_told_apart_by_a_few_of_their_elements():
    images = RANDOM.normal(size=(64, 3, 32, 32)).astype(np.float32)
    assert fingerprint(images) == fingerprint(torch.tensor(images)) == fingerprint(images.copy())
    assert fingerprint(images) != fingerprint(images[::-1])
    assert fingerprint({"x": images, "y": np.arange(64)}) != fingerprint({"x": images})
    assert len(fingerprint(np.arange(3))) == 12


def as_jax_in_a_compiled_step(array):
    return jax.numpy.asarray(array)


@pytest.mark.parametrize("of", [np.asarray, as_jax_in_a_compiled_step, torch.tensor])
@pytest.mark.parametrize("size", [1e-24, 1e-15, 1.0, 1e20, 1e38])
def test_norms_are_right_where_squares_leave_float32_s_range(of, size):
    array = of(np.full(9, size, np.float32))
    norms = summarize({"w": array}, {"w": array}, look=False).on_host().gradient_norms
    assert norms == pytest.approx([3 * size], rel=1e-6)
    if of is as_jax_in_a_compiled_step:
        norm = jax.jit(lambda w: summarize({"w": w}, look=False).parameter_norms)(array)
        assert norm == pytest.approx([3 * size], rel=1e-6)


@pytest.mark.parametrize("of", [np.asarray, jax.numpy.asarray, torch.tensor])
def test_only_nan_and_infinity_have_a_norm_that_is_not_finite(of):
    tree = {name: of(np.array([1.0, one], np.float32)) for name, one in
            {"inf": np.inf, "large": 3e38, "nan": np.nan, "zero": 0.0}.items()}  # fmt: skip
    tree["large"] = of(np.full(9, 3e38, np.float32))
    found = summarize(tree, look=False).on_host()
    finite = dict(zip(found.names, np.isfinite(found.parameter_norms).tolist(), strict=True))
    assert finite == {"inf": False, "large": True, "nan": False, "zero": True}


def test_whole_numbers_and_eight_bits_have_norms_in_torch():
    tree = {"a": torch.tensor([3, 4]), "b": torch.ones(4).to(torch.float8_e4m3fn)}
    assert summarize(tree, look=False).on_host().parameter_norms.tolist() == [5.0, 2.0]


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32, torch.complex64, torch.float64])
def test_torch_s_norms_of_all_types_are_right_at_every_size(kind):
    tree = {str(size): torch.full((9,), size).to(kind) for size in (1e-24, 1.0, 1e20)}
    found = summarize(tree, look=False).on_host()
    assert found.parameter_norms == pytest.approx([3e-24, 3.0, 3e20], rel=0.01)


def test_torch_and_numpy_may_stand_side_by_side():
    tree = {"a": torch.tensor([3.0, 4.0]), "b": np.array([1.0, 0.0], np.float32)}
    found = summarize(tree, tree).on_host()
    assert found.parameter_norms.tolist() == [5.0, 1.0]
    assert found.gradient_zeros.tolist() == [0.0, 0.5]
    assert found.checksums.tolist() == [int(checksum(one)) for one in tree.values()]
