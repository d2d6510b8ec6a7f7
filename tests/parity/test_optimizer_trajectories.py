"""Optimizers by name: torch and optax from the same start, with the same gradients, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch

from glidepath import Optimizer, Phase, Plan, cosine, inverse_sqrt, linear
from glidepath.adapters.optax.optimizer import factory_of
from glidepath.adapters.optimizers import TABLE
from glidepath.adapters.torch.optimizer import make_optimizer
from glidepath.adapters.torch.scheduler import PlanScheduler

UPDATES = 50
SHAPES = {"matrix": (4, 3), "wide": (3, 5), "vector": (5,), "scalar": (1,)}


def seeded(seed=0):
    """Parameters, and a gradient for each at each update, some of them 0."""
    random = np.random.default_rng(seed)
    start = {name: random.normal(size=shape) for name, shape in SHAPES.items()}
    gradients = {
        name: random.normal(size=(UPDATES, *shape)) + start[name] for name, shape in SHAPES.items()
    }
    gradients["vector"][:, 2] = 0.0
    gradients["matrix"][:10, 1, 1] = 0.0
    return start, gradients


def plan_of(optimizer, peak=None, **values):
    """A warm-up and a decay of the rate, and whatever else changes."""
    if peak is None:
        peak = 1.0 if optimizer.name == "prodigy" else 1e-2
    return Plan(
        Phase("warm-up", 10, at="end", lr=linear(0.0, peak)),
        Phase("decay", UPDATES - 10, lr=cosine(peak, peak / 10)),
        optimizer=optimizer,
        **values,
    )


def torch_path(plan, start, gradients, only=tuple(SHAPES)):
    """The parameters after each update, [updates, ...], in float64."""
    parameters = {name: torch.nn.Parameter(torch.tensor(start[name])) for name in only}
    optimizer = make_optimizer(plan, parameters.items())
    path = {name: [] for name in only}
    for step in range(UPDATES):
        follow(plan, optimizer, step)
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(gradients[name][step])
        optimizer.step()
        for name, parameter in parameters.items():
            path[name].append(parameter.detach().numpy().copy())
    return {name: np.array(values) for name, values in path.items()}


def follow(plan, optimizer, step):
    for group in optimizer.param_groups:
        for name, value in plan.at(step).values.items():
            if name in ("beta1", "beta2") and "betas" in group:
                pair = list(group["betas"])
                pair[name == "beta2"] = value
                group["betas"] = tuple(pair)
            else:
                group["alpha" if name == "beta2" else name] = value


def optax_path(plan, start, gradients, only=tuple(SHAPES)):
    """The same in optax: the factory is called in compiled code with the plan's numbers there."""
    factory = factory_of(plan.optimizer)

    def made(step):
        values = {name: plan[name](step) for name in plan.names}
        clip = values.pop("clip", plan.optimizer["clip"])
        first = optax.identity() if clip is None else optax.clip_by_global_norm(clip)
        return optax.chain(first, factory(**values))

    def update(carry, inputs):
        parameters, state = carry
        step, gradient = inputs
        changes, state = made(step).update(gradient, state, parameters)
        parameters = optax.apply_updates(parameters, changes)
        return (parameters, state), parameters

    with jax.enable_x64(True):
        parameters = {name: jnp.asarray(start[name]) for name in only}
        given = {name: jnp.asarray(gradients[name]) for name in only}
        carry = (parameters, made(0).init(parameters))
        _, path = jax.jit(lambda c, g: jax.lax.scan(update, c, (jnp.arange(UPDATES), g)))(
            carry, given
        )
        return jax.tree.map(np.asarray, path)


def largest_gap(plan, start, gradients, only=tuple(SHAPES)):
    """Of all parameters after any update, relative to how far they have gone from the start."""
    paths = [path(plan, start, gradients, only) for path in (torch_path, optax_path)]
    return gap_of(*paths, start)


def gap_of(ours, theirs, start):
    assert ours.keys() == theirs.keys()
    far = max(np.abs(ours[name] - start[name]).max() for name in ours)
    assert far > 1e-4
    return max(np.abs(ours[name] - theirs[name]).max() for name in ours) / far


SAME = [
    Optimizer("sgd"),
    Optimizer("sgd", weight_decay=0.1, clip=1.0),
    Optimizer("sgd", weight_decay=0.1, decays="matrices"),
    Optimizer("momentum"),
    Optimizer("momentum", momentum=0.99, weight_decay=0.05, clip=3.0, decays="matrices"),
    Optimizer("nesterov"),
    Optimizer("nesterov", momentum=0.5, weight_decay=0.05),
    Optimizer("adagrad"),
    Optimizer("adagrad", initial_accumulator=0.1, clip=2.0),
    Optimizer("rmsprop"),
    Optimizer("rmsprop", beta2=0.9, eps=0.1, momentum=0.9),
    Optimizer("adam"),
    Optimizer("adam", beta1=0.0, beta2=0.5, eps=1.0, clip=1.0),
    Optimizer("adamw"),
    Optimizer("adamw", beta2=0.95, eps=1e-3, weight_decay=1.0, clip=1.0, decays="matrices"),
    Optimizer("schedule_free_adamw"),
    Optimizer("schedule_free_adamw", beta1=0.95, weight_decay=0.1, decays="matrices"),
    Optimizer("schedule_free_sgd"),
    Optimizer("schedule_free_sgd", momentum=0.98, weight_decay=0.1, clip=2.0, decays="matrices"),
    Optimizer("prodigy"),
    Optimizer("prodigy", beta1=0.5, weight_decay=0.1, d0=1e-3, d_coef=2.0),
    Optimizer("prodigy", safeguard_warmup=True, d0=1e-2, clip=1.0),
]
UNLIKE = ("adafactor", "muon")
"""Which both have, and which are not the same algorithm; what differs is tested below."""


@pytest.mark.parametrize("optimizer", SAME, ids=str)
def test_torch_and_optax_go_the_same_way(optimizer):
    # What remains of adagrad's eps, which stands at another place, is below 1e-10 a gradient.
    assert largest_gap(plan_of(optimizer), *seeded()) < (
        1e-9 if "adagrad" in str(optimizer) else 1e-10
    )


def test_every_optimizer_that_both_have_is_compared_or_said_to_differ():
    both = {name for name, row in TABLE.items() if row.torch is not None}
    assert {optimizer.name for optimizer in SAME} == both - {*UNLIKE}
    differ = {name for name, row in TABLE.items() if row.differs}
    assert differ == {*UNLIKE, "adagrad", "prodigy"}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("momentum", {"momentum": linear(0.5, 0.99), "weight_decay": cosine(0.1, 0.0)}),
        ("rmsprop", {"beta2": linear(0.9, 0.99), "eps": linear(1e-8, 1e-2), "momentum": 0.9}),
        ("adamw", {"beta1": linear(0.5, 0.99), "beta2": 0.9, "weight_decay": cosine(0.1, 0.0)}),
        ("schedule_free_adamw", {"weight_decay": cosine(0.1, 0.0)}),
        ("prodigy", {"weight_decay": cosine(0.1, 0.0), "eps": linear(1e-8, 1e-6)}),
    ],
)
def test_they_go_the_same_way_where_more_than_the_rate_follows_the_plan(name, values):
    assert largest_gap(plan_of(Optimizer(name), **values), *seeded(1)) < 1e-10


def test_the_rates_are_really_those_of_the_plan():
    start, gradients = seeded()
    for path in (torch_path, optax_path):
        plan = plan_of(Optimizer("sgd"))
        steps = np.diff(
            path(plan, start, gradients)["matrix"], axis=0, prepend=start["matrix"][None]
        )
        rates = plan["lr"](np.arange(UPDATES))[:, None, None]
        assert steps == pytest.approx(-rates * gradients["matrix"], rel=1e-9, abs=1e-15)


def test_adagrad_has_its_eps_beside_the_root_in_torch_and_inside_in_optax():
    plan = Plan(Phase("a", UPDATES, lr=0.1), optimizer=Optimizer("adagrad", eps=0.5))
    start, gradients = seeded()
    first = {}
    for path in (torch_path, optax_path):
        first[path] = path(plan, start, gradients)["wide"][0] - start["wide"]
    g = gradients["wide"][0]
    assert first[torch_path] == pytest.approx(-0.1 * g / (np.abs(g) + 0.5), rel=1e-12)
    assert first[optax_path] == pytest.approx(-0.1 * g / np.sqrt(g**2 + 0.25), rel=1e-12)
    apart = first[optax_path] / first[torch_path] - 1
    assert (apart > 0).all()
    assert (apart < 0.5 / np.abs(g)).all()


def alone(transformation, start, gradients):
    """The path of one parameter with an optimizer of optax as it is."""
    with jax.enable_x64(True):
        parameters, path = jnp.asarray(start), []
        state = transformation.init(parameters)
        for gradient in gradients:
            changes, state = transformation.update(jnp.asarray(gradient), state, parameters)
            parameters = optax.apply_updates(parameters, changes)
            path.append(np.asarray(parameters))
    return np.array(path)


def test_rmsprop_of_optax_alone_remembers_old_rates_in_its_momentum():
    start, gradients = seeded()
    plan = plan_of(Optimizer("rmsprop", momentum=0.9))
    ours = optax_path(plan, start, gradients, ("matrix",))
    rmsprop = optax.rmsprop(plan["lr"], decay=0.99, eps=1e-8, eps_in_sqrt=False, momentum=0.9)
    theirs = alone(rmsprop, start["matrix"], gradients["matrix"])
    assert ours["matrix"][0] == pytest.approx(theirs[0], rel=1e-12)
    assert gap_of(ours, {"matrix": theirs}, start) > 0.05


ADAFACTOR = [Optimizer("adafactor"), Optimizer("adafactor", weight_decay=0.1, decays="matrices")]


@pytest.mark.parametrize("optimizer", ADAFACTOR, ids=str)
def test_adafactor_is_the_same_below_the_cap_on_its_rate(optimizer):
    # Not to 1e-10: optax takes t^-0.8 in float32 whatever the parameters are.
    assert largest_gap(plan_of(optimizer, peak=0.1), *seeded()) < 1e-6


def test_adafactor_of_torch_caps_its_rate_and_that_of_optax_does_not():
    start, gradients = seeded()
    plan = Plan(Phase("a", UPDATES, lr=0.5), optimizer="adafactor")
    capped = Plan(
        Phase("a", 4, lr=0.5),
        Phase("b", UPDATES - 4, lr=inverse_sqrt(1 / np.sqrt(5), timescale=5)),
        optimizer="adafactor",
    )
    assert [capped["lr"](step) for step in (3, 4, 40)] == pytest.approx([0.5, 5**-0.5, 41**-0.5])
    torchs, optaxs = torch_path(plan, start, gradients), optax_path(plan, start, gradients)
    assert gap_of(torchs, optaxs, start) > 0.1
    assert gap_of(torchs, optax_path(capped, start, gradients), start) < 1e-5


def test_adafactor_s_eps_is_a_lower_bound_in_torch_and_an_addition_in_optax():
    start, _ = seeded()
    gradients = {name: np.full((UPDATES, *shape), 1e-3) for name, shape in SHAPES.items()}
    plan = plan_of(Optimizer("adafactor", eps=1e-3))
    ours, theirs = (path(plan, start, gradients) for path in (torch_path, optax_path))
    moved = [np.abs(path["vector"][0] - start["vector"]) for path in (ours, theirs)]
    assert moved[1] == pytest.approx(moved[0] / np.sqrt(2), rel=1e-5)


MATRICES = ("matrix", "wide")


def turned(arrays):
    return {name: np.swapaxes(arrays[name], -1, -2) for name in MATRICES}


def muon_changes(path, start):
    """Each update's change of each matrix, [updates, rows, columns]."""
    return {name: np.diff(path[name], axis=0, prepend=start[name][None]) for name in MATRICES}


def test_muon_has_outputs_first_in_torch_and_last_in_optax():
    start, gradients = seeded()
    plan = Plan(Phase("a", UPDATES, lr=0.01), optimizer=Optimizer("muon", weight_decay=0.0))
    torchs = muon_changes(torch_path(plan, start, gradients, MATRICES), start)
    optaxs = muon_changes(optax_path(plan, start, gradients, MATRICES), start)
    there = optax_path(plan, turned(start), turned(gradients), MATRICES)
    like_torch = muon_changes(turned(there), start)
    for name, scale in (("matrix", np.sqrt(4 / 3)), ("wide", np.sqrt(3 / 5))):
        size = {id(one): np.linalg.norm(one[name][0]) for one in (torchs, optaxs, like_torch)}
        assert size[id(torchs)] / size[id(optaxs)] == pytest.approx(scale, rel=0.02)
        apart = np.linalg.norm(torchs[name] - like_torch[name], axis=(1, 2))
        apart /= np.linalg.norm(torchs[name], axis=(1, 2))
        # bfloat16 is all that the first update differs by; then comes the correction for bias.
        assert 1e-3 < apart[0] < 0.02
        assert apart[1] > 0.05
        assert apart[20:].mean() < 0.02


def test_muon_takes_matrices_alone_in_torch_and_gives_adam_the_rest_in_optax():
    start, gradients = seeded()
    muon = plan_of(Optimizer("muon"))
    with pytest.raises(ValueError, match="Muon takes matrices alone"):
        torch_path(muon, start, gradients)
    rest = optax_path(muon, start, gradients)["vector"]
    nadam = alone(optax.nadam(muon["lr"], eps=1e-7), start["vector"], gradients["vector"])
    assert rest == pytest.approx(nadam, rel=1e-10)


@pytest.mark.parametrize("safeguard", [False, True])
def test_prodigy_waits_in_torch_and_breaks_in_optax_where_the_first_rate_is_0(safeguard):
    start, gradients = seeded()
    plan = Plan(
        Phase("warm-up", 10, lr=linear(0.0, 1.0)),
        Phase("rest", UPDATES - 10, lr=1.0),
        optimizer=Optimizer("prodigy", d0=1e-2, safeguard_warmup=safeguard),
    )
    torchs, optaxs = torch_path(plan, start, gradients), optax_path(plan, start, gradients)
    np.testing.assert_array_equal(torchs["matrix"][0], start["matrix"])
    assert np.abs(torchs["matrix"][-1] - start["matrix"]).max() > 0.01
    assert np.isnan(optaxs["matrix"]).all() != safeguard


def lion(plan, start, gradients):
    """The formula of the table, in NumPy."""
    p, m, path = start.copy(), np.zeros_like(start), []
    beta1, beta2, decay = (plan.optimizer[name] for name in ("beta1", "beta2", "weight_decay"))
    for step, g in enumerate(gradients):
        u = np.sign(beta1 * m + (1 - beta1) * g)
        p = p - plan["lr"](step) * (u + decay * p)
        m = beta2 * m + (1 - beta2) * g
        path.append(p)
    return np.array(path)


def lamb(plan, start, gradients):
    """The formula of the table, in NumPy."""
    p, m, v, path = start.copy(), np.zeros_like(start), np.zeros_like(start), []
    beta1, beta2, decay = (plan.optimizer[name] for name in ("beta1", "beta2", "weight_decay"))
    for step, g in enumerate(gradients):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
        root = np.sqrt(v / (1 - beta2 ** (step + 1)))
        u = m / (1 - beta1 ** (step + 1)) / (root + plan.optimizer["eps"]) + decay * p
        p = p - plan["lr"](step) * u * np.linalg.norm(p) / np.linalg.norm(u)
        path.append(p)
    return np.array(path)


@pytest.mark.parametrize("formula", [lion, lamb])
def test_what_optax_alone_has_is_what_its_formula_says(formula):
    start, gradients = seeded()
    plan = plan_of(Optimizer(formula.__name__, weight_decay=0.1))
    assert TABLE[formula.__name__].torch is None
    path = optax_path(plan, start, gradients)
    for name in SHAPES:
        expected = formula(plan, start[name], gradients[name])
        assert path[name] == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_a_plan_scheduler_drives_what_the_optimizer_was_made_with():
    start, gradients = seeded()
    optimizer = Optimizer("adamw", beta2=0.95, decays="matrices")
    plan = plan_of(optimizer, clip=linear(0.5, 2.0), weight_decay=cosine(1.0, 0.0), beta1=0.8)
    parameters = {name: torch.nn.Parameter(torch.tensor(start[name])) for name in SHAPES}
    made = make_optimizer(plan, parameters.items())
    scheduler = PlanScheduler(made, plan)
    for step in range(UPDATES):
        for name, parameter in parameters.items():
            parameter.grad = torch.tensor(gradients[name][step])
        made.step()
        scheduler.step()
    expected = optax_path(plan, start, gradients)
    for name, parameter in parameters.items():
        assert parameter.detach().numpy() == pytest.approx(expected[name][-1], rel=1e-10)
