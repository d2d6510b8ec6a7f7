"""The optimizer that a plan names: what it may be, where it stands, and that it stays."""

import json
import pickle
import re

import jsonschema
import pytest

from glidepath import (
    Event,
    Horizon,
    Optimizer,
    Phase,
    Plan,
    constant,
    linear,
    plateau,
    presets,
)
from glidepath.plan import files
from glidepath.plan.algorithms import ALGORITHMS
from glidepath.plan.files import PlanFileError
from glidepath.plan.files.format import schema
from glidepath.plan.optimizer import OPTIMIZERS_OWN
from glidepath.plan.optimizer_constants import Choice
from glidepath.plan.quantities import QUANTITIES

ADAMW = Optimizer("adamw", weight_decay=0.1, beta2=0.95, clip=1, decays="matrices")
PLAN = Plan(Phase("a", 10, lr=linear(1.0, 0.0)), optimizer=ADAMW)
TEXT = """\
[optimizer]
name = "adamw"
beta2 = 0.95
clip = 1.0
decays = "matrices"
weight_decay = 0.1

[[phase]]
name = "a"
for = 10
lr = { shape = "linear", from = 1.0, to = 0.0 }
"""


def test_it_keeps_what_is_given_and_knows_the_rest():
    assert ADAMW.constants == (
        ("beta2", 0.95), ("clip", 1.0), ("decays", "matrices"), ("weight_decay", 0.1)
    )  # fmt: skip
    assert ADAMW.settings() == {
        "beta1": 0.9,
        "beta2": 0.95,
        "clip": 1.0,
        "decays": "matrices",
        "eps": 1e-8,
        "weight_decay": 0.1,
    }
    assert (ADAMW["beta1"], ADAMW["beta2"]) == (0.9, 0.95)
    assert Optimizer("sgd")["clip"] is None
    with pytest.raises(KeyError, match="momentum"):
        ADAMW["momentum"]


def test_it_is_a_value():
    again = Optimizer("adamw", decays="matrices", clip=1.0, beta2=0.95, weight_decay=0.1)
    assert again == ADAMW
    assert hash(again) == hash(ADAMW)
    assert pickle.loads(pickle.dumps(ADAMW)) == ADAMW
    assert eval(repr(ADAMW)) == ADAMW
    assert Optimizer("adamw") != Optimizer("adamw", beta2=0.95) != Optimizer("adam", beta2=0.95)
    with pytest.raises(AttributeError):
        ADAMW.name = "adam"


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_algorithm_says_what_it_does_and_has_constants_that_are_their_own_defaults(name):
    algorithm = ALGORITHMS[name]
    assert algorithm.name == name
    assert re.search(r"p -= |p = |adam", algorithm.maths)
    assert re.search(r"\b(19|20)\d\d\b", algorithm.source)
    for constant_name, one in algorithm.constants.items():
        assert one.name == constant_name
        assert one.meaning
        if one.default is not None:
            assert one.check(one.default) == one.default
            assert Optimizer(name, **{constant_name: one.default})[constant_name] == one.default
    assert ("weight_decay" in algorithm.constants) == ("decays" in algorithm.constants)
    assert ("weight_decay" in algorithm.constants) != bool(algorithm.instead)


def test_constants_are_quantities_or_belong_to_one_algorithm():
    own = [n for row in ALGORITHMS.values() for n in row.constants if n not in QUANTITIES]
    assert {"initial_accumulator", "d0", "d_coef", "safeguard_warmup", "decays"} == set(own)
    assert set(OPTIMIZERS_OWN) <= set(QUANTITIES)
    assert set(OPTIMIZERS_OWN) == {
        n for row in ALGORITHMS.values() for n in row.constants if n in QUANTITIES and n != "clip"
    }


@pytest.mark.parametrize(
    ("name", "constants", "message"),
    [
        ("AdamW", {}, r"`AdamW` is no optimizer that is known here: did you mean `adamw`\?"),
        ("adafacter", {}, r"did you mean `adafactor`\?"),
        ("shampoo", {}, "known are adafactor, adagrad, adam, adamw, lamb, lion, momentum, muon"),
        ("adamw", {"beta3": 0.9}, r"`adamw` has no `beta3`: did you mean `beta2`\?"),
        ("adamw", {"momentum": 0.9}, "`adamw` has no `momentum`: known are beta1, beta2, clip"),
        ("adamw", {"lr": 0.1}, r"`lr` is the plan's, no constant of its optimizer: Plan\("),
        ("adam", {"weight_decay": 0.1}, "`adam` has no `weight_decay`: use `adamw`"),
        ("rmsprop", {"weight_decay": 0.1}, "`rmsprop` has no `weight_decay`: torch would add it"),
        ("sgd", {"momentum": 0.9}, "`sgd` has no `momentum`: known are clip, decays, weight_decay"),
        ("adamw", {"beta2": 1.0}, r"`beta2` must be at least 0 and below 1, got 1$"),
        ("adamw", {"beta2": -0.1}, r"`beta2` must be at least 0 and below 1, got -0.1$"),
        ("adamw", {"eps": float("nan")}, "`eps` must be a finite number, got nan"),
        ("adamw", {"clip": 0}, r"`clip` must be above 0, got 0$"),
        ("nesterov", {"momentum": 0}, r"`momentum` must be above 0 and below 1, got 0$"),
        ("adamw", {"decays": "biases"}, r"`decays` must be one of 'all', 'matrices', got 'biases'"),
        ("adamw", {"decays": "matrix"}, r"did you mean `matrices`\?"),
        ("prodigy", {"safeguard_warmup": 1}, "`safeguard_warmup` must be one of False, True, got"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(name, constants, message):
    with pytest.raises(ValueError, match=message):
        Optimizer(name, **constants)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Optimizer(3), 'an optimizer\'s name is a text such as "adamw", got 3'),
        (lambda: Optimizer("adamw", beta2="0.9"), r"`beta2` must be a number, got '0.9'$"),
        (lambda: Optimizer("adamw", beta2=True), r"`beta2` must be a number, got True$"),
        (
            lambda: Optimizer("adamw", beta2=linear(0, 1)),
            r"`beta2` must be a number, got linear.*; what changes is the plan's: "
            r"Plan\(\.\.\., beta2=\.\.\.\)",
        ),
        (
            lambda: Plan(Phase("a", 1, lr=1.0), optimizer=dict),
            r'`optimizer` must be such as Optimizer\("adamw", beta2=0.95\), or a name, got <class',
        ),
    ],
)
def test_what_is_of_another_type_is_refused(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_a_plan_takes_an_optimizer_or_its_name():
    phase = Phase("a", 10, lr=1.0)
    assert Plan(phase).optimizer is None
    assert Plan(phase, optimizer="lion") == Plan(phase, optimizer=Optimizer("lion"))
    assert Plan(phase, optimizer="lion") != Plan(phase)
    assert PLAN.optimizer is ADAMW
    with pytest.raises(ValueError, match=r"did you mean `lion`\?"):
        Plan(phase, optimizer="lino")


def test_a_number_is_given_once():
    for where in ({"beta2": 0.9}, {"beta2": {"head": 0.9}, "groups": ["head"]}, {"clip": 2.0}):
        with pytest.raises(ValueError, match=r"and a quantity of the plan: give it once"):
            Plan(Phase("a", 10, lr=1.0), optimizer=ADAMW, **where)
    with pytest.raises(ValueError, match="`weight_decay` is a constant of the optimizer and"):
        Plan(Phase("a", 10, lr=1.0, weight_decay=0.1), optimizer=ADAMW)
    plan = Plan(Phase("a", 10, lr=1.0, eps=1e-6), beta1=linear(0, 0.9), optimizer=ADAMW)
    assert plan.at(5).values == {"beta1": 0.45, "eps": 1e-6, "lr": 1.0}


def test_a_quantity_that_the_optimizer_has_no_use_for_is_refused():
    for name, quantity in [("sgd", "momentum"), ("adamw", "momentum"), ("lion", "eps"),
                           ("momentum", "beta1"), ("rmsprop", "beta1")]:  # fmt: skip
        with pytest.raises(ValueError, match=f"`{name}` has no `{quantity}`: "):
            Plan(Phase("a", 10, lr=1.0), optimizer=name, **{quantity: 0.5})
    with pytest.raises(ValueError, match="`adam` has no `weight_decay`: use `adamw`"):
        Plan(Phase("a", 10, lr=1.0, weight_decay=0.1), optimizer="adam")
    others = {"rollout": 2, "dropout": 0.1, "clip": 1.0}
    assert Plan(Phase("a", 10, lr=1.0), optimizer="sgd", **others).at(0).values == {
        **others, "lr": 1.0
    }  # fmt: skip


def test_it_stands_in_files_as_a_table_of_its_own():
    assert files.loads(TEXT) == PLAN
    assert PLAN.as_table()["optimizer"] == {
        "name": "adamw", "beta2": 0.95, "clip": 1.0, "decays": "matrices", "weight_decay": 0.1
    }  # fmt: skip
    assert "[optimizer]\nname = " in files.dumps(PLAN)
    assert files.loads(TEXT.replace("[optimizer]", "# none").split("\n\n", 1)[1]).optimizer is None
    inline = 'optimizer = { name = "adamw", beta2 = 0.95 }\n' + TEXT.split("\n\n", 1)[1]
    assert files.loads(inline).optimizer == Optimizer("adamw", beta2=0.95)
    for kind in files.FORMATS:
        assert files.loads(files.dumps(PLAN, kind=kind), kind=kind) == PLAN
    assert "# largest global norm" in files.dumps(PLAN, comments=["mine"])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"adamw"', '"adamv"', r"line 2: `optimizer.name`: `adamv` is no optimizer"),
        ('"adamw"', "3", r"line 2: `optimizer.name`: an optimizer's name is a text"),
        ('name = "adamw"\n', "", r"line 1: `optimizer`: expected a table such as"),
        ('"adamw"', '"adam"', r"line 5: `optimizer.decays`: `adam` has no `decays`"),
        ("beta2 = 0.95", "beta3 = 0.95", r"line 3: `optimizer.beta3`: .*did you mean `beta2`\?"),
        ("beta2 = 0.95", "betas = [0.9, 0.95]", r"line 3: `optimizer.betas`: .*they are `beta1`"),
        ("beta2 = 0.95", 'beta2 = "0.95"', r"line 3: `optimizer.beta2`: .* must be a number"),
        ("beta2 = 0.95", "beta2 = nan", r"line 3: `optimizer.beta2`: .* a finite number, got nan"),
        ("beta2 = 0.95", "beta2 = true", r"line 3: `optimizer.beta2`: .* a number, got True"),
        ("beta2 = 0.95", "beta2 = 1.5", r"line 3: `optimizer.beta2`: .* below 1, got 1.5"),
        ('"matrices"', '"none"', r"line 5: `optimizer.decays`: `decays` must be one of"),
        ("[optimizer]", "[optimiser]", r"line 1: `optimiser`: unknown key; did you mean `optimize"),
        ("for = 10", "for = 10\nclip = 2.0", r"line 4: `optimizer.clip`: .*: give it once"),
        ("for = 10", "for = 10\nmomentum = 0.9", r"line 2: `optimizer.name`: .* has no `momentum`"),
        ('name = "a"', 'name = "a"\noptimizer = 1', r"line 10: `phase.0.optimizer`: unknown key"),
    ],
)
def test_a_file_with_a_bad_optimizer_is_refused_with_its_line(old, new, message):
    assert old in TEXT
    with pytest.raises(PlanFileError, match=r"^p\.toml, " + message):
        files.loads(TEXT.replace(old, new, 1), where="p.toml")


def test_a_name_alone_is_no_table():
    rest = TEXT.split("\n\n", 1)[1]
    with pytest.raises(PlanFileError, match=r'line 1: .*such as \{ name = "adamw".*got \'adamw\''):
        files.loads('optimizer = "adamw"\n' + rest)


VALIDATOR = jsonschema.Draft202012Validator(schema())


def in_json(optimizer):
    return {"optimizer": optimizer, "phase": [{"name": "a", "for": 3, "lr": 1.0}]}


@pytest.mark.parametrize("name", ALGORITHMS)
def test_the_schema_knows_every_optimizer_with_its_constants(name):
    given = {n: one.default for n, one in ALGORITHMS[name].constants.items() if n != "clip"}
    table = in_json({"name": name, "clip": 1.5, **given})
    VALIDATOR.validate(table)
    assert files.loads(json.dumps(table), kind="json").optimizer == Optimizer(
        name, clip=1.5, **given
    )
    assert schema()["$defs"][name]["description"] == ALGORITHMS[name].maths


@pytest.mark.parametrize(
    "optimizer",
    [
        "adamw",
        {"beta1": 0.9},
        {"name": "adamv"},
        {"name": "adam", "weight_decay": 0.1},
        {"name": "adamw", "beta1": 1.0},
        {"name": "adamw", "beta1": -1},
        {"name": "adamw", "beta1": "0.9"},
        {"name": "adamw", "clip": 0},
        {"name": "adamw", "decays": "biases"},
        {"name": "prodigy", "safeguard_warmup": 1},
    ],
)
def test_what_we_refuse_the_schema_refuses(optimizer):
    table = in_json(optimizer)
    assert not VALIDATOR.is_valid(table)
    with pytest.raises(PlanFileError, match="optimizer"):
        files.loads(json.dumps(table), kind="json")


def test_no_quantity_and_no_group_is_called_optimizer():
    for what in ("quantities", "groups"):
        with pytest.raises(ValueError, match=f"one of the `{what}` can't be called 'optimizer'"):
            Plan(Phase("a", 10, lr=1.0), **{what: ["optimizer"]})


def test_fingerprints_differ_by_it_and_are_what_they_were_without():
    assert presets.graphcast().fingerprint == GRAPHCAST
    phase = Phase("a", 10, lr=linear(1.0, 0.0))
    plans = [
        Plan(phase),
        PLAN,
        Plan(phase, optimizer="adamw"),
        Plan(phase, optimizer="adam"),
        Plan(phase, optimizer=Optimizer("adamw", beta2=0.95)),
    ]
    assert len({plan.fingerprint for plan in plans}) == len(plans)
    same = Plan(phase, optimizer=Optimizer("adamw", clip=1))
    assert same.fingerprint == Plan(phase, optimizer=Optimizer("adamw", clip=1.0)).fingerprint


GRAPHCAST = "703ed5a688988179"
"""From before plans could name an optimizer."""


def test_a_plan_that_is_changed_keeps_it():
    longer = PLAN.extend(Phase("b", 5, lr=0.1))
    branched = PLAN.branch(5, Phase("b", 5, lr=linear(0.5, 0.0)))
    assert longer.optimizer == branched.optimizer == ADAMW
    assert pickle.loads(pickle.dumps(longer)) == longer
    listening = Plan(
        Phase("a", 10, lr=1.0, until=plateau("loss", patience=1)),
        Phase("b", 10, lr=constant(0.5)),
        horizon=Horizon(samples=10, batch=1),
        optimizer="lion",
    )
    heard = listening.with_events([Event(3, "ends", "a")])
    assert heard.optimizer == Optimizer("lion")
    listener = listening.listen()
    for step in (1, 2, 3):
        listener.hear(step, {"loss": 1.0})
    assert listener.plan.events
    assert listener.plan.optimizer == Optimizer("lion")


def test_a_plan_explains_its_optimizer_in_one_line():
    last = PLAN.explain(3).splitlines()[-1]
    assert last == (
        "optimizer = adamw, beta2 = 0.95, clip = 1.0, decays = matrices, weight_decay = 0.1"
    )
    assert "optimizer" not in Plan(Phase("a", 10, lr=1.0)).explain(3)


def test_words_are_kept_as_words_and_numbers_as_floats():
    for algorithm in ALGORITHMS.values():
        for one in algorithm.constants.values():
            if isinstance(one, Choice):
                assert [one.check(choice) for choice in one.choices] == list(one.choices)
            else:
                assert type(one.check(0.5)) is float
    assert Optimizer("prodigy", d_coef=2).constants == (("d_coef", 2.0),)
