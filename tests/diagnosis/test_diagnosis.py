"""Every rule finds its own illness in a real run, and nothing in healthy ones."""

from functools import cache

import pytest
import table
from registry import RUNS

from glidepath.diagnosis import RULES


@pytest.fixture(scope="module")
def verdict_on(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs")
    return cache(lambda name: table.verdict(*RUNS[name], directory / name))


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_found_to_have_what_it_has_and_nothing_else(name, verdict_on):
    assert verdict_on(name) == RUNS[name][1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_rule_has_a_run_with_its_illness_and_says_what_it_looks_at(rule):
    assert any(rule.code in ill_with for _, ill_with in RUNS.values())
    assert min(map(len, (rule.looks_at, rule.threshold, rule.source))) > 3


def test_the_codes_are_unique():
    assert len({rule.code for rule in RULES}) == len(RULES)


def test_the_table_in_the_docs_is_what_these_runs_make(verdict_on):
    verdicts = {name: (ill_with, verdict_on(name)) for name, (_, ill_with) in RUNS.items()}
    assert table.on_page() == table.table(verdicts)
