"""Effective step sizes: what torch and optax really divide by, wherever the state lies."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from torch import nn

from glidepath import Phase, Plan, linear
from glidepath.adapters.optax import inject
from glidepath.record import summarize
from glidepath.record.arrays import named_arrays
from glidepath.record.step_sizes import StepSizes, step_sizes
from glidepath.record.step_sizes.sampling import MOST, sampled
from glidepath.record.summary import register

RANDOM = np.random.default_rng(0)
SHAPES = {"dense": {"bias": (7,), "kernel": (11, 7)}, "scale": ()}
LEAVES = {"is_leaf": lambda one: isinstance(one, tuple)}
PARAMETERS = jax.tree.map(jnp.zeros, SHAPES, **LEAVES)
NAMES = ["dense/bias", "dense/kernel", "scale"]
SCALES = {"dense": {"bias": 1e-8, "kernel": 1.0}, "scale": 100.0}
RATE, BETA2, EPS = 0.03, 0.97, 1e-6
NUMBERS = {"beta2": BETA2, "eps": EPS}


def gradients(step):
    """Other ones at every step, in the mean as large as eps and far larger."""
    chance = np.random.default_rng(step)
    return jax.tree.map(
        lambda scale, p: jnp.asarray(scale * chance.normal(size=p.shape), jnp.float32),
        SCALES,
        PARAMETERS,
    )


def expected(updates, grads):
    """Percentiles of what the gradients were multiplied by."""
    changes, slopes = named_arrays(updates), named_arrays(grads)
    return [
        np.percentile(-np.asarray(changes[name]) / np.asarray(slopes[name]), [5, 50, 95])
        for name in changes
    ]


def zeroed(tree):
    return jax.tree.map(lambda p: torch.nn.Parameter(torch.zeros(p.shape)), tree)


TORCH = {
    "adam": partial(torch.optim.Adam, betas=(0.0, BETA2)),
    "adam, fused": partial(torch.optim.Adam, betas=(0.0, BETA2), fused=True),
    "adam, a rate that is a tensor": partial(
        lambda params, lr, eps: torch.optim.Adam(
            params, lr=torch.tensor(lr), betas=(0.0, BETA2), eps=eps
        )
    ),
    "amsgrad": partial(torch.optim.Adam, betas=(0.0, BETA2), amsgrad=True),
    "adamw": partial(torch.optim.AdamW, betas=(0.0, BETA2), weight_decay=0.3),
    "nadam": partial(torch.optim.NAdam, betas=(0.0, BETA2)),
    "radam": partial(torch.optim.RAdam, betas=(0.0, BETA2)),
    "adamax": partial(torch.optim.Adamax, betas=(0.0, BETA2)),
    "rmsprop": partial(torch.optim.RMSprop, alpha=BETA2),
    "rmsprop, centred": partial(torch.optim.RMSprop, alpha=BETA2, centered=True),
    "adagrad": partial(torch.optim.Adagrad, lr_decay=0.1, initial_accumulator_value=1e-12),
}


@pytest.mark.parametrize("num_updates", [2, 3, 9])
@pytest.mark.parametrize("name", TORCH)
def test_torch_multiplies_the_gradient_by_the_effective_step_size(name, num_updates):
    params = zeroed(PARAMETERS)
    optimizer = TORCH[name](jax.tree.leaves(params), lr=RATE, eps=EPS)
    for step in range(num_updates):
        for p, g in zip(jax.tree.leaves(params), jax.tree.leaves(gradients(step)), strict=True):
            p.data.zero_()  # so that what is there afterwards is the update, to the last digit
            p.grad = torch.tensor(np.asarray(g))
        optimizer.step()
    found = step_sizes(optimizer, params=params)
    assert list(found.names) == NAMES
    changes = jax.tree.map(lambda p: p.detach().numpy(), params)
    assert found.percentiles.numpy() == pytest.approx(
        np.stack(expected(changes, gradients(num_updates - 1))), rel=2e-6
    )


OPTAX = {
    "adam": (optax.adam(RATE, b1=0.0, b2=BETA2, eps=EPS), NUMBERS),
    "adam, eps_root": (
        optax.adam(RATE, b1=0.0, b2=BETA2, eps=EPS, eps_root=1e-4),
        NUMBERS | {"eps_root": 1e-4},
    ),
    "adamw": (optax.adamw(RATE, b1=0.0, b2=BETA2, eps=EPS, weight_decay=0.3), NUMBERS),
    "nadam": (optax.nadam(RATE, b1=0.0, b2=BETA2, eps=EPS), NUMBERS),
    "radam": (optax.radam(RATE, b1=0.0, b2=BETA2, eps=EPS), NUMBERS | {"variant": "radam"}),
    "adamax": (optax.adamax(RATE, b1=0.0, b2=BETA2, eps=EPS), NUMBERS | {"variant": "adamax"}),
    "amsgrad": (optax.amsgrad(RATE, b1=0.0, b2=BETA2, eps=EPS), NUMBERS),
    "yogi": (optax.yogi(RATE, b1=0.0, b2=BETA2, eps=EPS), NUMBERS),
    "rmsprop": (optax.rmsprop(RATE, decay=BETA2, eps=EPS), {"eps": EPS}),
    "rmsprop, initial scale": (
        optax.rmsprop(RATE, decay=BETA2, eps=EPS, initial_scale=1.0),
        {"eps": EPS},
    ),
    "rmsprop, eps outside": (
        optax.rmsprop(RATE, decay=BETA2, eps=EPS, eps_in_sqrt=False),
        {"eps": EPS, "eps_in_sqrt": False},
    ),
    "rmsprop, corrected": (
        optax.rmsprop(RATE, decay=BETA2, eps=EPS, bias_correction=True),
        NUMBERS,
    ),
    "rmsprop, centred": (optax.rmsprop(RATE, decay=BETA2, eps=EPS, centered=True), {"eps": EPS}),
    "rmsprop, centred and corrected": (
        optax.rmsprop(
            RATE, decay=BETA2, eps=EPS, centered=True, bias_correction=True, eps_in_sqrt=False
        ),
        NUMBERS | {"eps_in_sqrt": False},
    ),
    "adagrad": (optax.adagrad(RATE, eps=EPS), {"eps": EPS}),
    "adagrad, from 0": (optax.adagrad(RATE, initial_accumulator_value=0.0, eps=EPS), {"eps": EPS}),
}


@pytest.mark.parametrize("num_updates", [2, 9])
@pytest.mark.parametrize("name", OPTAX)
def test_optax_multiplies_the_gradient_by_the_effective_step_size(name, num_updates):
    optimizer, numbers = OPTAX[name]
    state = optimizer.init(PARAMETERS)
    for step in range(num_updates):
        updates, state = optimizer.update(gradients(step), state, PARAMETERS)
    found = step_sizes(state, RATE, **numbers)
    assert list(found.names) == NAMES
    shown = np.stack(expected(updates, gradients(num_updates - 1)))
    # The variance of two gradients is the small difference of two numbers.
    rel = 1e-4 if "corrected" in name and "centred" in name else 2e-6
    assert np.asarray(found.percentiles) == pytest.approx(shown, rel=rel)


def test_numpy_s_states_have_the_same_figures():
    for name, (optimizer, numbers) in OPTAX.items():
        _, state = optimizer.update(gradients(0), optimizer.init(PARAMETERS), PARAMETERS)
        ours, theirs = (step_sizes(one, RATE, **numbers) for one in (jax.device_get(state), state))
        assert isinstance(ours.percentiles, np.ndarray)
        if name != "rmsprop, centred and corrected":
            assert ours.percentiles == pytest.approx(np.asarray(theirs.percentiles), rel=2e-5)
            assert ours.eps_shares == pytest.approx(np.asarray(theirs.eps_shares))
        assert ours.memory == pytest.approx(float(theirs.memory), rel=1e-4, nan_ok=True)


def test_adagrad_does_not_move_what_never_had_a_gradient():
    optimizer = optax.adagrad(RATE, initial_accumulator_value=0.0)
    nothing = {"w": jnp.zeros(4)}
    _, state = optimizer.update(nothing, optimizer.init(nothing))
    assert step_sizes(state, RATE, eps=1e-7).percentiles.tolist() == [[0.0, 0.0, 0.0]]


ADAM = partial(optax.adam, b2=BETA2, eps=EPS)
HALVES = {"dense": {"bias": "slow", "kernel": "fast"}, "scale": "fast"}
PLAN = Plan(
    Phase("all", 100, lr={"default": linear(0.5, 0.0), "slow": 1e-3}, beta2=BETA2, eps=EPS),
    groups=["slow"],
)

NESTED = {
    "chain": (
        optax.chain(
            optax.clip_by_global_norm(1e9),
            optax.scale_by_adam(b2=BETA2, eps=EPS),
            optax.add_decayed_weights(0.1),
            optax.scale_by_learning_rate(RATE),
        ),
        {"rate": RATE, **NUMBERS},
    ),
    "named chain": (
        optax.named_chain(("clip", optax.clip(1e9)), ("adam", ADAM(RATE))),
        {"rate": RATE, **NUMBERS},
    ),
    "inject_hyperparams": (
        optax.inject_hyperparams(optax.adam)(RATE, b2=BETA2, eps=EPS),
        {},
    ),
    "a scheduled rate": (
        optax.inject_hyperparams(optax.adam)(lambda _: RATE, b2=BETA2, eps=EPS),
        {},
    ),
    "masked": (optax.masked(ADAM(RATE), True), {"rate": RATE, **NUMBERS}),
    "if finite": (optax.apply_if_finite(ADAM(RATE), 3), {"rate": RATE, **NUMBERS}),
    "our own": (inject(PLAN["lr"].__mul__(RATE / 0.5), optax.adam, b2=BETA2, eps=EPS), NUMBERS),
}


@pytest.mark.parametrize("name", NESTED)
def test_a_second_moment_is_found_wherever_it_lies(name):
    optimizer, numbers = NESTED[name]
    plain = ADAM(RATE)
    _, state = optimizer.update(gradients(0), optimizer.init(PARAMETERS), PARAMETERS)
    _, expected_state = plain.update(gradients(0), plain.init(PARAMETERS))
    found, wanted = (
        step_sizes(state, **numbers),
        step_sizes(expected_state, RATE, **NUMBERS),
    )
    assert found.names == wanted.names == tuple(NAMES)
    assert np.asarray(found.percentiles) == pytest.approx(np.asarray(wanted.percentiles), rel=1e-6)
    assert float(found.memory) == pytest.approx(1 - BETA2)


def test_every_part_of_multi_transform_has_its_own_rate():
    parts = {"slow": ADAM(1e-3), "fast": ADAM(0.5)}
    given = optax.multi_transform(parts, HALVES)
    groups = jax.tree.map({"slow": "slow", "fast": "default"}.get, HALVES)
    ours = inject(PLAN, optax.adam, groups=groups)
    for optimizer, numbers in (
        (given, {"rate": {"slow": 1e-3, "fast": 0.5}, **NUMBERS}),
        (ours, {}),
    ):
        _, state = optimizer.update(gradients(0), optimizer.init(PARAMETERS), PARAMETERS)
        found = step_sizes(state, params=PARAMETERS, **numbers)
        assert list(found.names) == NAMES
        slopes = [np.median(np.abs(np.asarray(g))) for g in named_arrays(gradients(0)).values()]
        medians = np.asarray(found.percentiles)[:, 1] * (np.array(slopes) + EPS)
        assert medians.tolist() == pytest.approx([1e-3, 0.5, 0.5], rel=1e-2)
    with pytest.raises(TypeError, match="`rate` must be given for 'slow'"):
        step_sizes(given.init(PARAMETERS), {"fast": 0.5}, **NUMBERS)


def test_small_batches_that_are_gathered_keep_the_sizes_of_the_last_update():
    optimizer = optax.MultiSteps(ADAM(RATE), 2)
    state = optimizer.init(PARAMETERS)
    memories = []
    for step in range(4):
        _, state = optimizer.update(gradients(step), state)
        memories.append(float(step_sizes(state, RATE, **NUMBERS).memory) / (1 - BETA2))
    assert memories == pytest.approx([0, 1, 1, 2])


def test_masked_arrays_are_left_out():
    mask = {"dense": {"bias": False, "kernel": True}, "scale": False}
    optimizer = optax.masked(ADAM(RATE), mask)
    assert step_sizes(optimizer.init(PARAMETERS), RATE, **NUMBERS).names == ("dense/kernel",)
    nothing = jax.tree.map(lambda _: False, PARAMETERS)
    state = optax.chain(optax.masked(ADAM(RATE), nothing), optax.masked(ADAM(RATE), mask))
    found = step_sizes(state.init(PARAMETERS), RATE, **NUMBERS)
    assert found.names == ("dense/kernel",)


def test_it_may_be_called_inside_of_a_compiled_step_and_of_a_condition():
    register()
    optimizer = optax.chain(optax.clip(1e9), optax.scale_by_adam(b2=BETA2, eps=EPS))
    traces = []

    @jax.jit
    def update(state, grads, step, rate, beta2, eps):
        traces.append(1)
        _, state = optimizer.update(grads, state)
        find = partial(step_sizes, state, rate, beta2=beta2, eps=eps)
        nothing = jax.tree.map(jnp.zeros_like, jax.eval_shape(find))
        return state, jax.lax.cond(step % 2 == 0, find, lambda: nothing)

    state = optimizer.init(PARAMETERS)
    for step in range(4):
        state, found = update(state, gradients(step), step, RATE * step, BETA2, EPS)
        wanted = step_sizes(state, RATE * step, **NUMBERS)
        assert isinstance(found, StepSizes)
        assert found.names == tuple(NAMES)
        if step % 2 == 0:
            got, right = np.asarray(found.percentiles), np.asarray(wanted.percentiles)
            assert got == pytest.approx(right, rel=2e-6)
            assert float(found.memory) == pytest.approx(float(wanted.memory))
        else:
            assert not np.asarray(found.percentiles).any()
    assert len(traces) == 1


def test_every_optimizer_of_optax_can_be_measured_in_a_compiled_step():
    register()
    for name in ("radam", "adamax", "amsgrad", "rmsprop", "rmsprop, centred", "adagrad"):
        optimizer, numbers = OPTAX[name]
        _, state = optimizer.update(gradients(0), optimizer.init(PARAMETERS), PARAMETERS)
        compiled = jax.jit(partial(step_sizes, **numbers))(state, RATE)
        plain = step_sizes(state, RATE, **numbers)
        for field in ("percentiles", "eps_shares", "memory"):
            ours, theirs = (np.asarray(getattr(one, field)) for one in (compiled, plain))
            assert ours.dtype == theirs.dtype == np.float32
            assert ours == pytest.approx(theirs, rel=1e-5, nan_ok=True)


def test_a_summary_takes_them_in():
    optimizer = ADAM(RATE)

    @jax.jit
    def update(state, grads, look):
        updates, state = optimizer.update(grads, state)
        sizes = step_sizes(state, RATE, **NUMBERS)
        return state, summarize(PARAMETERS, grads, updates, step_sizes=sizes, look=look)

    state, summary = update(optimizer.init(PARAMETERS), gradients(0), True)
    sizes = step_sizes(state, RATE, **NUMBERS)
    assert summary.on_host().step_sizes.percentiles == pytest.approx(np.asarray(sizes.percentiles))


def model_with_an_update(optimizer):
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1), nn.Linear(2, 1))
    made = optimizer(model)
    for p in model[:2].parameters():
        p.grad = torch.full_like(p, 4.0)
    made.step()
    return model, made


def test_groups_of_torch_have_their_own_rates_and_numbers():
    model, optimizer = model_with_an_update(
        lambda model: torch.optim.AdamW(
            [
                {"params": model[0].parameters(), "lr": 0.1},
                {"params": model[1].parameters(), "lr": 0.02, "betas": (0.9, 0.5)},
                {"params": model[2].parameters()},
            ]
        )
    )
    found = step_sizes(optimizer, params=model)
    assert found.names == ("0/weight", "0/bias", "1/weight", "1/bias")  # 2 had no gradient
    assert (4 * found.percentiles[:, 1]).tolist() == pytest.approx([0.1, 0.1, 0.02, 0.02], rel=1e-5)
    assert found.memory == pytest.approx(0.001)
    assert step_sizes(optimizer).names == ("0/0", "0/1", "1/0", "1/1")
    assert step_sizes(optimizer, 0.05).percentiles[0, 1] * 2 == pytest.approx(
        found.percentiles[0, 1].item()
    )


def test_arrays_that_the_model_lacks_are_left_out():
    model, optimizer = model_with_an_update(lambda model: torch.optim.Adam(model.parameters()))
    assert step_sizes(optimizer, params=model[1]).names == ("weight", "bias")
    assert step_sizes(optimizer, params=nn.Linear(1, 1)).names == ()


def test_nothing_is_known_before_the_first_update():
    for make in (torch.optim.Adam, torch.optim.Adagrad):
        found = step_sizes(make(nn.Linear(2, 1).parameters(), lr=0.1))
        assert (found.names, found.memory, found.percentiles.shape) == ((), 0.0, (0, 3))
    found = step_sizes(ADAM(RATE).init(PARAMETERS), RATE, **NUMBERS)
    assert np.isnan(found.percentiles).all()
    assert found.memory == 0


def test_half_precision_and_complex_numbers_are_measured_in_full():
    for kind in (torch.bfloat16, torch.complex64):
        weight = nn.Parameter(torch.zeros(5, dtype=kind))
        optimizer = torch.optim.Adam([weight], lr=0.1)
        weight.grad = torch.full((5,), 2.0, dtype=kind)
        if kind.is_complex:
            weight.grad = weight.grad + 4j
        optimizer.step()
        found = step_sizes(optimizer)
        assert found.percentiles.dtype == torch.float32
        expected = [0.05, 0.05, 0.05] if not kind.is_complex else [0.025, 0.0375, 0.05]
        assert found.percentiles[0].tolist() == pytest.approx(expected, rel=4e-3)


def test_of_a_sharded_array_this_process_s_part_is_measured():
    from torch import distributed
    from torch.distributed import tensor

    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        mesh = distributed.device_mesh.init_device_mesh("cpu", (1,))
        weight = nn.Parameter(tensor.distribute_tensor(torch.zeros(5), mesh, [tensor.Shard(0)]))
        optimizer = torch.optim.Adam([weight], lr=0.1)
        weight.grad = tensor.distribute_tensor(torch.full((5,), 2.0), mesh, [tensor.Shard(0)])
        optimizer.step()
        found = step_sizes(optimizer)
    finally:
        distributed.destroy_process_group()
    assert type(found.percentiles) is torch.Tensor
    assert found.percentiles[0].tolist() == pytest.approx([0.05] * 3)


def test_eps_is_the_larger_part_where_it_more_than_doubles_the_divisor():
    slopes = np.array([0.0, 1e-9, 0.9e-6, 1.1e-6, 1.0], np.float32)
    weight = nn.Parameter(torch.zeros(5))
    weight.grad = torch.tensor(slopes)
    ours = torch.optim.Adam([weight], eps=1e-6)
    ours.step()
    assert step_sizes(ours).eps_shares.tolist() == pytest.approx([0.6])
    theirs = optax.adam(RATE, eps=1e-6)
    _, state = theirs.update(jnp.asarray(slopes), theirs.init(jnp.zeros(5)))
    found = step_sizes(state, RATE, beta2=0.999, eps=1e-6)
    assert (found.names, found.eps_shares.tolist()) == (("",), pytest.approx([0.6]))
    root = optax.rmsprop(RATE, decay=0.0, eps=3e-12)  # sqrt(g^2 + eps) > 2 |g|: |g| < 1e-6
    _, state = root.update(jnp.asarray(slopes), root.init(jnp.zeros(5)))
    assert step_sizes(state, RATE, eps=3e-12).eps_shares.tolist() == pytest.approx([0.6])


@pytest.mark.parametrize(
    ("state", "numbers", "memory"),
    [
        (optax.adam(RATE), {"beta2": 0.9}, 0.1),
        (optax.rmsprop(RATE), {}, math.nan),
        (optax.rmsprop(RATE), {"beta2": 0.9, "count": 5}, 0.5),
        (optax.adagrad(RATE), {}, math.inf),
        (optax.inject_hyperparams(optax.rmsprop)(RATE, decay=0.8), {}, 0.2),
        (optax.chain(optax.masked(optax.adagrad(RATE), {"a": True, "b": False}),
                     optax.masked(optax.adam(RATE), {"a": False, "b": True})), {"beta2": 0.7}, 0.3),
    ],
)  # fmt: skip
def test_memory_is_what_was_seen_over_what_is_remembered(state, numbers, memory):
    params = {"a": jnp.ones(2), "b": jnp.ones(3)}
    _, state = state.update(params, state.init(params))
    found = step_sizes(state, RATE, **({"eps": EPS} | numbers))
    assert float(found.memory) == pytest.approx(memory, nan_ok=True)


def test_torch_s_memory_is_that_of_the_group_that_has_seen_the_least():
    first, second, frozen = (nn.Parameter(torch.ones(2)) for _ in range(3))
    optimizer = torch.optim.RMSprop([first, frozen], alpha=0.9)
    for _ in range(10):
        first.grad = torch.ones(2)
        optimizer.step()
    assert step_sizes(optimizer).memory == pytest.approx(1.0)
    optimizer.add_param_group({"params": [second]})
    frozen.grad = torch.ones(2)  # one late array in a group says nothing of the group
    optimizer.step()
    assert step_sizes(optimizer).memory == pytest.approx(1.1)
    second.grad = torch.ones(2)
    optimizer.step()
    assert step_sizes(optimizer).memory == pytest.approx(0.1)
    adagrad = torch.optim.Adagrad([first])
    adagrad.step()
    assert step_sizes(adagrad).memory == math.inf


def test_a_few_elements_stand_for_all_and_every_column_is_met():
    assert len(sampled(np.zeros(MOST))) == MOST
    for size in (MOST + 1, 3 * MOST, 100_001):
        assert MOST / 3 < len(sampled(np.zeros(size))) <= MOST
    columns = sampled(np.tile(np.arange(64, dtype=np.float32), (1024, 1)))
    assert set(columns.tolist()) == set(range(64))
    many = np.arange(9_999, dtype=np.float32)
    assert sampled(jnp.asarray(many)).tolist() == sampled(torch.tensor(many)).tolist()


def test_wrappers_around_an_optimizer_of_torch_are_taken_off():
    class Wrapper(torch.optim.Optimizer):
        def __init__(self, inner):
            self.optimizer, self.param_groups, self.defaults = inner, inner.param_groups, {}

    _, optimizer = model_with_an_update(lambda model: torch.optim.Adam(model.parameters()))
    assert step_sizes(Wrapper(Wrapper(optimizer))).names == ("0/0", "0/1", "0/2", "0/3")


@pytest.mark.parametrize(
    ("optimizer", "numbers", "message"),
    [
        (torch.optim.SGD([nn.Parameter(torch.ones(1))]), {}, "SGD is no optimizer whose second"),
        (torch.optim.SparseAdam([nn.Parameter(torch.ones(1))]), {}, "SparseAdam .* Adam, AdamW"),
        (torch.optim.LBFGS([nn.Parameter(torch.ones(1))]), {}, "LBFGS is no optimizer"),
        (torch.optim.Adam([nn.Parameter(torch.ones(1))]), {"eps": 1.0}, "its `eps` itself"),
        (torch.optim.Adam([nn.Parameter(torch.ones(1))]), {"variant": "radam"}, "its `variant`"),
        (optax.sgd(0.1).init(PARAMETERS), {}, "expected an optimizer of torch or a state of optax"),
        (optax.lion(0.1).init(PARAMETERS), {}, "known are ScaleByAdamState"),
        (nn.Linear(1, 1), {}, "got Linear"),
        (ADAM(RATE).init(PARAMETERS), NUMBERS, "`rate` must be given: this state"),
        (ADAM(RATE).init(PARAMETERS), {"rate": 0.1, "eps": 0.0}, "`beta2` must be given.*0.999"),
        (ADAM(RATE).init(PARAMETERS), {"rate": 0.1, "beta2": 0.9}, "`eps` must be given.*1e-8"),
        (ADAM(RATE).init(PARAMETERS), NUMBERS | {"rate": "0.1"}, "`rate` must be a number"),
    ],
)
def test_what_is_not_known_is_refused_by_name(optimizer, numbers, message):
    with pytest.raises(TypeError, match=message):
        step_sizes(optimizer, **numbers)


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"beta2": 1.0}, "`beta2` must be at least 0 and below 1, got 1.0"),
        ({"eps": -1.0}, "`eps` must be at least 0, got -1.0"),
        ({"rate": math.nan}, "`rate` must be a finite number"),
        ({"variant": "lion"}, "`variant` must be one of adam, radam, adamax, got 'lion'"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(numbers, message):
    with pytest.raises(ValueError, match=message):
        step_sizes(ADAM(RATE).init(PARAMETERS), **({"rate": RATE} | NUMBERS | numbers))


def test_two_second_moments_of_one_array_are_refused():
    state = optax.chain(ADAM(RATE), ADAM(RATE)).init(PARAMETERS)
    with pytest.raises(ValueError, match="'dense/bias' has two second moments"):
        step_sizes(state, RATE, **NUMBERS)
    assert step_sizes(state[0], RATE, **NUMBERS).names == tuple(NAMES)
