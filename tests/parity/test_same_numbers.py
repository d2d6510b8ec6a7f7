"""One plan of five phases, run for 2,000 updates in every framework: the same values are used.

Each runner in tests/parity/runners trains in a process of its own and prints what its optimizer
really used at every update; torchrun starts two of them where there are two processes.
"""

import json
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tests.parity.runners.plan import NUM_UPDATES, QUANTITIES, Run, five_phases

ROOT = Path(__file__).parents[2]
PLAN = five_phases()
SET_BY_THE_HOST = ("torch", "transformers", "lightning", "accelerate")
"""Python puts the value into the optimizer: it is the plan's own, to the last bit."""

COMPILED = ("optax", "keras-jax", "keras-torch", "keras-tensorflow")
"""The value is computed in float32, by compiled code where the framework compiles."""

FLOAT32_ULP = 2.0**-23
RESUME_AT = random.Random(20261121).randrange(1, NUM_UPDATES)
VARIANTS = {
    "plain": {},
    "accumulating over 4 micro-batches": {"accumulate": 4},
    f"resumed at step {RESUME_AT}": {"resume_at": RESUME_AT},
    "resumed and accumulating": {"resume_at": NUM_UPDATES - RESUME_AT, "accumulate": 4},
}
TWO_PROCESSES = {
    "in two processes": {},
    "in two processes, resumed and accumulating": {"resume_at": RESUME_AT, "accumulate": 2},
}
SHORT = 400
"""Updates of a run in two processes, which wait for each other at each."""


def cases(frameworks, variants):
    return [
        pytest.param(
            framework, variant,
            id=f"{framework}, {variant}",
            marks=[pytest.mark.heavy] if framework == "keras-tensorflow" else [],
        )
        for framework in frameworks for variant in variants
    ]  # fmt: skip


ALONE = cases((*SET_BY_THE_HOST, *COMPILED), VARIANTS)
TOGETHER = cases(SET_BY_THE_HOST, TWO_PROCESSES)


def started(framework, run, *, processes=1):
    """What a runner printed."""
    name, _, backend = framework.partition("-")
    module = f"tests.parity.runners.{name}_run"
    command = [sys.executable, "-m", module]
    if processes > 1:
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone",
                   f"--nproc_per_node={processes}", "-m", module]  # fmt: skip
    environment = os.environ | {
        "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore",
        "KERAS_BACKEND": backend or "jax", "TF_CPP_MIN_LOG_LEVEL": "3",
    }  # fmt: skip
    done = subprocess.run(
        [*command, json.dumps(asdict(run))],
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def used(request, tmp_path_factory):
    """The values that the updates of a case used; the selected cases run two at a time."""
    selected = {
        tuple(item.callspec.params[name] for name in ("framework", "variant"))
        for item in request.session.items
        if getattr(item, "module", None) is request.module and hasattr(item, "callspec")
    }
    has_tensorflow = find_spec("tensorflow") is not None

    def run_of(framework, variant):
        folder = str(tmp_path_factory.mktemp("run"))
        if variant in VARIANTS:
            return started(framework, Run(folder=folder, **VARIANTS[variant]))
        given = {"resume_at": SHORT // 3} if "resume_at" in TWO_PROCESSES[variant] else {}
        run = Run(num_updates=SHORT, folder=folder, **(TWO_PROCESSES[variant] | given))
        return started(framework, run, processes=2)

    with ThreadPoolExecutor(2) as pool:
        futures = {
            case: pool.submit(run_of, *case)
            for case in sorted(selected)
            if has_tensorflow or case[0] != "keras-tensorflow"
        }
        yield lambda *case: futures[case].result()


@cache
def planned(quantity):
    return np.array([PLAN[quantity](step) for step in range(NUM_UPDATES)])


def assert_same(framework, found, num_updates):
    assert set(found) == set(QUANTITIES)
    for quantity, values in found.items():
        expected = planned(quantity)[:num_updates]
        assert len(values) == num_updates
        if framework in SET_BY_THE_HOST:
            np.testing.assert_array_equal(values, expected)
        else:
            # 4 ulp of the larger end of the phase, by which a value near 0 is rounded, too.
            ends = np.concatenate([
                np.full(span.end - span.first, planned(quantity)[span.first : span.end].max())
                for span in PLAN.spans
            ])[:num_updates]  # fmt: skip
            assert (np.abs(values - expected) <= 4 * FLOAT32_ULP * ends).all(), quantity


@pytest.mark.parametrize(("framework", "variant"), ALONE)
def test_every_framework_uses_the_plans_values(framework, variant, used):
    if framework == "keras-tensorflow":
        pytest.importorskip("tensorflow")
    assert_same(framework, used(framework, variant), NUM_UPDATES)


@pytest.mark.parametrize(("framework", "variant"), TOGETHER)
def test_two_processes_use_the_plans_values(framework, variant, used):
    assert_same(framework, used(framework, variant), SHORT)


def test_the_plan_is_one_worth_running():
    assert len(PLAN.phases) == 5
    assert PLAN.total_steps == NUM_UPDATES
    for quantity in QUANTITIES:
        assert len(set(planned(quantity))) > 100, f"{quantity} hardly changes"
