"""Runs that nothing went wrong with, to compare with, and one that was cut short."""

from dataclasses import replace

import pytest

from tests.faults.breaking import CUT_AT
from tests.faults.child import Child, Job
from tests.faults.killing import HAS_NAN, ROLLS_BACK


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    job = Job(folder / "whole", cache=folder / "compiled")
    assert Child(job).end() == 0
    return job


@pytest.fixture(scope="session")
def whole_with_a_rollback(whole):
    job = replace(whole, path=whole.path.parent / "back", settings=ROLLS_BACK, problem=HAS_NAN)
    child = Child(job)
    assert child.end() == 0
    assert "rollback" in child.log
    return job


@pytest.fixture(scope="session")
def cut(whole):
    settings = replace(whole.settings, num_steps=CUT_AT)
    job = replace(whole, path=whole.path.parent / "cut", settings=settings)
    assert Child(job).end() == 0
    return job
