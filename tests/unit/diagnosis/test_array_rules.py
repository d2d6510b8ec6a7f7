"""When the rules that look at arrays speak, what they say, and when they must not."""

from functools import cache

import numpy as np
import optax
import pytest
import torch
from torch import nn

from glidepath import Phase, Plan
from glidepath.adapters.torch import record_updates
from glidepath.diagnosis.depth import in_depth_order, profiles
from glidepath.diagnosis.rules import (
    clipping,
    dead_units,
    exploding_gradients,
    never_moved,
    no_gradient,
    nonfinite,
    rate_too_low,
    vanishing_gradients,
)
from glidepath.record import History, Recorder
from glidepath.record.lines import read
from tests.diagnosis import array_runs
from tests.diagnosis.array_runs import images, patients, plan_of, torch_run

RULES = {
    module.RULE.code: module.RULE
    for module in (
        clipping,
        dead_units,
        exploding_gradients,
        never_moved,
        no_gradient,
        nonfinite,
        rate_too_low,
        vanishing_gradients,
    )
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The history of one of the ill runs."""

    @cache
    def trained(name):
        directory = tmp_path_factory.mktemp("run") / "run"
        array_runs.RUNS[name][0](directory)
        return History.open(directory)

    return trained


def find(history):
    return [finding for rule in RULES.values() for finding in rule.find(history)]


def only(history, code):
    (finding,) = RULES[code].find(history)
    return finding


def updates(num, **columns):
    """Lines of updates, whose figures are lists or constants."""
    return [
        {"kind": "update", "step": i}
        | {name: of[i] if isinstance(of, list) else of for name, of in columns.items()}
        for i in range(num)
    ]


@pytest.mark.parametrize("name", array_runs.RUNS)
def test_every_ill_run_is_found_by_its_rule_and_by_no_other_of_these(name, run):
    assert {finding.code for finding in find(run(name))} == array_runs.RUNS[name][1] & set(RULES)


CAUSES = {
    "torch, no optimizer.step()": ("update-never-applied", "error", 4),
    "torch, optimizer of a copy": ("optimizer-holds-others", "error", 4),
    "torch, new head not held": ("optimizer-holds-others", "warning", 2),
    "torch, rate of 0": ("rate-is-zero", "error", 4),
    "torch, head in a list": ("frozen", "error", 2),
    "torch, scales in bfloat16": ("rounded-away", "warning", 1),
    "JAX, result thrown away": ("result-thrown-away", "error", 4),
    "JAX, rate of 0": ("rate-is-zero", "error", 4),
    "JAX, inverted mask": ("zero-updates", "warning", 2),
    "Keras, result thrown away": ("result-thrown-away", "error", 4),
    "Keras, no update": ("update-never-applied", "error", 4),
}


@pytest.mark.parametrize("name", CAUSES)
def test_what_stands_still_is_named_with_its_cause(name, run):
    cause, level, num_arrays = CAUSES[name]
    finding = only(run(name), "never-moved")
    assert (finding.evidence["cause"], finding.level) == (cause, level)
    assert len(finding.arrays) == num_arrays
    assert finding.arrays[0] in finding.what
    assert finding.sure == ("certain" if level == "error" else "likely")


def test_it_is_found_out_at_the_second_look(tmp_path):
    array_runs.no_step(tmp_path)
    lines = list(read(tmp_path / "record.jsonl"))
    at = next(i for i, line in enumerate(lines) if line["kind"] == "layers" and line["step"] == 10)
    assert find(History(lines[:at])) == []
    finding = only(History(lines[: at + 1]), "never-moved")
    assert (finding.level, finding.sure) == ("error", "likely")
    assert finding.evidence["num_updates"] == 9


def regression(directory, model, optimizer, **arguments):
    loss = nn.functional.mse_loss
    torch_run(directory, model, plan_of(0.1, 120), patients(120), loss,
              optimizer=optimizer, **arguments)  # fmt: skip
    return History.open(directory)


def test_a_frozen_backbone_is_silent(tmp_path):
    model = array_runs.regression()
    model[0].requires_grad_(False)
    assert find(regression(tmp_path, model, torch.optim.SGD(model.parameters(), lr=1.0))) == []


def test_a_head_that_begins_at_zero_is_silent(tmp_path):
    model = array_runs.regression()
    nn.init.zeros_(model[2].weight)
    assert find(regression(tmp_path, model, torch.optim.SGD(model.parameters(), lr=1.0))) == []


def test_a_group_whose_rate_is_zero_at_first_is_silent(tmp_path):
    model = array_runs.regression()
    groups = [{"params": model[0].parameters()}, {"params": model[2].parameters()}]
    optimizer = torch.optim.SGD(groups, lr=0.0)
    with Recorder(tmp_path) as recorder:
        record_updates(optimizer, recorder, model)
        for step, (inputs, targets) in enumerate(patients(120)):
            rates = (0.0 if step < 110 else 0.01), 0.01
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate
            loss = (model(torch.tensor(inputs)) - torch.tensor(targets)).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            told = {"lr.backbone": rates[0], "lr": rates[1]}
            recorder.log(step, loss=loss, samples=64, **told)
    assert find(History.open(tmp_path)) == []


def test_a_bias_before_batch_normalisation_is_silent(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 1))
    history = regression(tmp_path, model, torch.optim.SGD(model.parameters(), lr=1.0))
    assert find(history) == []


def test_gradients_that_optax_gathers_are_silent(tmp_path):
    optimizer = optax.MultiSteps(optax.sgd(0.1), 16)
    array_runs.jax_run(tmp_path, optimizer, lambda step: 0.1)
    history = History.open(tmp_path)
    assert find(history) == []
    lines = list(read(tmp_path / "record.jsonl"))
    early = next(i for i, one in enumerate(lines) if one["kind"] == "layers" and one["step"] == 10)
    assert [one.sure for one in find(History(lines[: early + 1]))] == ["likely"]


def test_arrays_that_are_known_to_be_idle_are_silent(tmp_path):
    params = {name: np.ones(3, np.float32) for name in ("used", "too", "also", "idle")}
    grads = params | {"idle": np.zeros(3, np.float32)}
    for told in (["idle"], []):
        with Recorder(tmp_path / str(len(told))) as recorder:
            recorder.describe(0, params, idle=told)
            for step in range(120):
                recorder.log(step, 1.0, lr=0.1, grads=grads,
                             params={name: one - step for name, one in params.items()})  # fmt: skip
    assert find(History.open(tmp_path / "1")) == []
    finding = only(History.open(tmp_path / "0"), "no-gradient")
    assert (finding.level, finding.arrays) == ("note", ("idle",))


@pytest.mark.parametrize("ill", ["detached", "dead from the start"])
def test_half_a_network_without_a_gradient_is_a_warning(tmp_path, ill):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 1))
    if ill == "dead from the start":
        nn.init.constant_(model[0].bias, -100.0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    with Recorder(tmp_path) as recorder:
        record_updates(optimizer, recorder, model)
        for step in range(120):
            x = torch.randn(16, 8)
            hidden = model[1](model[0](x))
            output = model[2](hidden.detach() if ill == "detached" else hidden)
            loss = (output[:, 0] - x[:, 0]).square().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            recorder.log(step, loss)
    (finding,) = (one for one in find(History.open(tmp_path)) if one.code == "no-gradient")
    assert (finding.level, finding.sure) == ("warning", "certain")
    assert {"0/weight", "0/bias"} <= set(finding.arrays)
    assert finding.evidence["share_of_elements"] > 0.8


def test_one_large_array_without_a_gradient_is_a_warning(tmp_path):
    params = {name: np.ones(3, np.float32) for name in "abcd"} | {"table": np.ones(99, np.float32)}
    grads = params | {"table": np.zeros(99, np.float32)}
    with Recorder(tmp_path) as recorder:
        for step in range(120):
            moved = {name: one - step for name, one in params.items()}
            recorder.log(step, 1.0, params=moved, grads=grads, lr=0.1)
    assert only(History.open(tmp_path), "no-gradient").level == "warning"


def test_updates_that_were_all_skipped_are_no_sign(tmp_path):
    params = {"w": np.ones(3, np.float32)}
    with Recorder(tmp_path) as recorder:
        for step in range(120):
            recorder.log(step, 1.0, params=params, grads=params, lr=0.1, skipped=True)
    assert find(History.open(tmp_path)) == []


def test_gradients_that_are_zero_everywhere_are_an_error(tmp_path):
    params = {"w": np.ones(3, np.float32)}
    with Recorder(tmp_path) as recorder:
        for step in range(120):
            recorder.log(step, 1.0, params=params, grads={"w": np.zeros(3, np.float32)}, lr=0.1)
    (finding,) = find(History.open(tmp_path))
    assert (finding.code, finding.level, finding.sure) == ("no-gradient", "error", "likely")


HEALTHY = {
    "12 layers of ReLU": (12, nn.ReLU, 2**0.5),
    "20 layers of tanh": (20, nn.Tanh, 1.0),
    "8 layers as torch makes them": (8, nn.ReLU, None),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_deep_networks_with_a_good_initialisation_are_silent(name, tmp_path):
    model = array_runs.classifier(*HEALTHY[name])
    adam = torch.optim.Adam(model.parameters())
    torch_run(tmp_path, model, plan_of(1e-3, 120), images(120), nn.functional.cross_entropy,
              optimizer=adam)  # fmt: skip
    history = History.open(tmp_path)
    assert find(history) == []
    for profile in profiles(history):
        ratios = profile.ratios()
        assert np.nanmin(ratios, initial=1.0) > 5e-3
        assert np.nanmax(ratios, initial=1.0) < 10
    gradients, parameters = history.column("gradient_norm"), history.column("parameter_norm")
    assert np.nanmax(gradients * parameters / history.column("loss")) < 1e3


def test_the_layers_that_hardly_learn_are_named(run):
    finding = only(run("deep sigmoids"), "vanishing-gradients")
    assert finding.arrays == ("0/weight", "2/weight", "4/weight")
    assert finding.evidence["ratio"] < 1e-5
    assert finding.evidence["num_looks"] == 3
    sizes = list(finding.evidence["relative_gradients"].values())
    assert sizes == sorted(sizes)


def test_gradients_that_grow_backwards_and_those_out_of_proportion_are_told_apart(run):
    by_depth = only(run("deep and steep tanh"), "exploding-gradients")
    assert by_depth.evidence["ratio"] > 100
    assert "0/weight" in by_depth.arrays
    by_size = only(run("recurrent cliffs"), "exploding-gradients")
    assert max(by_size.evidence["sizes"]) > 1e6
    assert by_size.step == 0
    assert by_size.arrays[0].startswith("0/")


def test_a_loss_that_is_nearly_zero_explodes_nothing():
    fitted = updates(50, loss=[1.0, *[1e-9] * 49], gradient_norm=1e-2, parameter_norm=100.0)
    assert find(History(fitted)) == []
    cliff = updates(
        50, loss=1.0, gradient_norm=[1.0] * 20 + [2e4] + [1.0] * 29, parameter_norm=10.0
    )
    finding = only(History(cliff), "exploding-gradients")
    assert (finding.step, finding.evidence["sizes"]) == (20, [2e5])


def layers(names, gradients, norms=None, shape=(4, 4)):
    """Three looks at the same arrays."""
    norms = norms or [1.0] * len(names)
    about = {name: {"shape": list(shape)} for name in names}
    found = {
        name: {"gradient_norm": gradient, "norm": norm}
        for name, gradient, norm in zip(names, gradients, norms, strict=True)
    }
    yield {"kind": "model", "step": 0, "arrays": about}
    for step in (0, 10, 100):
        yield {"kind": "layers", "step": step, "arrays": found}


STEPS = [10.0**-power for power in range(10)]


def test_the_order_of_sorted_names_without_numbers_means_nothing():
    torch_like = [f"{name}/weight" for name in "zyxwvutsrq"]
    assert only(History(layers(torch_like, STEPS)), "exploding-gradients")
    assert find(History(layers(sorted(torch_like), STEPS))) == []
    assert in_depth_order(sorted(torch_like)) is None


def test_numbers_in_sorted_names_are_read_as_numbers():
    names = sorted(f"block_{i}/w" for i in range(12))
    assert [names[i] for i in in_depth_order(names)] == [f"block_{i}/w" for i in range(12)]


def test_a_branch_with_a_small_scale_has_no_trend_with_depth():
    gradients = [1.0, *[1e-6, 1.3e-6, 0.9e-6, 1.1e-6, 0.8e-6, 1.2e-6, 1e-6, 1.05e-6], 1.0]
    assert find(History(layers([f"b{i}" for i in range(10)], gradients))) == []


def test_the_share_of_dead_units_and_when_they_died_are_told(run):
    finding = only(run("dead ReLUs"), "dead-units")
    assert finding.arrays == ("0/bias",)
    assert finding.evidence["shares"]["0/bias"] >= 0.75
    assert (finding.step, finding.sure) == (10, "likely")


def looks_with_zeros(bias, weight, **about):
    zeros = {"layer/bias": bias, "layer/weight": weight, "table/weight": 0.99}
    arrays = {"layer/bias": {"shape": [8]} | about, "layer/weight": {"shape": [8, 3]},
              "table/weight": {"shape": [50, 3]}}  # fmt: skip
    yield {"kind": "model", "step": 0, "arrays": arrays}
    for step in (0, 10, 100, 200):
        found = {
            name: {"gradient_zeros": zero, "gradient_norm": 1.0} for name, zero in zeros.items()
        }
        yield {"kind": "layers", "step": step, "arrays": found}


@pytest.mark.parametrize(
    ("lines", "num_found"),
    [
        (looks_with_zeros(0.8, 0.8), 1),
        (looks_with_zeros(0.7, 0.7), 0),
        (looks_with_zeros(1.0, 0.0), 0),  # as an attention's keys
        (looks_with_zeros(0.8, 0.8, trainable=False), 0),
        (looks_with_zeros(0.8, 0.8, idle=True), 0),
    ],
)
def test_biases_are_dead_where_their_weights_are_and_tables_never(lines, num_found):
    assert len(list(RULES["dead-units"].find(History(lines)))) == num_found


def test_a_batch_of_one_sample_says_nothing_about_units():
    lines = list(looks_with_zeros(0.9, 0.9))
    assert find(History([*lines, *updates(5, samples=1)])) == []
    assert [one.sure for one in find(History([*lines, *updates(5, samples=64)]))] == ["likely"]
    assert [one.sure for one in find(History(lines))] == ["possible"]


def norms(values, clip=None, header=None, num=200):
    lines = [{"kind": "run", "schema": 1} | (header or {})]
    told = {} if clip is None else {"clip": clip}
    return History([*lines, *updates(num, gradient_norm=values, loss=1.0, **told)])


ALTERNATING = [1.5, 3.0] * 100


@pytest.mark.parametrize(
    ("history", "level"),
    [
        (norms(ALTERNATING, clip=1.0), "note"),
        (norms(ALTERNATING, clip=0.1), "warning"),
        (norms(ALTERNATING, clip=2.0), None),
        (norms([9.0] * 100 + [0.5] * 100, clip=1.0), None),  # in the warm-up alone
        (norms(ALTERNATING, header={"configuration": {"max_grad_norm": 1.0}}), "note"),
        (norms(ALTERNATING, header={"configuration": {"max_grad_norm": 0}}), None),
        (norms([1.0, 0.9999999] * 100), "note"),  # the norm was recorded after it was clipped
        (norms([1.0, 1.2] * 100), None),
        (norms(ALTERNATING, clip=1.0, num=99), None),
    ],
)
def test_a_clip_that_acts_on_nearly_all_updates_is_found(history, level):
    assert [one.level for one in RULES["clips-most-updates"].find(history)] == [level] * bool(level)


def test_the_clip_of_a_plans_optimizer_is_known(tmp_path):
    from glidepath.plan.optimizer import Optimizer

    plan = Plan(Phase("training", 200, lr=0.1), optimizer=Optimizer("adamw", clip=0.5))
    with Recorder(tmp_path, plan) as recorder:
        for step, norm in enumerate(ALTERNATING):
            recorder.log(step, 1.0, gradient_norm=norm)
    finding = only(History.open(tmp_path), "clips-most-updates")
    assert finding.evidence == {
        "share": 1.0, "clip": 0.5, "median_norm_over_clip": 4.5, "num_norms": 100
    }  # fmt: skip


SOURCES = {
    "a measurement is missing": ("data", ("inputs",), "sample 17"),
    "logarithm of 0": ("derivative", None, "the parameters were finite"),
    "overflow after divergence": ("divergence", (), "the loss was inf"),
}


@pytest.mark.parametrize("name", SOURCES)
def test_where_the_first_number_that_is_none_came_from_is_told(name, run):
    source, arrays, words = SOURCES[name]
    finding = only(run(name), "not-finite")
    assert finding.evidence["source"] == source
    assert words in finding.what
    assert arrays is None or finding.arrays == arrays


def broken(loss, step=5, **line):
    losses = [2.0, 1.9, 1.8, 1.7, 1.6, loss]
    nonfinite = {"kind": "nonfinite", "step": step} | line
    return [*updates(6, loss=losses, parameter_norm=[1.0] * 6), nonfinite]


@pytest.mark.parametrize(
    ("lines", "source"),
    [
        (broken("nan"), "loss"),
        (broken("inf"), "loss"),
        (broken(1.5, gradients=["w"]), "derivative"),
        (broken("nan", parameters=["w"], gradients=["w"]), "parameters"),
        (broken("nan", batch=["x"], parameters=["w"]), "data"),
        ([*broken("nan")[:5], {"kind": "update", "step": 5, "loss": "nan"}, broken("nan")[-1]],
         "unseen"),
    ],
)  # fmt: skip
def test_the_sources_are_told_apart_by_what_was_finite(lines, source):
    finding = only(History(lines), "not-finite")
    assert (finding.evidence["source"], finding.level, finding.step) == (source, "error", 5)


def test_a_run_that_skipped_such_updates_and_went_on_is_a_warning():
    later = [{"kind": "update", "step": 6, "loss": 1.5, "parameter_norm": 1.0}]
    finding = only(History(broken("inf", policy="skip") + later), "not-finite")
    assert finding.level == "warning"
    assert finding.evidence["policy"] == "skip"
    assert "later updates were finite again" in finding.what


def scaled(skipped, num=300, **figures):
    """A run with a gradient scaler, whose updates at some steps were left out."""
    lines = updates(num, loss=1.0, parameter_norm=1.0)
    broken = []
    for step in skipped:
        lines[step] |= {"skipped": True, "gradient_norm": "inf"} | figures
        broken.append({"kind": "nonfinite", "step": step, "gradients": ["w"]})
    return History([*lines, *broken])


@pytest.mark.parametrize("skipped", [range(1), range(16), (100, 101, 250)])
def test_a_scaler_that_finds_its_scale_is_no_finding(skipped):
    assert find(scaled(skipped)) == []


@pytest.mark.parametrize(
    ("skipped", "figures", "level"),
    [(range(17), {}, "warning"), (range(200, 300), {}, "error"),
     (range(0, 300, 9), {}, "warning"), (range(5, 6), {"loss": "nan"}, "warning")],
)  # fmt: skip
def test_a_scaler_that_finds_no_scale_is_told_of(skipped, figures, level):
    finding = only(scaled(skipped, **figures), "not-finite")
    assert (finding.level, finding.step) == (level, skipped[0])
    assert finding.evidence["num_skipped"] == len(skipped)


@pytest.mark.parametrize(
    ("losses", "rates", "ratio", "num_found"),
    [
        (np.linspace(3, 2, 400), 1e-4, 5e-5, 1),
        (np.linspace(3, 2, 400), 1e-4, 2e-4, 0),
        (2 + np.exp(-np.arange(400) / 40), 1e-4, 5e-5, 0),  # has arrived
        (np.linspace(2, 3, 400), 1e-4, 5e-5, 0),
        (3 + np.random.default_rng(0).normal(0, 1, 400), 1e-4, 5e-5, 0),
        # Small at the end of a decay alone.
        (np.linspace(3, 2, 400), [1e-3] * 200 + [1e-5] * 200, [1e-3] * 200 + [1e-6] * 200, 0),
    ],
)
def test_a_rate_is_too_low_where_the_loss_still_falls_and_steps_are_tiny(
    losses, rates, ratio, num_found
):
    lines = updates(400, loss=losses.tolist(), lr=rates, update_ratio=ratio)
    found = list(RULES["rate-too-low"].find(History(lines)))
    assert len(found) == num_found
    assert all(one.evidence["update_ratio"] == 5e-5 for one in found)


def test_records_without_arrays_norms_or_anything_are_silent():
    assert find(History()) == []
    assert find(History(updates(300, loss=1.0))) == []
    assert find(History(updates(300, loss=1.0, lr=0.1, gradient_norm=0.0))) == []
