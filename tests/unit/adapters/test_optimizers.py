"""The table of optimizers against the frameworks' own signatures, and what is made from it."""

import inspect
import re
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from torch import nn

from glidepath import Optimizer
from glidepath.adapters.optax.optimizer import MADE, factory_of
from glidepath.adapters.optimizers import TABLE
from glidepath.plan.algorithms import ALGORITHMS

PAGE = Path(__file__).parents[3] / "docs" / "optimizers.md"
PARAMETERS = ("params", "self")
HOW_NOT_WHAT = {
    *("foreach", "fused", "capturable", "differentiable", "maximize", "fsdp_in_use"),
    *("accumulator_dtype", "mu_dtype", "dtype_momentum", "state_dtype"),
}
"""Arguments that say how something is computed, or in what type, or turn it round."""

NEWER = {"decoupled_weight_decay", "adam_learning_rate", "muon_weight_dimension_numbers",
         "consistent_rms", "preconditioning"}  # fmt: skip
"""Which not every version has that we take; they are at what the formulas say."""

IN_THE_PLAN = {"warmup_steps"}
"""What a plan says itself; optax's default is None."""

OURS_ALONE = {("momentum", "momentum"), ("nesterov", "momentum"), ("adafactor", "eps")}
"""Defaults that no framework has: an optimizer called momentum has one, and torch's Adafactor has
an eps for each type of number."""

ADDED = {"sgd": {"weight_decay", "mask"}, "momentum": {"weight_decay", "mask"},
         "nesterov": {"weight_decay", "mask"}, "schedule_free_adamw": {"mask"},
         "schedule_free_sgd": {"mask"}, "prodigy": {"b1", "b2"}}  # fmt: skip
"""Arguments of what we put around optax's own."""

MEANS_NONE = {"adjust_lr_fn": None}
"""Of torch's Muon: None is "original"."""

BOTH = [
    pytest.param(name, peer, id=peer.path)
    for name, row in TABLE.items()
    for peer in (row.torch, row.optax)
    if peer is not None
]


def signature(peer):
    return inspect.signature(peer.load()).parameters


def default_of(peer, argument):
    """The framework's own default, or "" if it has no such argument."""
    name, _, which = argument.partition(".")
    parameter = signature(peer).get(name)
    if parameter is None or parameter.default is parameter.empty:
        return ""
    return parameter.default[int(which)] if which else parameter.default


def test_the_table_has_every_optimizer_that_a_plan_can_name():
    assert list(TABLE) == list(ALGORITHMS)


@pytest.mark.parametrize(("name", "peer"), BOTH)
def test_every_constant_has_its_argument(name, peer):
    constants = {"lr", *ALGORITHMS[name].constants} - {"clip", "decays"}
    assert set(peer.arguments) - {"decays"} == constants
    has_mask = "optax" in peer.path and "decays" in ALGORITHMS[name].constants
    assert ("decays" in peer.arguments) == (has_mask and name != "prodigy")


@pytest.mark.parametrize(("name", "peer"), BOTH)
def test_every_argument_exists_and_none_is_left_to_its_default(name, peer):
    added = ADDED.get(name, set()) if "optax" in peer.path else set()
    given = {one.partition(".")[0] for one in (*peer.arguments.values(), *peer.fixed)}
    if added >= {"b1", "b2"}:
        given.add("betas")
    known = set(signature(peer)) - {*PARAMETERS}
    assert given - known == added
    assert known - given <= HOW_NOT_WHAT | NEWER | IN_THE_PLAN


@pytest.mark.parametrize("name", TABLE)
def test_defaults_are_torch_s_or_else_optax_s(name):
    row = TABLE[name]
    peer = row.torch or row.optax
    for constant_name, one in ALGORITHMS[name].constants.items():
        if constant_name in ("clip", "decays"):
            continue
        theirs = default_of(peer, peer.arguments[constant_name])
        assert ((name, constant_name) in OURS_ALONE) == (theirs != one.default)


def as_text(value):
    """A default as it stands on the page."""
    if isinstance(value, float) and value < 1e-3 and value:
        return re.sub(r"e-0", "e-", f"{value:g}")
    return f"{value:g}" if isinstance(value, float) else str(value)


def differing_defaults():
    """(optimizer, argument, torch's default, optax's, what plans have), where they differ."""
    for name, row in TABLE.items():
        if row.torch is None:
            continue
        for one in ALGORITHMS[name].constants.values():
            if one.name in row.torch.arguments:
                named = [(peer, peer.arguments[one.name]) for peer in (row.torch, row.optax)]
                defaults = [default_of(*pair) for pair in named]
                if "betas" in signature(row.optax) and one.name in ("beta1", "beta2"):
                    defaults[1] = signature(row.optax)["betas"].default[one.name == "beta2"]
                yield from differing(name, one.name, defaults, one.default)
        for argument in sorted({*row.torch.fixed, *row.optax.fixed}):
            peers = [peer if argument in peer.fixed else None for peer in (row.torch, row.optax)]
            defaults = ["" if peer is None else default_of(peer, argument) for peer in peers]
            value = next(peer.fixed[argument] for peer in peers if peer is not None)
            yield from differing(name, argument, defaults, value)


def differing(name, what, defaults, ours):
    same = {"", ours, MEANS_NONE.get(what)} | ({None} if ours == 0 else set())
    if not same.issuperset(defaults):
        yield name, what, *(as_text(one) for one in (*defaults, ours))


def rows_of(heading):
    """The cells of the table below a heading of the page, without backticks."""
    text = PAGE.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [
        tuple(cell.strip().replace("`", "") for cell in line[1:-1].split("|")) for line in lines
    ]


def test_the_page_lists_exactly_the_defaults_that_differ():
    assert rows_of("Where the frameworks' defaults differ") == list(differing_defaults())


def test_the_page_lists_exactly_the_ways_in_which_the_two_differ():
    expected = [(name, row.differs) for name, row in TABLE.items() if row.differs]
    assert rows_of("Where torch and optax differ") == expected


def test_the_page_has_every_optimizer_with_its_constants_and_its_formula():
    expected = []
    for name, row in TABLE.items():
        constants = [
            f"{one.name}={as_text(one.default)}"
            for one in ALGORITHMS[name].constants.values()
            if one.name not in ("clip", "decays")
        ]
        torchs = row.torch.path if row.torch is not None else ""
        expected.append((name, ", ".join(constants), torchs, row.optax.path))
    assert rows_of("Names") == expected
    formulas = [(n, a.maths, a.source) for n, a in ALGORITHMS.items()]
    assert rows_of("What one update does") == formulas


def test_what_the_page_says_of_decay_is_so():
    for name in ("adam", "adagrad", "rmsprop"):
        assert "weight_decay" in signature(TABLE[name].torch)
        assert "weight_decay" not in signature(TABLE[name].optax)
    parameters, gradients = jnp.ones(3), jnp.zeros(3)
    alone = optax.adafactor(0.01, weight_decay_rate=0.5)
    ours = factory_of(Optimizer("adafactor", weight_decay=0.5))(lr=0.01)
    for made, decayed in ((alone, 0.5), (ours, 0.005)):
        updates, _ = made.update(gradients, made.init(parameters), parameters)
        assert np.asarray(updates) == pytest.approx(-decayed)
    weights = nn.Parameter(torch.ones(3))
    weights.grad = torch.zeros(3)
    torch.optim.Adafactor([weights], lr=0.01, weight_decay=0.5).step()
    assert weights.detach().numpy() == pytest.approx(1 - 0.005)


@pytest.mark.parametrize("name", TABLE)
def test_a_factory_takes_traced_numbers_for_all_that_a_plan_may_change(name):
    factory = factory_of(Optimizer(name))
    settings = Optimizer(name).settings()
    changing = [one for one in ("lr", "weight_decay", "momentum", "beta1", "beta2", "eps")
                if one in factory.arguments]  # fmt: skip
    values = {one: jnp.float32(settings.get(one) or 0.01) for one in changing}
    parameters = {"matrix": jnp.ones((2, 3)), "vector": jnp.ones(2)}
    gradients = jax.tree.map(lambda one: one * 0.5, parameters)

    def update(values):
        made = factory(**values)
        return made.update(gradients, made.init(parameters), parameters)[0]

    compiled, plain = jax.jit(update)(values), update({n: float(v) for n, v in values.items()})
    for one in parameters:
        assert np.abs(plain[one]).max() > 0
        assert np.asarray(compiled[one]) == pytest.approx(np.asarray(plain[one]), rel=1e-5)


def test_a_factory_passes_on_what_is_given_and_what_is_fixed():
    factory = factory_of(Optimizer("rmsprop", eps=1e-3))
    assert factory.constants == {
        "initial_scale": 0.0, "eps_in_sqrt": False, "centered": False, "nesterov": False,
        "bias_correction": False, "decay": 0.99, "eps": 1e-3,
    }  # fmt: skip
    assert factory.arguments == {
        "lr": "learning_rate", "beta2": "decay", "eps": "eps", "momentum": "momentum"
    }  # fmt: skip
    assert factory_of(Optimizer("adamw")).make is optax.adamw
    assert set(MADE) == {name for name, row in TABLE.items() if row.optax.around}


def test_matrices_alone_decay_by_a_mask_where_optax_takes_one():
    parameters = {"matrix": jnp.ones((2, 3)), "vector": jnp.ones(2)}
    gradients = jax.tree.map(jnp.zeros_like, parameters)
    for name, algorithm in ALGORITHMS.items():
        if "decays" not in algorithm.constants or name == "prodigy":
            continue
        made = factory_of(Optimizer(name, weight_decay=0.5, decays="matrices"))(lr=0.1)
        updates, _ = made.update(gradients, made.init(parameters), parameters)
        assert np.abs(updates["matrix"]).min() > 0.001, name
        assert np.asarray(updates["vector"]) == pytest.approx(0.0), name
    with pytest.raises(ValueError, match=r"optax's prodigy takes no mask .* leave decays='matric"):
        factory_of(Optimizer("prodigy", decays="matrices"))


def test_a_missing_package_is_named_with_the_extra_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "schedulefree", None)
    with pytest.raises(ModuleNotFoundError, match=r"`schedulefree`: pip install 'glidepath\[optim"):
        TABLE["schedule_free_sgd"].torch.load()


def test_a_version_that_is_too_old_is_told(monkeypatch):
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(ValueError, match=r"torch.optim.Muon came with torch 2.9, and this is 2\.1"):
        TABLE["muon"].torch.load()
