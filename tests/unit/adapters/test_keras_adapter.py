"""The Keras adapter on each backend, in a process of its own for each: Keras chooses one in each.

A check in `keras_*_checks.py` whose name begins with `test_compiled_` is for the backends that
compile the train step, one that begins with `test_on_jax_` for JAX alone.
"""

import ast
import os
import subprocess
import sys
import xml.etree.ElementTree as xml
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ADAPTER = HERE.parents[2] / "src/glidepath/adapters/keras"
CHECKS = {
    one.name: file
    for file in sorted(HERE.glob("keras_*_checks.py"))
    for one in ast.parse(file.read_text(encoding="utf-8")).body
    if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")
}
EXAMPLES = "the examples in the docstrings"


def is_for(check, backend):
    if check.startswith("test_on_jax_"):
        return backend == "jax"
    return not (check.startswith("test_compiled_") and backend == "torch")


def pairs():
    for backend in ("jax", "torch", "tensorflow"):
        marks = [pytest.mark.heavy] if backend != "jax" else []
        for check in (*CHECKS, EXAMPLES):
            if is_for(check, backend):
                yield pytest.param(backend, check, marks=marks)


@cache
def outcome(backend, folder):
    """What went wrong, by the name of the check; all that was said where nothing was recorded."""
    record = folder / f"{backend}.xml"
    wanted = [f"{file}::{name}" for name, file in CHECKS.items() if is_for(name, backend)]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *wanted]
    done = subprocess.run(
        [*command, str(ADAPTER), f"--junitxml={record}"],
        env=os.environ | {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        cwd=HERE.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    found = {}
    for case in xml.parse(record).iter("testcase") if record.exists() else ():
        name = case.get("name").partition("[")[0]
        name = EXAMPLES if name.startswith("glidepath.") else name
        trouble = [part.text for part in case if part.tag in ("failure", "error", "skipped")]
        found.setdefault(name, []).extend(trouble)
    return found, done.stdout + done.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("keras")


@pytest.mark.parametrize(("backend", "check"), list(pairs()))
def test_it_holds_on_the_backend(backend, check, folder):
    # Not `importorskip`, for to import Keras is to choose a backend.
    for package in ("keras", backend):
        if find_spec(package) is None:
            pytest.skip(f"needs {package}")
    found, said = outcome(backend, folder)
    assert check in found, said
    assert found[check] == [], "\n".join(found[check])
