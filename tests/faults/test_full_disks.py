"""A full disk ends a run, says so, and costs nothing but the time."""

import pytest

from tests.faults import filling
from tests.faults.outcome import GOOD


def test_a_run_whose_checkpoint_can_t_be_written_keeps_the_one_before(tmp_path, whole):
    assert filling.for_the_checkpoint(0, tmp_path, whole) == GOOD


def test_a_run_whose_record_can_t_grow_ends_and_goes_on(tmp_path, whole):
    assert filling.for_the_record(0, tmp_path, whole) == GOOD


@pytest.mark.skipif(not filling.can_mount(), reason="needs the right to mount a disk")
def test_a_run_on_a_disk_that_another_fills_ends_and_goes_on(tmp_path, whole):
    assert filling.of_a_small_disk(0, tmp_path, whole) == GOOD
