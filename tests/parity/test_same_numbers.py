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
from threading import Lock

import numpy as np
import pytest

from tests.parity.runners.plan import NUM_UPDATES, QUANTITIES, Run, five_phases

ROOT = Path(__file__).parents[2]
SHORT = 400
"""Updates of a run in two processes, which wait for each other at each, through all phases."""

PLANS = {num: five_phases(num) for num in (NUM_UPDATES, SHORT)}
SET_BY_THE_HOST = ("torch", "transformers", "lightning", "accelerate")
"""Python puts the value into the optimizer: it is the plan's own, to the last bit."""

COMPILED = ("optax", "optax-sharded", "keras-jax", "keras-torch", "keras-tensorflow")
"""The value is computed in float32, by compiled code where the framework compiles."""

RESUME_AT = random.Random(20261121).randrange(1, NUM_UPDATES)
"""Drawn once, and kept, so that a failure can be seen again."""

VARIANTS = {
    "plain": {},
    "accumulating over 4 micro-batches": {"accumulate": 4},
    f"resumed at step {RESUME_AT}": {"resume_at": RESUME_AT},
}
TWO_PROCESSES = {
    "in two processes": {},
    "in two processes, resumed and accumulating": {"resume_at": SHORT // 3, "accumulate": 4},
}


def cases(frameworks, variants, *, is_heavy=False):
    return [
        pytest.param(
            framework, variant,
            id=f"{framework}, {variant}",
            marks=[pytest.mark.heavy] if is_heavy or framework == "keras-tensorflow" else [],
        )
        for framework in frameworks for variant in variants
    ]  # fmt: skip


ONE_TORCHRUN = Lock()

ALONE = cases((*SET_BY_THE_HOST, *COMPILED), VARIANTS)
TOGETHER = cases(SET_BY_THE_HOST, TWO_PROCESSES, is_heavy=True)


def started(framework, runs, *, processes):
    """What the updates of each run used, as a runner printed it."""
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
    if backend == "sharded":
        environment["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"
    told = json.dumps([asdict(run) for run in runs])
    if processes == 1:
        done = _run([*command, told], environment)
    else:
        # torchrun lets go of a free port before its processes take it: others may come between.
        with ONE_TORCHRUN:
            done = _run([*command, told], environment)
            if done.returncode:
                done = _run([*command, told], environment)
    assert done.returncode == 0, done.stderr[-3_000:]
    return json.loads(done.stdout.splitlines()[-1])


def _run(command, environment):
    return subprocess.run(
        command,
        capture_output=True, text=True, check=False, cwd=ROOT, env=environment, timeout=600,
    )  # fmt: skip


@pytest.fixture(scope="module")
def used(request, tmp_path_factory):
    """What the updates of a case used; the selected frameworks run two at a time."""
    selected = {
        tuple(item.callspec.params[name] for name in ("framework", "variant"))
        for item in request.session.items
        if getattr(item, "module", None) is request.module and "framework" in item.fixturenames
    }
    if find_spec("tensorflow") is None:
        selected = {case for case in selected if case[0] != "keras-tensorflow"}

    def run_of(variant):
        given = {"folder": str(tmp_path_factory.mktemp("run"))}
        if variant in VARIANTS:
            return Run(**given | VARIANTS[variant])
        return Run(**given | TWO_PROCESSES[variant], num_updates=SHORT)

    def together(framework, variants, processes):
        runs = [run_of(variant) for variant in variants]
        # accelerate ends its group of processes with the first run.
        starts = [runs] if processes == 1 else [[run] for run in runs]
        found = [one for some in starts for one in started(framework, some, processes=processes)]
        return dict(zip(variants, found, strict=True))

    with ThreadPoolExecutor(2) as pool:
        futures = {}
        for known, processes in ((VARIANTS, 1), (TWO_PROCESSES, 2)):
            for framework in sorted({case[0] for case in selected}):
                variants = [one for one in known if (framework, one) in selected]
                future = pool.submit(together, framework, variants, processes)
                futures |= {(framework, variant): future for variant in variants}
        yield lambda *case: futures[case].result()[case[1]]


@cache
def planned(quantity, num_updates):
    return np.array([PLANS[num_updates][quantity](step) for step in range(num_updates)])


def ulps(plan, quantity):
    """Of float32, at the larger end of each phase, by which values near 0 are rounded, too."""
    values = planned(quantity, plan.total_steps)
    largest = [values[span.first : span.end].max() for span in plan.spans]
    lengths = [span.end - span.first for span in plan.spans]
    return np.repeat(np.spacing(np.array(largest, np.float32)).astype(float), lengths)


def assert_same(framework, found, num_updates):
    assert set(found) == set(QUANTITIES)
    for quantity, values in found.items():
        expected = planned(quantity, num_updates)
        assert len(values) == num_updates
        if framework in SET_BY_THE_HOST:
            np.testing.assert_array_equal(values, expected)
        else:
            near = np.abs(values - expected) <= 4 * ulps(PLANS[num_updates], quantity)
            assert near.all(), (quantity, np.flatnonzero(~near))


@pytest.mark.parametrize(("framework", "variant"), ALONE)
def test_every_framework_uses_the_plans_values(framework, variant, used):
    if framework == "keras-tensorflow":
        pytest.importorskip("tensorflow")
    assert_same(framework, used(framework, variant), NUM_UPDATES)


@pytest.mark.parametrize(("framework", "variant"), TOGETHER)
def test_two_processes_use_the_plans_values(framework, variant, used):
    assert_same(framework, used(framework, variant), SHORT)


@pytest.mark.parametrize("num_updates", PLANS)
def test_the_plan_is_one_worth_running(num_updates):
    plan = PLANS[num_updates]
    assert len(plan.phases) == 5
    assert plan.total_steps == num_updates
    for quantity in QUANTITIES:
        num_values = len(set(planned(quantity, num_updates)))
        assert num_values > num_updates / 20, f"{quantity} hardly changes"
