"""Runs that nothing goes wrong with, made once."""

import pytest

from tests.faults import undisturbed


@pytest.fixture(scope="session")
def whole(tmp_path_factory):
    return undisturbed.whole(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="session")
def whole_with_a_rollback(whole):
    return undisturbed.with_a_rollback(whole)


@pytest.fixture(scope="session")
def cut(whole):
    return undisturbed.cut(whole)
