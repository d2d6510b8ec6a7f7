"""When the rules about step sizes speak, and when they must not."""

import numpy as np
import pytest

from glidepath.diagnosis.rules import cold_second_moment, eps_dominates
from glidepath.record import History

JUMP = [2.0, 9.0, 20.0, 9.0, 6.0, 3.0, 1.9, 1.5, 1.2, *[1.0] * 91]
LOOKS = (0, 10, 50)


def run(
    losses=JUMP, rates=None, *, sizes=(10.0, 1.0, 1.0), looks=LOOKS, beta2=0.999, memories=None
):
    """A record of a run with one array and three looks."""
    rates = [0.1] * len(losses) if rates is None else rates
    lines = [
        {"kind": "update", "step": step, "loss": loss, "lr": rate}
        for step, (loss, rate) in enumerate(zip(losses, rates, strict=True))
    ]
    memories = memories or [(step + 1) * (1 - beta2) for step in looks]
    for step, size, memory in zip(looks, sizes, memories, strict=True):
        arrays = {"w": {"step_size": [size / 2, size, 2 * size]}}
        lines.append({"kind": "layers", "step": step, "arrays": arrays, "memory": memory})
    return History(lines)


def cold(history):
    return list(cold_second_moment.RULE.find(history))


def test_a_jump_while_the_moment_is_cold_is_found_with_its_numbers():
    (found,) = cold(run())
    assert (found.step, found.level, found.sure) == (2, "warning", "likely")
    assert found.evidence == {
        "before": 2.0,
        "crest": 20.0,
        "crest_step": 2,
        "back_step": 6,
        "rate": 0.1,
        "remembered_updates": 1_000,
        "memory": pytest.approx(0.001),
        "times_as_long": 10.0,
    }
    assert "from 2 to 20 at step 2" in found.what
    assert "1 of the 1,000 updates" in found.what
    assert "2,000 updates" in found.tries[0]


WARMED_UP = ([2.0] * 15 + JUMP[1:], [0.1 * min(1.0, (i + 1) / 20) for i in range(114)])
"""Losses and rates of a run whose loss jumps when its rate comes to the peak."""


@pytest.mark.parametrize(
    ("history", "num_found"),
    [
        (run(sizes=(4.0, 1.0, 1.0)), 1),
        (run(sizes=(3.9, 1.0, 1.0)), 0),  # steps were as long later, without harm
        (run(JUMP[:1] + JUMP[6:]), 0),  # no jump
        (run([1.0, 1.4, 1.4, 1.4, 1.4, 1.4, *[1.0] * 94]), 0),  # none to speak of
        (run([2.0, *[9.0] * 99]), 0),  # it did not come back: the rate is too high
        (run(JUMP[:20]), 0),  # too early to tell noise from a jump
        (run(JUMP[:26], looks=(0, 10, 20)), 1),
        (run(beta2=0.5), 0),  # two updates are remembered
        (run(memories=[np.inf] * 3), 0),  # AdaGrad
        (run(memories=[np.nan] * 3), 0),  # nobody counts
        (run([-loss for loss in JUMP]), 0),  # a loss without a zero
        (run([np.nan, *JUMP[1:]]), 0),  # nobody knows where it began
        (run([*JUMP[:50], np.inf, *JUMP[51:]]), 1),
        (run(sizes=(np.nan, 1.0, 1.0)), 0),
        (run(*WARMED_UP, sizes=(0.5, 10.0, 1.0)), 1),
        (run(*WARMED_UP, sizes=(0.5, 1.0, 1.0)), 0),
        (run(rates=[1.0] * 9 + [0.1] * 91), 0),  # it came back, and all was later at a tenth
        (run(rates=[0.1] * 30 + [0.05] * 70), 1),
        (History([]), 0),
    ],
)
def test_a_cold_moment_is_an_illness_only_where_it_did_harm(history, num_found):
    assert len(cold(history)) == num_found


def test_losses_that_jump_about_anyway_are_no_jump():
    chance = np.random.default_rng(0)
    noisy = [2.0, *(10.0 * chance.standard_normal(99) ** 2)]
    assert not cold(run(noisy))


def test_a_run_that_goes_on_is_not_cold():
    later = [{**line, "step": line["step"] + 5_000} for line in _updates(JUMP)]
    looks = [(5_000, 10.0), (5_010, 1.0)]
    layers = [
        {"kind": "layers", "step": step, "arrays": {"w": {"step_size": [size] * 3}},
         "memory": step / 1_000}
        for step, size in looks
    ]  # fmt: skip
    assert not cold(History([*later, *layers]))


def _updates(losses):
    return [{"kind": "update", "step": i, "loss": loss, "lr": 0.1} for i, loss in enumerate(losses)]


def arrays_over_looks(model=None, **arrays):
    """A record of looks; an array is its eps shares, gradient zeros and gradient norms."""
    num_looks = len(next(iter(arrays.values()))[0])
    lines = [{"kind": "model", "step": 0, "arrays": model}] if model else []
    for i in range(num_looks):
        told = {
            name: {
                "eps_share": shares[i],
                "gradient_zeros": zeros[i],
                "gradient_norm": norms[i],
                "step_size": [1.0, 2.0, 3.0],
            }
            for name, (shares, zeros, norms) in arrays.items()
        }
        lines.append({"kind": "layers", "step": 100 * i, "arrays": told, "memory": 1.0})
    return History(lines)


def array(shares, zeros=0.0, norms=1.0):
    num = len(shares)
    return [[one] * num if isinstance(one, float) else list(one) for one in (shares, zeros, norms)]


def eps(history):
    return list(eps_dominates.RULE.find(history))


WELL = array([0.0] * 4)


def test_arrays_that_eps_rules_are_named():
    found = eps(arrays_over_looks(first=array([0.9, 0.3, 0.8, 0.8]), second=WELL, third=WELL))
    assert [(one.arrays, one.level, one.sure, one.step) for one in found] == [
        (("first",), "note", "certain", 200)
    ]
    assert found[0].evidence == {"num_arrays": 3, "eps_share": 0.8, "num_looks": 3}
    assert "80% of the elements: steps are 2 times the gradient (first)" in found[0].what
    (all_of_them,) = eps(arrays_over_looks(first=array([1.0] * 4), second=array([1.0] * 4)))
    assert all_of_them.level == "warning"


@pytest.mark.parametrize(
    "ill",
    [
        array([1.0, 1.0, 0.0, 0.0]),  # at first only
        array([1.0, 1.0, 1.0, 0.4]),  # not any more
        array([0.9] * 4, zeros=0.85),  # most of it has no gradient
        array([1.0] * 4, zeros=0.95),  # rows of an embedding
        array([1.0] * 4, zeros=1.0, norms=0.0),  # none has
        array([1.0] * 4, norms=1e-6),  # rounding error
        array([0.0, 0.0, 1.0, 1.0], norms=[1.0, 1.0, 1e-3, 1e-3]),  # all is learnt
        array([1.0] * 4, zeros=np.nan),
    ],
)
def test_eps_may_rule_what_does_not_count(ill):
    others = {f"well{i}": WELL for i in range(3)}
    assert not eps(arrays_over_looks(ill=ill, **others))


def test_eps_may_rule_arrays_that_are_known_to_be_idle():
    looks = {"ill": array([1.0] * 4), "well": WELL}
    assert eps(arrays_over_looks(**looks))
    about = {"ill": {"shape": [3], "idle": True}, "well": {"shape": [3]}}
    assert not eps(arrays_over_looks(about, **looks))


def test_two_looks_after_the_first_are_needed():
    assert not eps(arrays_over_looks(ill=array([1.0, 1.0])))
    assert eps(arrays_over_looks(ill=array([1.0, 1.0, 1.0])))
    assert not eps(History([]))


def test_rounding_error_is_judged_per_element():
    """The gradient of a large array has a large norm, though each element of it is rounding."""
    about = {"keys": {"shape": [1_000_000]}, **{f"b{i}": {"shape": [4]} for i in range(3)}}
    looks = {"keys": array([1.0] * 4, norms=1e-3)} | {f"b{i}": WELL for i in range(3)}
    assert not eps(arrays_over_looks(about, **looks))
    about["keys"]["shape"] = [4]
    assert eps(arrays_over_looks(about, **looks))
