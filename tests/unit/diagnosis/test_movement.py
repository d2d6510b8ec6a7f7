"""What moved between two snapshots of any model, and why the rest did not."""

import copy

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest
import torch
from torch import nn

from glidepath.diagnosis.movement.moved import moved
from glidepath.diagnosis.movement.snapshot import snapshot
from glidepath.diagnosis.movement.stillness import CAUSES


def torch_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def backward(model, dtype=torch.float32):
    model(torch.ones(5, 3, dtype=dtype)).square().mean().backward()


def arrays(**values):
    return {name: np.array(value, np.float32) for name, value in values.items()}


def only_finding(movement):
    (finding,) = movement.findings()
    return finding


def cause(movement):
    return only_finding(movement).evidence["cause"]


def test_a_step_of_gradient_descent_is_told_with_its_length():
    model = torch_model()
    before = snapshot(model)
    backward(model)
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    movement = moved(before, model)
    assert movement.names("moved") == ("0/weight", "0/bias", "2/weight", "2/bias")
    assert movement.findings() == []
    for one in movement.arrays:
        assert one.distance == pytest.approx(0.5 * one.gradient_norm, rel=1e-5)
        assert one.relative == pytest.approx(one.distance / one.norm)
    assert "All is well: 4 arrays moved." in str(movement)


def test_gradients_without_a_step_are_an_error_that_names_the_arrays():
    model = torch_model()
    before = snapshot(model)
    backward(model)
    finding = only_finding(moved(before, model))
    assert (finding.code, finding.level, finding.sure) == ("never-moved", "error", "likely")
    assert finding.evidence["cause"] == "update-never-applied"
    assert finding.arrays == ("0/weight", "0/bias", "2/weight", "2/bias")
    assert finding.what.startswith("4 of 4 arrays bit for bit as before, with gradients of norms")
    assert "optimizer.step()" in finding.tries[0]


def test_the_optimizer_of_a_copy_is_told_by_identity():
    model = torch_model()
    before, other = snapshot(model), torch.optim.SGD(copy.deepcopy(model).parameters(), lr=0.5)
    backward(model)
    other.step()
    assert cause(moved(before, model, optimizer=other)) == "optimizer-holds-others"
    assert cause(moved(before, model)) == "update-never-applied"


def test_what_the_optimizer_lacks_is_a_warning_where_the_rest_moves():
    model = torch_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    model[2] = nn.Linear(4, 1)
    before = snapshot(model)
    backward(model)
    optimizer.step()
    finding = only_finding(moved(before, model, optimizer=optimizer))
    assert (finding.level, finding.sure) == ("warning", "likely")
    assert finding.evidence["cause"] == "optimizer-holds-others"
    assert finding.arrays == ("2/weight", "2/bias")


@pytest.mark.parametrize("told", ["by the optimizer", "by the caller"])
def test_a_rate_of_zero_is_told(told):
    model = torch_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    before = snapshot(model)
    backward(model)
    optimizer.step()
    known = {"optimizer": optimizer} if told == "by the optimizer" else {"rate": 0.0}
    assert cause(moved(before, model, **known)) == "rate-is-zero"


def test_one_group_with_a_rate_of_zero_is_told_from_the_others():
    model = torch_model()
    groups = [{"params": model[0].parameters(), "lr": 0.0}, {"params": model[2].parameters()}]
    optimizer = torch.optim.SGD(groups, lr=0.5)
    before = snapshot(model)
    backward(model)
    optimizer.step()
    finding = only_finding(moved(before, model, optimizer=optimizer))
    assert (finding.level, finding.evidence["cause"]) == ("warning", "rate-is-zero")
    assert finding.arrays == ("0/weight", "0/bias")


def test_frozen_arrays_are_no_finding_unless_all_are():
    model = torch_model()
    model[0].requires_grad_(False)
    before = snapshot(model)
    backward(model)
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    movement = moved(before, model)
    assert movement.names("frozen") == ("0/weight", "0/bias")
    assert movement.findings() == []
    model.requires_grad_(False)
    assert cause(moved(snapshot(model), model)) == "frozen"


def test_an_array_that_the_loss_does_not_need_has_no_gradient():
    model = torch_model()
    model.add_module("unused", nn.Linear(2, 2))
    before = snapshot(model)
    model[:3](torch.ones(5, 3)).square().mean().backward()
    torch.optim.SGD(model.parameters(), lr=0.5).step()
    movement = moved(before, model)
    assert movement.names("without gradient") == ("unused/weight", "unused/bias")
    assert movement.findings() == []


def test_idle_arrays_are_idle_even_where_weight_decay_moves_them():
    before, after = arrays(used=[1, 2], idle=[3, 4]), arrays(used=[1, 1], idle=[2.7, 3.6])
    grads = arrays(used=[0, 1], idle=[0, 0])
    movement = moved(before, after, grads, idle=["idle"])
    assert movement.names("idle") == ("idle",)
    assert movement.arrays[1].has_moved
    assert movement.findings() == []
    still = moved(before, arrays(used=[1, 2], idle=[2.7, 3.6]), grads, idle=["idle"])
    assert only_finding(still).level == "error"  # what decays is no sign of a step by gradients


def test_no_gradient_anywhere_has_a_cause_of_its_own():
    before = arrays(w=[1, 2])
    assert cause(moved(before, arrays(w=[1, 2]), arrays(w=[0, 0]))) == "no-gradient"
    assert cause(moved(before, arrays(w=[1, 2]), {"w": None})) == "no-gradient"


def test_without_gradients_it_says_that_it_does_not_know_them():
    finding = only_finding(moved(arrays(a=1, b=1), arrays(a=1, b=2)))
    assert (finding.level, finding.sure) == ("note", "possible")
    assert "gradients unknown" in finding.what
    finding = only_finding(moved(arrays(a=1, b=1), arrays(a=1, b=1)))
    assert (finding.level, finding.sure) == ("error", "possible")


def test_a_result_that_jax_returned_and_nobody_kept_is_told_by_the_updates():
    params = {"hidden": {"w": jnp.ones((2, 3))}, "b": jnp.zeros(3)}
    grads = jax.tree.map(jnp.ones_like, params)
    optimizer = optax.adam(0.1)
    updates, _ = optimizer.update(grads, optimizer.init(params), params)
    before = params
    new = jax.jit(optax.apply_updates)(params, updates)
    assert cause(moved(before, params, grads, updates=updates)) == "result-thrown-away"
    assert moved(before, new, grads, updates=updates).names("moved") == ("b", "hidden/w")


def test_a_mask_of_optax_is_told_by_updates_of_zero():
    params = {"body": jnp.ones(3), "head": jnp.ones(3)}
    kinds = {"train": optax.sgd(0.1), "leave": optax.set_to_zero()}
    optimizer = optax.multi_transform(kinds, {"body": "train", "head": "leave"})
    grads = jax.tree.map(jnp.ones_like, params)
    updates, _ = optimizer.update(grads, optimizer.init(params), params)
    after = optax.apply_updates(params, updates)
    finding = only_finding(moved(params, after, grads, updates=updates))
    assert (finding.level, finding.arrays) == ("warning", ("head",))
    assert finding.evidence["cause"] == "zero-updates"


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16, jnp.float32])
def test_updates_that_are_rounded_away_are_told_by_the_type(dtype):
    params = {"scale": jnp.ones(8, dtype), "w": jnp.full(8, 1e-6, dtype)}
    small = float(jnp.finfo(dtype).eps) / 8
    updates = jax.tree.map(lambda one: jnp.full_like(one, small), params)
    after = optax.apply_updates(params, updates)
    finding = only_finding(
        moved(params, after, jax.tree.map(jnp.ones_like, params), updates=updates)
    )
    assert (finding.evidence["cause"], finding.arrays) == ("rounded-away", ("scale",))


def test_updates_that_are_large_enough_for_the_type_were_thrown_away():
    params = {"w": jnp.ones(8, jnp.bfloat16)}
    updates = {"w": jnp.full(8, 0.1, jnp.bfloat16)}
    assert cause(moved(params, params, params, updates=updates)) == "result-thrown-away"


@pytest.mark.parametrize(
    ("rate", "dtype", "told", "cause_told"),
    [(1e-6, torch.bfloat16, True, "unapplied-or-rounded"),
     (1e-6, torch.bfloat16, False, "unapplied-or-rounded"),
     (0.0, torch.float32, False, "update-never-applied")],
)  # fmt: skip
def test_what_is_not_known_is_likely_and_names_what_it_may_be(rate, dtype, told, cause_told):
    model = torch_model().to(dtype)
    optimizer, before = torch.optim.SGD(model.parameters(), lr=rate), snapshot(model)
    backward(model, dtype)
    optimizer.step()
    (finding,) = moved(before, model, optimizer=optimizer if told else None).findings()
    assert (finding.evidence["cause"], finding.sure) == (cause_told, "likely")
    assert ("rounded" in finding.what) == (dtype == torch.bfloat16)
    assert "rate above 0" in finding.why or rate > 0


def test_a_rate_of_zero_that_the_optimizer_tells_is_certain():
    model = torch_model()
    before = snapshot(model)
    backward(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    (finding,) = moved(before, model, optimizer=optimizer).findings()
    assert (finding.evidence["cause"], finding.sure) == ("rate-is-zero", "certain")


def test_whole_numbers_and_empty_arrays_are_nothing_to_train():
    before = {"count": np.arange(3), "none": np.ones((0, 2), np.float32)}
    after = {name: one.copy() for name, one in before.items()}
    grads = {"count": np.ones(3, np.float32), "none": np.ones((0, 2), np.float32)}
    for given in (None, grads):
        movement = moved(before, after, given)
        assert movement.findings() == []
        assert movement.names("still") == ()
        assert str(movement).startswith("Nothing here is trained by gradients")


def test_a_torch_model_in_bfloat16_that_was_stepped_rounds_away():
    model = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 1)).bfloat16()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    before = snapshot(model)
    backward(model, torch.bfloat16)
    optimizer.step()
    movement = moved(before, model, optimizer=optimizer)
    finding = only_finding(movement)
    assert finding.evidence["cause"] == "rounded-away"
    assert "1/weight" in finding.arrays
    assert movement.arrays[0].dtype == "bfloat16"


def keras_model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(4, name="a"), keras.layers.Dense(1, name="b")],
        name="model",
    )


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_keras_models_are_compared_with_snapshots_and_with_get_weights():
    model = keras_model()
    grads = [jnp.ones_like(one.value) for one in model.trainable_variables]
    before, weights, optimizer = snapshot(model), model.get_weights(), keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    still = moved(before, model, grads, optimizer=optimizer)
    assert cause(still) == "update-never-applied"
    assert only_finding(still).evidence["num_updates"] == 0
    optimizer.apply(grads)
    for first in (before, weights):
        movement = moved(first, model, grads, optimizer=optimizer)
        assert movement.findings() == []
        assert movement.names("moved")[0] == "model/a/kernel"
        assert movement.arrays[0].distance == pytest.approx(0.1 * 12**0.5, rel=1e-5)


def test_a_keras_optimizer_of_another_model_is_told():
    model, other = keras_model(), keras_model()
    optimizer = keras.optimizers.SGD(0.1)
    grads = [jnp.ones_like(one.value) for one in other.trainable_variables]
    before = snapshot(model)
    optimizer.apply(grads, other.trainable_variables)
    assert cause(moved(before, model, grads, optimizer=optimizer)) == "optimizer-holds-others"


def test_a_frozen_layer_of_keras_is_frozen():
    model = keras_model()
    model.layers[0].trainable = False
    before = snapshot(model)
    grads = [jnp.ones_like(one.value) for one in model.trainable_variables]
    keras.optimizers.SGD(0.1).apply(grads, model.trainable_variables)
    movement = moved(before, model, grads)
    assert movement.names("frozen") == ("model/a/kernel", "model/a/bias")
    assert movement.findings() == []


def test_bits_are_compared_and_so_nan_stands_still_and_a_zero_changes_its_sign():
    before = arrays(nan=[np.nan, 1], zero=[0.0], infinite=[np.inf])
    after = arrays(nan=[np.nan, 1], zero=[-0.0], infinite=[1.0])
    movement = moved(before, after, arrays(nan=[1, 1], zero=[1], infinite=[1]))
    assert movement.names("still") == ("nan",)
    assert movement.names("moved") == ("zero", "infinite")
    assert (movement.arrays[1].distance, movement.arrays[2].distance) == (0.0, np.inf)


def test_a_gradient_that_is_rounding_alone_excuses_an_array():
    before, after = arrays(key_bias=[1, 1], w=[1, 1]), arrays(key_bias=[1, 1], w=[0, 0])
    assert moved(before, after, arrays(key_bias=[1e-9, 1e-9], w=[1, 1])).findings() == []
    found = moved(before, after, arrays(key_bias=[1e-3, 1e-3], w=[1, 1])).findings()
    assert [one.arrays for one in found] == [("key_bias",)]


def test_counters_and_buffers_of_a_state_dict_are_no_sign_of_a_step():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    before = {name: one.clone() for name, one in model.state_dict().items()}
    model(torch.randn(8, 3)).square().sum().backward()
    movement = moved(before, model)
    assert only_finding(movement).level == "error"
    assert len(movement.arrays) == 4
    grads = {name: one.grad for name, one in model.named_parameters()}
    movement = moved(before, model.state_dict(), grads)
    assert only_finding(movement).level == "error"
    assert "1.running_mean" in movement.names("moved")


def test_names_with_dots_and_with_slashes_are_the_same():
    before, after = {"a.w": np.ones(2)}, {"a": {"w": np.zeros(2)}}
    assert moved(before, after).names("moved") == ("a/w",)


def test_a_list_is_taken_in_the_order_of_the_trained_arrays():
    model = torch_model()
    before = snapshot(model)
    loss = model(torch.ones(5, 3)).square().mean()
    grads = torch.autograd.grad(loss, list(model.parameters()))
    assert cause(moved(before, model, list(grads))) == "update-never-applied"


def test_str_puts_those_that_stand_still_first_and_cuts_long_tables():
    before = {f"w{i:03d}": np.ones(1) for i in range(100)}
    after = {name: np.ones(1) + (name != "w099") for name in before}
    lines = str(moved(before, after, before)).splitlines()
    assert lines[0].startswith("warning, likely: 1 of 100 arrays bit for bit as before")
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == ["array", "moved", "by", "relative", "gradient", "state"]
    assert table[1].split() == ["w099", "0", "0", "1", "still:", "unexplained"]
    assert table[-1] == "and 60 more"


def test_snapshots_do_not_change_with_the_model():
    model = torch_model()
    before = snapshot(model)
    kept = {name: one.copy() for name, one in before.items()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1.0)
    assert all(np.array_equal(before[name], kept[name]) for name in kept)


def donated():
    params = {"w": jnp.ones(3)}
    after = jax.jit(lambda tree: {"w": tree["w"] + 1}, donate_argnums=0)(params)
    return params, after


def traced():
    jax.jit(lambda x: moved({"w": jnp.ones(3)}, {"w": x}))(jnp.ones(3))


WRONG = {
    "a live module": (lambda: moved(torch_model(), torch_model()), TypeError, r"snapshot\(model\)"),
    "a live Keras model": (lambda: moved(keras_model(), keras_model()), TypeError, "live model"),
    "no arrays": (lambda: moved({"a": 1}, {"a": np.ones(1)}), TypeError, "`before`: expected"),
    "other names": (
        lambda: moved(arrays(a=1), arrays(b=1)), ValueError,
        "`before` lacks 'b', which `after` has; it has 'a'",
    ),
    "more names": (
        lambda: moved(arrays(a=1, b=1), arrays(a=1)), ValueError, "`before` has 'b', which `after`"
    ),
    "other shapes": (
        lambda: moved(arrays(a=[1, 2]), arrays(a=[1])), ValueError, r"'a' as \[2\], .* as \[1\]"
    ),
    "gradients of others": (
        lambda: moved(arrays(a=1), arrays(a=2), arrays(b=2)), ValueError, "`grads` has 'b'"
    ),
    "a list that is too short": (
        lambda: moved([np.ones(2)], torch_model()), ValueError,
        "a list of 1 array, and `after` has 4, of which 4 are trained",
    ),
    "unknown idle": (
        lambda: moved(arrays(a=1), arrays(a=2), idle=["b"]), ValueError, "`idle` has 'b'"
    ),
    "a negative rate": (
        lambda: moved(arrays(a=1), arrays(a=2), rate=-1.0), ValueError,
        "`rate` must be a number from 0, got -1.0",
    ),
    "optax's optimizer": (
        lambda: moved(arrays(a=1), arrays(a=2), optimizer=optax.sgd(0.1)), TypeError, "`updates`"
    ),
    "donated arrays": (lambda: moved(*donated()), ValueError, "`w` is no longer there"),
    "traced arrays": (traced, TypeError, "`w` is traced and has no numbers yet"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_an_error_says_what_is_wrong_and_what_would_work(name):
    call, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        call()


def test_memory_that_both_share_is_refused():
    model = torch_model()
    with pytest.raises(ValueError, match=r"share the memory of '0/weight'"):
        moved(model.state_dict(), model)
    params = {"w": np.ones(3)}
    with pytest.raises(ValueError, match=r"share the memory of 'w'"):
        moved(params, params)


def test_copies_cannot_be_compared_with_what_an_optimizer_holds():
    model = torch_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="give the module itself as `after`"):
        moved(snapshot(model), model.state_dict(), optimizer=optimizer)


def test_a_state_must_be_one_that_there_is():
    with pytest.raises(ValueError, match="`state` must be one of still, "):
        moved(arrays(a=1), arrays(a=2)).names("stuck")


def test_every_cause_says_why_and_what_to_try():
    for cause in CAUSES.values():
        assert cause.says
        assert cause.why
        assert len(cause.tries) >= 2
