"""Plans as files: errors that name the line, the field and what would work."""

import pytest

from glidepath import presets
from glidepath.plan import files
from glidepath.plan.files import PlanFileError

TEXT = """\
# A comment, and the keys in an order of the author's own.
weight_decay = 0.1
rollout = 1

[horizon]
samples = 54_000
batch = 32

[[phase]]
name = "warm-up"
for = "1000 steps"
lr = { shape = "linear", from = 0.0, to = 1e-3 }

[[phase]]
name = "decay"
for = 299_000
lr = { shape = "cosine", from = 1e-3, to = 0.0 }

[[phase]]
name = "autoregressive"
for = "11k steps"
lr = 3e-7
rollout = { shape = "staircase", from = 2, to = 12, every = "1000 steps" }
"""


def test_a_file_is_the_plan_that_it_says():
    assert files.loads(TEXT) == presets.graphcast()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("from = 0.0", "from = nan", r"line 12: `phase.0.lr.from`: expected a finite number"),
        ("from = 0.0", "from = 1e999", r"line 12: `phase.0.lr.from`: expected a finite number"),
        ("lr = 3e-7", "lr = -inf", r"line 22: `phase.2.lr`: expected a finite number, got -inf"),
        ("from = 0.0", "from = true", r"line 12: .* expected a finite number, got true"),
        ("from = 0.0", 'from = "1e-3"', r"line 12: .* expected a finite number, got '1e-3'"),
        ("weight_decay = 0.1", 'weight_decay = "0.1"', r"line 2: `weight_decay`: expected a"),
        ("batch = 32", "batch = true", r"line 7: `horizon.batch`: expected a whole number"),
        (
            "batch = 32",
            "batsh = 32",
            r"line 7: `horizon.batsh`: unknown key; did you mean `batch`\?",
        ),
        ("weight_decay = 0.1", "weight_decoy = 0.1", r"line 2: .* did you mean `weight_decay`\?"),
        ("for = 299_000", "fro = 299_000", r"line 16: .*unknown key; did you mean `for`\?"),
        ("rollout = 1\n", "warmup_step = 5\n", r"line 3: `warmup_step`: unknown key; known are"),
        (
            "to = 1e-3",
            "to = 1e-3, power = 2",
            r"line 12: `phase.0.lr.power`: unknown key; did you mean `per`",
        ),
        ("to = 1e-3", "_target_ = 'os.system'", r"line 12: `phase.0.lr.(to|_target_)`: "),
        ('"linear"', '"liner"', r"line 12: `phase.0.lr`: expected .*; did you mean `linear`\?"),
        (
            'for = "1000 steps"',
            'for = "0 steps"',
            r"line 11: `phase.0.for`: .* positive, got 0 steps",
        ),
        ('for = "1000 steps"', "for = -5", r"line 11: `phase.0.for`: .* must be positive, got -5"),
        ('for = "1000 steps"\n', "", r"line 9: `phase.0.for`: is missing"),
        (
            "batch = 32",
            "batch = 32\ntotal_steps = 500",
            r"line 10: .*'warm-up': it ends at step 1000",
        ),
        ('name = "decay"', 'name = "warm-up"', r"line 14: .*two phases are called 'warm-up'"),
        ("to = 1e-3", 'to = 1e-3, at = "end"', r"line 12: `phase.0.lr`: `at` belongs to the phase"),
        ("from = 0.0", "form = 0.0", r"line 12: `phase.0.lr.form`: .*did you mean `from`\?"),
        ('every = "1000 steps"', "every = true", r"line 23: .* expected a duration such as"),
        ('for = "1000 steps"', "for = [1]", r"line 11: `phase.0.for`: expected a duration"),
        ("lr = 3e-7\n", "", r"line 19: .*`lr` has no value in phase 'autoregressive'"),
        ("rollout = 1\n", "beta1 = 1.5\n", r"line 3: `beta1`: `beta1` must be at most 1"),
        ("rollout = 1\n", 'quantities = ["my q"]\n', r"`quantities` can't be called 'my q'"),
        ("lr = 3e-7", "lr = -3e-7", r"line 22: .*`lr` must be at least 0"),
        ("lr = 3e-7", "lr = 3e-7\nlr = 1", r"not valid TOML: .*line 23"),
        ("rollout = 1\n", "rollout = 1.5\n", r"line 3: `rollout`: .*takes whole numbers only"),
        ("rollout = 1\n", "version = 2\nrollout = 1\n", r"line 3: `version`: expected 1"),
        (
            'every = "1000 steps"',
            'every = "soon"',
            r"line 23: `phase.2.rollout.every`: a duration must be",
        ),
    ],
)
def test_a_bad_file_is_refused_with_its_line(old, new, message):
    assert old in TEXT
    with pytest.raises(PlanFileError, match=r"^p\.toml.*" + message):
        files.loads(TEXT.replace(old, new, 1), where="p.toml")


@pytest.mark.parametrize("text", ["", "lr = 1.0", "phase = 3", "phase = []", "[phase]\nname='a'"])
def test_a_file_without_phases_is_refused(text):
    with pytest.raises(PlanFileError, match="phase"):
        files.loads(text)


def test_what_is_no_text_or_too_large_is_refused_before_it_is_parsed(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PlanFileError, match="not a text file"):
        files.load(path)
    path.write_bytes(b"#" * 2_000_000)
    with pytest.raises(PlanFileError, match="2000000 bytes"):
        files.load(path)
    with pytest.raises(FileNotFoundError):
        files.load(tmp_path / "none.toml")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    (tmp_path / "plan.toml").write_text(TEXT, encoding="utf-8-sig")
    assert files.load(tmp_path / "plan.toml") == presets.graphcast()


def test_a_quantity_of_one_s_own_stands_in_the_file():
    text = TEXT.replace("rollout = 1\n", 'rollout = 1\nquantities = ["mixup"]\nmixup = 0.2\n', 1)
    plan = files.loads(text)
    assert plan.at(5).values["mixup"] == 0.2
    assert files.loads(files.dumps(plan)) == plan
