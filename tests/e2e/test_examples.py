"""The examples, run as a user runs them: each learns what it says, and saves figure and records."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from glidepath.diagnosis import diagnose
from glidepath.record import History
from glidepath.record.history import runs_below

pytest.importorskip("matplotlib")

ROOT = Path(__file__).parents[2]
OF_THE_MACHINE = {"throughput-drops", "input-bound"}
"""What is found where other programs run beside an example."""
EXAMPLES = {path.stem for path in (ROOT / "examples").glob("*.py")} - {"drawing"}


@pytest.fixture
def run(tmp_path):
    """Runs an example, checks its figure and its records, and returns what it prints."""

    def run_example(name, *arguments, needs, records, ill=()):
        for package in needs:
            pytest.importorskip(package)
        command = [sys.executable, str(ROOT / "examples" / f"{name}.py")]
        done = subprocess.run(
            [*command, "--out", str(tmp_path / "out"), *arguments],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        check_figure(tmp_path / "out" / f"{name}.png")
        assert [path.name for path in tmp_path.iterdir()] == ["out"], "it writes nowhere else"
        check_records(tmp_path / "out", records, ill)
        return done.stdout

    return run_example


def check_figure(path):
    from matplotlib import image

    assert path.read_bytes().startswith(b"\x89PNG")
    pixels = image.imread(path)
    height, width, _ = pixels.shape
    assert height >= 600 <= width
    assert len({tuple(pixel) for pixel in pixels[::7, ::3].reshape(-1, 4)}) > 16, "it is blank"


def check_records(out, names, ill):
    """Every run is recorded to its end, and nothing is found to be wrong with a healthy one."""
    paths = list(runs_below(out))
    assert {path.relative_to(out).as_posix() for path in paths} == set(names)
    for path in paths:
        history = History.open(path)
        assert history.end["state"] == "finished"
        assert len(history) == history.num_done == history.total_steps
        assert "planned" not in history.names, "the values that were used were seen"
        assert history.looks.steps.tolist()[:2] == [0, 10]
        found = [one for one in diagnose(history) if one.code not in OF_THE_MACHINE]
        if path.name not in ill:
            assert found == [], path


def numbers(pattern, text):
    """The numbers in the groups of a pattern's only match; percentages as shares."""
    (match,) = re.finditer(pattern, text)
    found = [group.replace(",", "") for group in match.groups()]
    return [float(x[:-1]) / 100 if x.endswith("%") else float(x) for x in found]


ACCURACY = r"accuracy on \d+ images never seen: (\S+%) before, (\S+%) after"
LOSS = r"loss: (\S+) at first, (\S+) in the last 25 updates"


def test_every_example_is_tested_here_and_has_its_place_in_the_docs():
    here = set(re.findall(r'run\(\s*"(\w+)"', Path(__file__).read_text()))
    listed = set(re.findall(r"`(\w+)\.py`", (ROOT / "docs" / "examples.md").read_text()))
    assert here == EXAMPLES == listed


def test_a_bare_torch_loop_fine_tunes_a_head_and_then_its_backbone(run):
    records = ["pre-training", "fine-tuning"]
    printed = run("plain_torch", needs=["torch", "sklearn"], records=records)
    before, after = numbers(ACCURACY, printed)
    assert before < 0.3
    assert after > 0.85
    first, last = numbers(LOSS, printed)
    assert last < 0.1 * first
    assert numbers(r"update 0: lr (\S+), lr.backbone (\S+),", printed)[1] == 0
    head, backbone = numbers(r"update 80: lr (\S+), lr.backbone (\S+),", printed)
    assert backbone == pytest.approx(0.3 * head)
    backbone, head = numbers(r"backbone (\S+%), head (\S+%)", printed)
    assert 0 < backbone < head


def test_a_bare_jax_loop_compiles_its_update_once(run):
    printed = run("plain_jax", needs=["jax", "optax", "sklearn"], records=["."])
    assert printed.count("compiling the update") == 1
    before, after = numbers(ACCURACY, printed)
    assert before < 0.3
    assert after > 0.9
    first, last = numbers(LOSS, printed)
    assert last < 0.1 * first
    (apart,) = numbers(r"the plan's up to (\S+) of its peak", printed)
    assert apart < 1e-6


ILL = {
    "torch-no-step": "update-never-applied",
    "torch-other-parameters": "optimizer-holds-others",
    "jax-thrown-away": "result-thrown-away",
    "keras-no-apply": "update-never-applied",
}
"""The cause in each ill run of gradients_are_not_updates.py."""


def test_parameters_without_an_optimizer_have_gradients_and_never_move(run, tmp_path):
    healthy, needs = ["torch", "jax", "keras"], ["torch", "jax", "optax", "keras", "sklearn"]
    records = [*healthy, *ILL]
    printed = run("gradients_are_not_updates", needs=needs, records=records, ill=ILL)
    blocks = dict(re.findall(r"^(\w.+): (loss \d(?:.|\n(?!\w.+: loss))*)", printed, re.MULTILINE))
    names = {re.sub(r"\W+", "-", name.lower()).strip("-"): name for name in blocks}
    assert set(names) == set(records)
    for name in records:
        block = blocks[names[name]]
        first, last, step = numbers(r"loss (\S+) in .*, (\S+) in the last; .* step (\d+)", block)
        rows = re.findall(r"^(\S+/\S+) +(\S+) +\S+ +(\S+)  (\S.*)$", block, re.MULTILINE)
        assert len(rows) == 4
        assert all(float(gradient) > 0 for *_, gradient, _ in rows)
        if name in healthy:
            assert last < 0.85 * first
            assert all(float(moved) > 0 and said == "moved" for _, moved, _, said in rows)
        else:
            assert last == pytest.approx(first, rel=0.1)
            assert {(float(moved), said) for _, moved, _, said in rows} == {
                (0.0, f"still: {ILL[name]}")
            }
            (found,) = [one for one in diagnose(tmp_path / "out" / name)
                        if one.code == "never-moved"]  # fmt: skip
            assert (found.level, found.sure) == ("error", "certain")
            assert found.evidence["cause"] == ILL[name]
            assert set(found.arrays) == {name for name, *_ in rows}
        assert step == (0 if "-no-" in name else 200)


@pytest.mark.heavy
def test_iterations_and_epochs_differ_where_the_coverage_says_so(run):
    ways = ("random-draws-iterations", "shuffles-iterations", "shuffles-epochs")
    records = [f"{size}/{way}/seed-{seed}"
               for size in ("small", "large") for way in ways for seed in (0, 1)]  # fmt: skip
    printed = run("iterations_or_epochs", needs=["torch", "sklearn"], records=records)
    _, small, large = re.split(r"^(?=small|large)", printed, flags=re.MULTILINE)
    row = r"{} +held-out loss (\S+) \+- \S+, never seen (\S+%)"
    ways = ("random draws, plan in iterations", "shuffles, plan in iterations",
            "shuffles, plan in epochs")  # fmt: skip
    losses, unseen = zip(*(numbers(row.format(way), small) for way in ways), strict=True)
    assert max(losses) < 0.2, "of 2.3 by chance"
    assert max(losses) - min(losses) < 0.04
    assert unseen == (0, 0, 0)
    assert "draw in iterations" in small
    losses, unseen = zip(*(numbers(row.format(way), large) for way in ways), strict=True)
    assert losses[2] > losses[1] + 0.04, "in a single epoch, its plan has no time to change"
    (planned,) = numbers(r"and (\S+%) are never seen: draw in epochs", large)
    assert unseen[0] == pytest.approx(planned, abs=0.01)
    assert unseen[1:] == (0, 0)


@pytest.mark.heavy
def test_a_decoder_learns_more_by_a_plan_that_cools_down(run):
    printed = run("transformer_lm", needs=["torch"], records=["Noam", "WSD"])
    (guessing,) = numbers(r"frequency alone gives (\S+) nats", printed)
    (noam,) = numbers(r"Noam: .*, (\S+) at update 500;", printed)
    stable, wsd = numbers(r"WSD: .*, (\S+) at update 400, (\S+) at update 500;", printed)
    assert wsd < noam < guessing - 0.5
    assert wsd < stable - 0.05, "what the cool-down does"


@pytest.mark.heavy
def test_bert_learns_more_than_the_frequency_of_tokens(run):
    printed = run("bert_mlm", needs=["torch", "transformers", "accelerate"], records=["."])
    pattern = r"held-out loss: (\S+) before, (\S+) after; .* alone: (\S+) nats"
    before, after, guessing = numbers(pattern, printed)
    assert after < guessing - 0.3 < before
    logged = re.findall(r"'lr': '(\S+)', 'weight_decay': '0.01', 'phase': '(\S+)'", printed)
    assert len(logged) == 25
    assert [phase for _, phase in logged] == ["warm-up"] * 2 + ["decay"] * 23


@pytest.mark.heavy
def test_lightning_classifies_images_by_two_plans(run):
    needs, records = ["torch", "lightning", "sklearn"], ["cosine", "step-decay"]
    printed = run("image_classification", needs=needs, records=records)
    cosine, stairs = re.split(r"^(?=step decay)", printed, flags=re.MULTILINE)
    for part in (cosine, stairs):
        assert numbers(r"never seen: (\S+%)", part) > [0.95]
        first, last = numbers(LOSS, part)
        assert last < 0.05 * first
    assert numbers(r"the last update used (\S+)$", stairs.split("\nfigure")[0]) == [1e-4]
    assert numbers(r"rate: (\S+), (\S+), (\S+), (\S+) at each", stairs) == [0.1, 0.1, 0.01, 0.001]


@pytest.mark.heavy
def test_keras_classifies_images_and_loads_what_it_saved(run):
    backend = "jax"
    printed = run("digits_keras", needs=["keras", backend, "sklearn"], records=["."])
    assert f"440 updates on {backend}" in printed
    before, after, again = numbers(ACCURACY + r".* loaded: (\S+%)", printed)
    assert before < 0.3
    assert after > 0.95
    assert again == after
    assert numbers(r"used lr \S+ and weight_decay (\S+)", printed) == [pytest.approx(0.01)]
