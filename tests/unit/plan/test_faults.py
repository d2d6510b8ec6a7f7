"""What goes wrong with plans and their files, one test a fault, by its number."""

import json
import math
import time

import jax
import numpy as np
import pytest

from glidepath import Horizon, Phase, Plan, constant, cosine, exponential, linear, presets
from glidepath.plan import files
from glidepath.plan.files import PlanFileError

PLAN = '[[phase]]\nname = "a"\nfor = "10 steps"\nlr = {}\n'


def refusal(text, kind="toml"):
    began = time.process_time()
    with pytest.raises(PlanFileError) as caught:
        files.loads(text, where="plan", kind=kind)
    # No benchmark: a parser that is let loose on these takes minutes, or the process.
    assert time.process_time() - began < 20
    return str(caught.value)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e999"])
def test_1_a_number_that_is_not_finite_is_refused_with_its_line(number):
    assert refusal(PLAN.format(number)).startswith("plan, line 4: `phase.0.lr`: expected a finite")
    inside = f'{{ shape = "linear", from = 0.0,  to = {number} }}'
    assert "line 4: `phase.0.lr.to`: expected a finite" in refusal(PLAN.format(inside))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_1_and_in_json(number):
    text = f'{{"phase": [\n{{"name": "a",\n"for": 10,\n"lr": {number}}}]}}'
    message = refusal(text, "json")
    assert "is no number" in message or "line 4: `phase.0.lr`: expected a finite" in message


@pytest.mark.parametrize("value", ["true", '"1e-3"', "[1e-3]", "1979-05-27"])
def test_2_what_is_no_number_is_refused(value):
    assert refusal(PLAN.format(value)).startswith("plan, line 4: `phase.0.lr`: expected a")


def test_3_an_integer_of_5000_digits_is_refused_before_parsing():
    for text, kind in [(PLAN.format("1" * 5_000), "toml"), ('{"a": ' + "9" * 5_000 + "}", "json")]:
        assert "a number or a key is longer than 400 characters" in refusal(text, kind)
    assert "line 4" in refusal(PLAN.format("0." + "1_" * 3_000 + "1"))


@pytest.mark.parametrize("kind", files.FORMATS)
@pytest.mark.parametrize("brackets", ["[", '{"a":', "[{"])
def test_4_an_array_nested_2000_deep_is_refused_before_parsing(kind, brackets):
    text = ("x = " if kind == "toml" else "") + brackets * 2_000
    assert "line 1: brackets are nested more than 32 deep" in refusal(text, kind)


@pytest.mark.parametrize("part", ["a", '"b c"', "'d'", "a ", " 1"])
def test_5_a_key_of_20000_parts_is_refused_before_parsing(part):
    dotted = ".".join([part] * 20_000)
    for text in (f"{dotted} = 1", f"[{dotted}]", f"x = {{ {dotted} = 1 }}"):
        assert "line 1: a key has more than 8 parts" in refusal(text)


def test_5_a_file_of_100_megabytes_is_not_read(tmp_path):
    path = tmp_path / "large.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(PlanFileError, match="100000000 bytes; a plan has at most 1000000"):
        files.load(path)


def test_what_looks_deep_inside_a_text_or_a_comment_is_fine():
    name = "[" * 100 + "a.b" * 20
    text = f'# {"[" * 100} {"9" * 900}\n[[phase]]\nname = "{name}"\nfor = 5\nlr = 1.0\n'
    assert files.loads(text).phases[0].name == name


def test_6_an_unknown_key_is_refused_with_the_right_one():
    text = PLAN.format("1.0")
    assert "did you mean `weight_decay`?" in refusal("weight_decays = 0.1\n" + text)
    assert "line 4: `phase.0.until`" in refusal(text.replace("lr =", "until ="))
    assert "unknown key" in refusal("warmup_step = 5\n" + text)
    inside = '{ shape = "cosine", from = 1.0, to = 0.0, exponant = 2 }'
    assert "did you mean `exponent`?" in refusal(PLAN.format(inside))
    json_text = json.dumps({"phase": [{"name": "a", "for": 3, "lr": 1.0, "fore": 3}]}, indent=1)
    assert "line 7: `phase.0.fore`: unknown key; did you mean `for`?" in refusal(json_text, "json")


@pytest.mark.parametrize("length", ["0", "-5", '"0 steps"', '"-3 epochs"', '"0%"', '"ten"', "2.5"])
def test_7_a_duration_that_is_none_is_refused(length):
    assert "line 3: `phase.0.for`: " in refusal(PLAN.format(1).replace('"10 steps"', length))


def test_7_a_missing_and_an_overlapping_duration_are_refused():
    assert "`phase.0.for`: is missing" in refusal(PLAN.format(1).replace("for =", "# for ="))
    with pytest.raises(ValueError, match="lasts 10 steps and has"):
        Plan(Phase("a", 10, lr=linear(0, 1).over(7) >> constant(1).over(7)))


def test_8_a_warm_up_longer_than_the_run_is_refused():
    with pytest.raises(ValueError, match="it ends at step 2000, after the run's `total_steps` of"):
        Plan(Phase("warm-up", 2_000, lr=1.0), horizon=Horizon(total_steps=1_000))
    text = "[horizon]\ntotal_steps = 5\n" + PLAN.format(1)
    assert "line 3: `phase.0`: phase 'a': it ends at step 10, after" in refusal(text)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (1.0, -1e-9)])
def test_9_a_geometric_shape_through_0_is_refused(start, end):
    with pytest.raises(ValueError, match="can't touch or cross 0"):
        exponential(start, end)
    inside = f'{{ shape = "exponential", from = {start}, to = {end} }}'
    assert "line 4: `phase.0.lr`: a geometric curve" in refusal(PLAN.format(inside))


def test_10_step_minus_1_is_refused_and_past_the_end_the_last_value_holds():
    schedule = linear(0.0, 1.0).over(10)
    with pytest.raises(ValueError, match="at least 0, got -1"):
        schedule(-1)
    with pytest.raises(ValueError, match="at least 0, got -1"):
        presets.graphcast().at(-1)
    assert schedule(10) == schedule(10**15) == schedule(9)


def test_11_step_2_to_the_31_minus_1_is_right_in_float32():
    for schedule in (
        cosine(1.0, 0.0).over(2**31 - 1),
        cosine(1.0, 0.1).over(1_000).repeat(),
        linear(1.0, 0.0)
        .over("3 epochs", per="epoch")
        .repeat()
        .on(Horizon(samples=10_007, batch=64)),
    ):
        steps = np.arange(2**31 - 2_000, 2**31)
        exact = schedule(steps)
        compiled = np.asarray(jax.jit(schedule)(steps.astype(np.int32)), dtype=float)
        assert np.abs(compiled - exact).max() <= 4 * np.spacing(np.float32(1.0))
        assert math.isclose(schedule(2**31 - 1), exact[-1], rel_tol=1e-15, abs_tol=1e-15)


def test_12_two_shapes_for_one_quantity_are_refused():
    assert "not valid TOML" in refusal(PLAN.format(1) + "lr = 2\n")
    text = '{"phase": [{"name": "a", "for": 3, "lr": 1.0, "lr": 2.0}]}'
    assert "not valid JSON: the key 'lr' stands twice" in refusal(text, "json")


def test_13_a_quantity_that_the_optimizer_does_not_have_is_refused_when_it_is_bound():
    from glidepath.training import optimizer

    for plan in (
        Plan(Phase("a", 5, lr=1.0, momentum=0.9)),
        Plan(Phase("a", 5, lr={"default": 1.0, "head": 0.1}), groups=["head"]),
    ):
        with pytest.raises(ValueError, match="AdamW and the training loop have no `"):
            optimizer.check(plan)


@pytest.mark.parametrize("key", ["_target_", "__class__", "os.system", "__import__", "!python"])
def test_14_code_in_a_file_is_an_unknown_key(key):
    quoted = f'"{key}" = "os.system"\n'
    assert "unknown key" in refusal(quoted + PLAN.format(1))
    assert "line 5: `phase.0." in refusal(PLAN.format(1) + quoted)
    inside = f'{{ shape = "linear", from = 0, to = 1, "{key}" = "os.system" }}'
    assert "unknown key" in refusal(PLAN.format(inside))
    assert "neither a shape's key nor a group" in refusal(PLAN.format(f'{{ "{key}" = 1 }}'))
