"""Two processes on one run: the second is refused, and told who is there."""

import pytest

from tests.faults import sharing
from tests.faults.outcome import GOOD


@pytest.mark.parametrize("kills", [False, True])
def test_the_second_is_refused_by_name_until_the_first_is_gone(kills, tmp_path, whole):
    assert sharing.by_two(0, tmp_path, whole, kills=kills) == GOOD
