"""Which choice of samples an update learns from, after rollbacks."""

import pytest

from glidepath.training.checkpoints import Redraw
from glidepath.training.redraws import MOST_ATTEMPTS, Redraws


def attempts(redraws, num_steps=10):
    return [redraws.attempt(step) for step in range(num_steps)]


def test_at_first_every_update_has_the_seed_s_own_samples():
    assert attempts(Redraws()) == [0] * 10


def test_the_stretch_from_the_checkpoint_to_the_broken_update_gets_others():
    once = Redraws().after(first=3, broken=5)
    assert attempts(once) == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0]
    assert once.made == (Redraw(3, 6, 1),)


def test_a_stretch_that_breaks_again_gets_yet_others_and_one_elsewhere_begins_anew():
    once = Redraws().after(3, 5)
    assert attempts(once.after(3, 4)) == [0, 0, 0, 2, 2, 1, 0, 0, 0, 0]
    assert attempts(once.after(6, 8)) == [0, 0, 0, 1, 1, 1, 1, 1, 1, 0]


def test_a_stretch_around_another_has_no_choice_that_was_tried():
    redraws = Redraws().after(3, 5).after(3, 5).after(0, 7)
    assert attempts(redraws) == [3] * 8 + [0, 0]


def test_what_breaks_with_every_choice_is_not_the_data_s_fault():
    redraws = Redraws()
    for _ in range(MOST_ATTEMPTS):
        redraws = redraws.after(3, 5)
    with pytest.raises(FloatingPointError, match=r"step 5 .* 3 other choices .* since step 3"):
        redraws.after(3, 5)
    assert attempts(redraws.after(6, 7))[6:8] == [1, 1]
