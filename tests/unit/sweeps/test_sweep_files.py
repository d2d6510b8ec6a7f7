"""A sweep's file: what it can say, and what is wrong with one."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from glidepath import Phase, Plan, cosine, linear, presets, save
from glidepath.plan import files
from glidepath.sweeps.checking import between, checked_points, corners
from glidepath.sweeps.domains import Choices, Range
from glidepath.sweeps.file import SweepFileError, SweepTable, load
from glidepath.sweeps.graphcast import GraphCastTrainer, asked
from glidepath.sweeps.keys import Keys
from tests.unit.sweeps.small_sweep import TEXT

KEYS = Keys(varied=("batch", "seed", "model.latent"), fixed=("data",), paths=("data",))

PLAN = Plan(
    Phase("warm-up", 10, lr=linear(0.0, 0.1)),
    Phase("decay", 30, lr=cosine(0.1, 0.0)),
    weight_decay=0.1,
)

OF_A_FILE = """
base = "plan.toml"
steps = 20
evaluate_every = 10

[vary]
plan.weight_decay = { low = 0.0, high = 0.2 }
plan.phase.decay.lr.shape = ["cosine", "linear"]
plan.phase.warm-up.lr.to = [0.1, 0.2]
plan.phase.warm-up.for = { low = 5, high = 15, step = 5 }
batch = { low = 2, high = 16, log = true }
"""


def read(folder, text):
    (folder / "sweep.toml").write_text(text)
    return load(folder / "sweep.toml", KEYS)[0]


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_path_into_a_plan_s_file_varies_what_stands_there(suffix, tmp_path):
    save(PLAN, tmp_path / f"plan.{suffix}")
    sweep = read(tmp_path, OF_A_FILE.replace("plan.toml", f"plan.{suffix}"))
    values = {"plan.weight_decay": 0.05, "plan.phase.decay.lr.shape": "linear",
              "plan.phase.warm-up.lr.to": 0.2, "plan.phase.warm-up.for": 5, "batch": 4}  # fmt: skip
    point = sweep.point(values)
    expected = Plan(
        Phase("warm-up", 5, lr=linear(0.0, 0.2)),
        Phase("decay", 30, lr=linear(0.1, 0.0)),
        weight_decay=0.05,
        horizon=point.plan.horizon,
    )
    assert point.plan == expected
    assert point.plan.horizon.batch == 4
    assert point.configuration == {"batch": 4}
    assert len(checked_points(sweep)) == 2**5 + 32


def test_a_preset_s_arguments_and_its_horizon_vary(tmp_path):
    text = """
    base = "wsd"
    [set]
    plan.total = "10 epochs"
    plan.samples = 100
    [vary]
    plan.peak = { low = 1e-4, high = 1e-2, log = true }
    plan.warmup = ["none", 3]
    batch = [5, 10]
    """
    sweep = read(tmp_path, text)
    point = sweep.point({"plan.peak": 1e-3, "plan.warmup": "none", "batch": 5})
    horizon = point.plan.horizon
    assert (horizon.samples, horizon.batch, point.plan.total_steps) == (100, 5, 200)
    assert point.plan == presets.wsd(peak=1e-3, warmup=None, total="10 epochs", horizon=horizon)


def test_every_key_of_the_file_is_followed(tmp_path):
    options = """
    trials = 7
    steps = 30
    evaluate_every = 15
    checkpoint_every = "10m"
    sampler = "random"
    pruner = "halving"
    prune_after = 15
    seed = 3
    """
    text = "base = 'wsd'\n" + options + "[vary]\nseed = [0, 1]\n[set]\ndata = 'w.nc'\n"
    sweep = read(tmp_path, text)
    assert (sweep.trials, sweep.steps, sweep.sampler, sweep.seed) == (7, 30, "random", 3)
    assert (sweep.pruner, sweep.prune_after, sweep.checkpoint_every) == ("halving", 15, "10m")
    assert (sweep.how.evaluate_every, sweep.how.checkpoint_every) == (15, "10m")
    assert sweep.fixed == {"data": str(tmp_path / "w.nc")}
    assert sweep.vary == {"seed": Choices((0, 1))}


def test_a_path_is_kept_as_the_place_that_it_leads_to(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path)
    text = "base = 'wsd'\n[vary]\nseed = [0, 1]\n[set]\ndata = 'link/./w.nc'\n"
    assert read(tmp_path, text).fixed == {"data": str(tmp_path.resolve() / "w.nc")}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("trials", 0, "`trials` must be at least 1, got 0"),
        ("evaluate_every", 0, "`evaluate_every` must be at least 1, got 0"),
        ("sampler", "grid", "`sampler` must be one of tpe, random, got 'grid'"),
        ("pruner", "mean", "`pruner` must be one of median, halving, none, got 'mean'"),
    ],
)
def test_a_sweep_that_is_made_by_hand_is_checked_as_well(name, value, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        replace(read(tmp_path, TEXT), **{name: value})


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("base =", "bass =", "line 2: `bass`: unknown key; did you mean `base`?"),
        ('"wsd"', '"wds"', "line 2: `base`: no preset and no file is called 'wds'; did you"),
        ('"wsd"', "3", "line 2: `base`: expected a valid string, got 3"),
        ("trials = 12", "trials = 0", "line 3: `trials`: expected at least 1, got 0"),
        ("trials = 12", "trials = 1.5", "line 3: `trials`: expected a valid integer, got 1.5"),
        ('pruner = "none"', 'pruner = "mean"', "'median', 'halving' or 'none', got 'mean'"),
        ("evaluate_every = 4", "evaluate_every = 5", "must be a multiple of `evaluate_every`"),
        ("checkpoint_every = 4", 'checkpoint_every = "soon"', "soon"),
        ("plan.warmup", "plan.warm_up", "`set.plan.warm_up`: unknown key; did you mean `plan.w"),
        ("batch = 8", "batch = [8]", "expected a text, a number, true or false, got [8]"),
        ("batch = 8", "seed = 8", "`seed` stands in [set] and in [vary]: leave one of them out"),
        ("seed = [0, 1, 2]", "sead = [0, 1]", "`vary.sead`: unknown key; did you mean `seed`?"),
        ("seed = [0, 1, 2]", "data = ['a', 'b']", "`vary.data`: can't vary, for losses could not"),
        ("seed = [0, 1, 2]", "seed = [0]", "`vary.seed`: a list needs two values at least, got 1"),
        ("seed = [0, 1, 2]", "seed = [0, 0]", "each value must stand once, got [0, 0]"),
        ("seed = [0, 1, 2]", "seed = [1, true]", "each value must stand once, got [1, True]; true"),
        ("seed = [0, 1, 2]", "seed = [0, 0.0]", "each value must stand once, got [0, 0.0]"),
        ("seed = [0, 1, 2]", "seed = 3", "expected a range such as { low = 1e-4, high = 1e-2"),
        ("low = 1e-3,", "", "`vary.plan.peak`: `low` is missing"),
        ("low = 1e-3,", "low = 0,", "`low` must be above 0 with `log = true`, got 0"),
        ("low = 1e-3,", "low = 2,", "`low` must be below `high`, got 2 and 1.0"),
        ("low = 1e-3,", "low = '1',", "`vary.plan.peak.low`: expected a finite number, got '1'"),
        ("log = true", "lgo = true", "`vary.plan.peak.lgo`: unknown key; did you mean `log`?"),
        ("log = true", "log = true, step = 0.1", "`step` and `log = true` exclude each other"),
        ("step = 4", "step = -4", "`step` must be above 0, got -4"),
        ("step = 4", "step = 5", "`high` must be a whole number of steps above `low`, got 3.2 of"),
        ("[vary]", "[very]", "line 14: `very`: unknown key; did you mean `vary`?"),
        ("12\n", "12\n=", "not valid TOML"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_with_its_line_and_what_would_work(old, new, said, tmp_path):
    assert old in TEXT
    with pytest.raises((SweepFileError, ValueError)) as caught:
        read(tmp_path, TEXT.replace(old, new))
    assert said in str(caught.value)
    assert str(tmp_path / "sweep.toml") in str(caught.value)


def test_a_path_that_leads_nowhere_is_told_with_the_nearest(tmp_path):
    save(PLAN, tmp_path / "plan.toml")
    with pytest.raises(SweepFileError, match=r"line 7: .* did you mean `plan.weight_decay`\?"):
        read(tmp_path, OF_A_FILE.replace("weight_decay", "wait_decay"))
    with pytest.raises(SweepFileError, match=r"did you mean `plan.phase.warm-up.lr.to`\?"):
        read(tmp_path, OF_A_FILE.replace("warm-up.lr.to", "warmup.lr.to"))
    text = OF_A_FILE.replace("batch =", "plan.horizon.batch =")
    with pytest.raises(SweepFileError, match=r"`vary.plan.horizon.batch`: unknown key"):
        read(tmp_path, text)


def test_nothing_that_varies_is_refused(tmp_path):
    with pytest.raises(SweepFileError, match="nothing varies"):
        read(tmp_path, "base = 'wsd'\n[vary]\n")


def test_a_corner_that_is_no_plan_is_told_with_its_values(tmp_path):
    sweep = read(tmp_path, TEXT.replace("high = 20, step = 4", "high = 40, step = 4"))
    with pytest.raises(
        ValueError, match=r"with plan.peak = 0.001, plan.cooldown_length = 40, .* no room"
    ):
        checked_points(sweep)
    sweep = read(tmp_path, TEXT.replace("steps = 24", "steps = 44"))
    with pytest.raises(ValueError, match="`steps` must be at most 40, the plan's, got 44"):
        checked_points(sweep)


def test_all_corners_are_looked_at_where_they_are_few_and_some_where_they_are_many(tmp_path):
    sweep = read(tmp_path, TEXT)
    found = corners(sweep)
    assert len(found) == 2 * 2 * 2 * 3
    assert len({json.dumps(one) for one in found}) == 24
    assert corners(sweep) == found
    many = "[vary]\nseed = " + str(list(range(600)))
    assert len(corners(read(tmp_path, TEXT.split("[vary]")[0] + many))) == 512


def test_what_lies_between_is_within_the_ranges(tmp_path):
    sweep = read(tmp_path, TEXT)
    for values in between(sweep):
        assert 1e-3 <= values["plan.peak"] <= 1.0
        assert values["plan.cooldown_length"] in (4, 8, 12, 16, 20)
        assert values["plan.cooldown"] in ("linear", "1-sqrt")
    drawn = [values["plan.peak"] for values in between(sweep)]
    assert 0.2 < sum(value < 0.0316 for value in drawn) / len(drawn) < 0.8


def test_whole_ends_make_whole_numbers():
    assert Range(2, 16, log=True).is_whole
    assert not Range(2, 16.0).is_whole
    assert not Range(0, 1, step=0.1).is_whole


def test_a_file_of_a_plan_that_is_broken_is_told(tmp_path):
    (tmp_path / "plan.toml").write_text("[[phase]]\nname = 'a'\nfro = 3\n")
    with pytest.raises(SweepFileError, match="did you mean `for`"):
        read(tmp_path, OF_A_FILE)
    with pytest.raises(files.PlanFileError):
        files.load(tmp_path / "plan.toml")


def test_the_file_on_the_page_is_a_sweep_whose_choices_are_plans(tmp_path):
    page = (Path(__file__).parents[3] / "docs" / "sweeps.md").read_text()
    (tmp_path / "sweep.toml").write_text(re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1])
    trainer = GraphCastTrainer()
    sweep, _ = load(tmp_path / "sweep.toml", trainer.keys)
    points = checked_points(sweep)
    assert len(points) == 2 * 2 * 3 + 32
    assert asked(points[0].configuration)["size"] == {
        "mesh_size": 1, "latent_size": 16, "num_layers": 1,
    }  # fmt: skip
    for name in (*trainer.keys.varied, *trainer.keys.fixed):
        assert f"`{name}`" in page
    for name in SweepTable.model_fields.keys() - {"base", "set", "vary"}:
        assert f"| `{name}` |" in page
