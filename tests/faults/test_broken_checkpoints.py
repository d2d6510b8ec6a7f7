"""Broken checkpoints are found, told and not used; without one a run is refused."""

import numpy as np
import pytest

from glidepath.training.checkpoints import Checkpoints
from glidepath.training.run_directory import RunDirectory
from tests.faults import breaking
from tests.faults.outcome import GOOD


@pytest.mark.parametrize("how", breaking.DAMAGES)
def test_whatever_file_is_broken_the_older_checkpoint_is_taken_and_it_is_told(how, tmp_path, cut):
    random = np.random.default_rng(0)
    for number, original in enumerate(breaking.files(cut)):
        job = breaking.copied(cut, tmp_path / str(number))
        told = []
        breaking.DAMAGES[how](breaking.files(job)[number], random)
        checkpoints = Checkpoints(RunDirectory(job.path).checkpoints, tell=told.append)
        assert checkpoints.newest().step == breaking.OLDER
        checkpoints.close()
        (sentence,) = told
        assert sentence.startswith("the checkpoint at step 11 is damaged and is not used: ")
        assert original.name in sentence
        assert sentence.endswith("it is set aside as 11.damaged")


@pytest.mark.parametrize("seed", range(2))
def test_a_run_with_a_broken_checkpoint_goes_on_bit_for_bit(seed, tmp_path, whole, cut):
    assert breaking.a_file(seed, tmp_path, whole, cut) == GOOD


def test_a_run_without_a_whole_checkpoint_is_refused_and_nothing_is_lost(tmp_path, whole, cut):
    assert breaking.all_of_them(0, tmp_path, whole, cut) == GOOD
