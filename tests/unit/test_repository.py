"""What the project says of itself: its tree, its public surface, what its import loads."""

import importlib
import inspect
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer

import glidepath
from glidepath.cli import main

ROOT = Path(__file__).parents[2]

EXPORTS = {
    "Duration",
    "Event",
    "Horizon",
    "Listener",
    "Moment",
    "Optimizer",
    "Phase",
    "Plan",
    "Schedule",
    "Shape",
    "compare",
    "constant",
    "cosine",
    "decay",
    "exponential",
    "from_function",
    "inverse_sqrt",
    "inverse_time",
    "layerwise",
    "linear",
    "load",
    "one_minus_sqrt",
    "one_minus_square",
    "piecewise_constant",
    "piecewise_linear",
    "plateau",
    "polynomial",
    "presets",
    "rex",
    "save",
    "scaled",
    "staircase",
    "tanh",
}

HOW = {
    "--checkpoint-every", "--keep", "--keep-every", "--keep-best", "--evaluate-every", "--on-nan",
    "--accumulate", "--shard", "--stop-on", "--track", "--steps", "--max-time", "--devices",
    "--distributed", "--coordinator", "--num-processes", "--process-id", "--lead",
}  # fmt: skip

COMMANDS = {
    "check": {"--set", "--format", "--strict"},
    "compare": {"--quantity", "--format", "--save"},
    "coverage": {"--set", "--format"},
    "diagnose": {"--format", "--fail-on"},
    "evaluate": {"--data", "--lead", "--starts", "--json", "--figure"},
    "find-lr graphcast": {
        "--data", "--from", "--to", "--stats", "--plan", "--out", "--steps", "--size", "--mesh",
        "--latent", "--layers", "--precision", "--batch", "--seed", "--holdout", "--lowest",
        "--highest", "--json",
    },
    "forecast": {"--start", "--out", "--steps", "--data", "--stats"},
    "new": {"--set"},
    "presets": set(),
    "report": {"--out"},
    "runs": {"--sort", "--json"},
    "schema": set(),
    "show": {"--set", "--at", "--save"},
    "resume": {
        "--data", "--from", "--to", "--plan", "--precision", "--batch", "--seed", "--holdout",
        "--step", "--accept-changes", *HOW,
    },
    "sweep graphcast": {
        "--out", "--engine", "--storage", "--trials", "--jobs", "--address", "--cpus", "--gpus",
    },
    "sweep show": {"--json", "--save", "--storage"},
    "train graphcast": {
        "--data", "--from", "--to", "--stats", "--plan", "--size", "--mesh", "--latent",
        "--layers", "--precision", "--batch", "--seed", "--holdout", "--out", "--resume",
        "--accept-changes", "--branch-from", *HOW,
    },
    "verify": {"--format"},
    "version": set(),
    "watch": {"--once", "--every", "--wait"},
    "weather simulate": {"--out", "--days", "--spin-up", "--seed"},
}  # fmt: skip


def tracked_folders():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    folders = {parent for name in listed for parent in Path(name).parents}
    return {str(folder) for folder in folders if not str(folder).startswith(".")}


def readme_folders():
    tree = re.search(r"```\n(src/glidepath/\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    path, folders = [], set()
    for line in tree[1].splitlines():
        name = line.split()[0].rstrip("/")
        depth = (len(line) - len(line.lstrip())) // 2
        path = [*path[:depth], name]
        folders.add("/".join(path))
    return folders


@pytest.mark.skipif(
    not (ROOT / ".git").exists() or not shutil.which("git"),
    reason="no git checkout, and git says which folders are ours",
)
def test_the_readme_names_every_folder_and_no_other():
    assert readme_folders() | {"src"} == tracked_folders()


ADAPTERS = {
    "keras": {"PlanCallback", "PlanSchedule", "RecordCallback", "drive"},
    "lightning": {"PlanCallback", "RecordCallback", "configure"},
    "optax": {"Injected", "inject", "injected", "read"},
    "torch": {
        "CyclicCosineDecayLR",
        "PlanScheduler",
        "make_optimizer",
        "read",
        "record_updates",
    },
    "transformers": {"PlanCallback", "RecordCallback", "from_name", "optimizers"},
}


@pytest.mark.parametrize("framework", ADAPTERS)
def test_what_a_framework_gets_is_what_it_was_and_documented(framework):
    adapter = pytest.importorskip(f"glidepath.adapters.{framework}")
    assert set(adapter.__all__) == ADAPTERS[framework]
    for name in adapter.__all__:
        assert len(inspect.getdoc(getattr(adapter, name))) > 20


ROOMS = {
    "diagnosis": {
        "Finding", "Movement", "RULES", "RateSweep", "Rule", "diagnose", "find_rate", "moved",
        "snapshot",
    },
    "record": {"History", "Recorder", "StepSizes", "Summary", "looks_at", "summarize"},
    "record.sinks": {
        "Background", "SINKS", "Sink", "TensorBoard", "Trackio", "WandB", "figures", "sink_named",
        "texts",
    },
    "record.step_sizes": {"StepSizes", "step_sizes"},
    "sweeps": {
        "Job", "Keys", "SweepDirectory", "Trainer", "Trial", "load", "results", "work",
    },
}  # fmt: skip

CODES = {
    "clips-most-updates",
    "cold-second-moment",
    "data-order-repeats",
    "dead-units",
    "divergence",
    "ends-on-high-rate",
    "epoch-sawtooth",
    "eps-dominates",
    "exploding-gradients",
    "input-bound",
    "loss-above-start",
    "loss-spikes",
    "never-moved",
    "no-gradient",
    "not-finite",
    "off-the-plan",
    "overfitting",
    "plateau",
    "rate-too-low",
    "sawtooth",
    "short-warm-up",
    "throughput-drops",
    "vanishing-gradients",
}

LINES = {
    "run": {
        "schema", "name", "plan", "fingerprint", "total_steps", "environment", "configuration",
        "events",
    },
    "restart": {"step"},
    "rollback": {"step", "broken", "attempt", "reason"},
    "model": {"step", "arrays"},
    "update": {
        "step", "phase", "loss", "lr, weight_decay, ...", "planned", "gradient_norm",
        "parameter_norm", "update_ratio", "samples", "batch", "skipped", "data_seconds", "seconds",
        "memory_bytes", "num_updates",
    },
    "layers": {"step", "arrays", "memory"},
    "evaluation": {"step", "val_loss, ...", "seconds"},
    "event": {"step", "event", "target"},
    "checkpoint": {"step"},
    "nonfinite": {
        "step", "gradients, parameters, batch", "samples", "sample_names", "policy",
    },
    "notice": {"text"},
    "end": {"step", "state", "reason"},
}  # fmt: skip


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_offers_is_what_it_was_and_documented(room):
    module = importlib.import_module(f"glidepath.{room}")
    assert set(module.__all__) == ROOMS[room]
    for name in module.__all__:
        thing = getattr(module, name)
        assert name.isupper() or len(inspect.getdoc(thing)) > 20


def test_the_codes_of_the_rules_are_what_they_were():
    from glidepath.diagnosis import RULES

    assert sorted(rule.code for rule in RULES) == sorted(CODES)


def test_the_lines_of_a_record_are_what_they_were():
    from glidepath.record.schema import KINDS

    assert {kind: set(fields) for kind, fields in KINDS.items()} == LINES


def test_the_public_surface_is_what_it_was():
    assert set(glidepath.__all__) == EXPORTS
    assert set(dir(glidepath)) >= EXPORTS


@pytest.mark.parametrize("name", sorted(EXPORTS - {"presets"}))
def test_every_public_name_is_documented(name):
    assert len(inspect.getdoc(getattr(glidepath, name))) > 20


def test_the_commands_are_what_they_were():
    found = {}

    def walk(command, path):
        for name, child in getattr(command, "commands", {}).items():
            walk(child, [*path, name])
        if not getattr(command, "commands", None):
            options = {o for p in command.params for o in p.opts if o.startswith("--")}
            found[" ".join(path)] = options - {"--help"}

    walk(typer.main.get_command(main.app), [])
    assert found == COMMANDS


def test_importing_glidepath_loads_no_framework_and_not_even_numpy():
    code = "import sys, glidepath; print(' '.join(sorted(m for m in sys.modules if '.' not in m)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"jax", "torch", "keras", "numpy", "optax", "xarray", "matplotlib", "pydantic", "rich",
             "optuna", "ray"}  # fmt: skip
    assert "glidepath" in loaded
    assert heavy.isdisjoint(loaded)


def test_the_version_is_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == glidepath.__version__
    assert f"version: {glidepath.__version__}" in (ROOT / "CITATION.cff").read_text()


def test_nothing_is_left_to_fill_in():
    for page in ROOT.glob("*.md"):
        assert not re.search(r"\{\w+\}|TODO|FIXME", page.read_text()), page


def test_the_plan_in_the_readme_is_the_preset():
    from glidepath.plan import files

    text = (ROOT / "README.md").read_text()
    as_file = files.loads(re.search(r"```toml\n(.*?)```", text, re.DOTALL)[1])
    python = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    namespace = {}
    exec(python, namespace)
    assert as_file == namespace["plan"] == glidepath.presets.graphcast()
