"""kill -9: the run that is gone on with comes to the same numbers."""

import pytest

from tests.faults import killing
from tests.faults.outcome import GOOD
from tests.faults.places import IN_A_SAVE


@pytest.mark.parametrize("seed", range(1))
def test_a_run_killed_at_random_moments_goes_on_bit_for_bit(seed, tmp_path, whole):
    assert killing.at_random_moments(seed, tmp_path, whole) == GOOD


@pytest.mark.parametrize("place", IN_A_SAVE)
def test_a_run_killed_inside_a_save_goes_on_from_the_one_before(place, tmp_path, whole):
    assert killing.in_a_save(0, tmp_path, whole, place) == GOOD


@pytest.mark.parametrize("seed", range(1))
def test_a_run_killed_before_any_change_of_the_disk_goes_on_bit_for_bit(seed, tmp_path, whole):
    assert killing.before_a_change(seed, tmp_path, whole) == GOOD


def test_a_run_killed_after_a_rollback_goes_on_bit_for_bit(tmp_path, whole_with_a_rollback):
    assert killing.after_a_rollback(0, tmp_path, whole_with_a_rollback) == GOOD
