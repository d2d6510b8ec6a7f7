"""Which checkpoints stay."""

import pytest

from glidepath.training.checkpoints import About, Keep
from glidepath.training.every import Every

LOSSES = {0: 9.0, 10: 3.0, 20: float("nan"), 30: 2.0, 40: 4.0, 50: 5.0}
THERE = [About(step, metrics={"val_loss": loss}, time=60.0 * step) for step, loss in LOSSES.items()]


@pytest.mark.parametrize(
    ("keep", "steps"),
    [(Keep(), {40, 50}),
     (Keep(newest=1), {50}),
     (Keep(newest=9), set(LOSSES)),
     (Keep(newest=1, best=2), {10, 30, 50}),
     (Keep(newest=1, best=9), {0, 10, 30, 40, 50}),
     (Keep(newest=1, best=1, metric="accuracy"), {50}),
     (Keep(newest=1, every=Every(20)), {0, 20, 40, 50}),
     (Keep(newest=1, every=Every(25)), {0, 30, 50}),
     (Keep(newest=1, every=Every(seconds=1500.0)), {0, 30, 50}),
     (Keep(newest=2, every=Every(30), best=1), {0, 30, 40, 50})],
)  # fmt: skip
def test_what_any_of_the_rules_asks_for_stays(keep, steps):
    assert keep.kept(THERE) == steps
    assert keep.kept(reversed(THERE)) == steps


def test_one_that_was_not_due_takes_the_place_of_none():
    there = [About(0), About(10), About(15, is_due=False), About(20), About(25, is_due=False)]
    assert Keep(newest=2).kept(there) == {10, 15, 20, 25}
    assert Keep(newest=1).kept(there) == {20, 25}
    assert Keep(newest=1).kept(there[:3]) == {10, 15}


def test_nothing_stays_of_nothing():
    assert Keep(best=3, every=Every(10)).kept([]) == set()


@pytest.mark.parametrize("numbers", [{"newest": 0}, {"best": -1}])
def test_a_rule_that_keeps_less_than_nothing_is_refused(numbers):
    with pytest.raises(ValueError, match=r"`keep(_best)?` must be at least"):
        Keep(**numbers)
