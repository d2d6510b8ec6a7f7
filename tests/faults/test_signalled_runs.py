"""SIGTERM and SIGINT: saved and stopped at the first, ended at the second."""

import pytest

from tests.faults import signalling
from tests.faults.outcome import GOOD


@pytest.mark.parametrize(("seed", "stage"), [*enumerate(signalling.STAGES)])
def test_a_signal_saves_and_stops_a_run_wherever_it_is(seed, stage, tmp_path, whole):
    assert signalling.once(seed, tmp_path, whole, stage) == GOOD


@pytest.mark.parametrize("seed", range(2))
def test_a_run_stopped_before_a_rollback_goes_back_to_where_any_run_does(
    seed, tmp_path, whole_with_a_rollback
):
    assert signalling.before_a_rollback(seed, tmp_path, whole_with_a_rollback) == GOOD


@pytest.mark.parametrize("where", [signalling.twice_in_xla, signalling.twice_in_a_save])
def test_a_second_signal_ends_a_run_at_once(where, tmp_path, whole):
    assert where(0, tmp_path, whole) == GOOD
