"""A plan's file in which values are set by their paths."""

import pytest

from glidepath import Phase, Plan, linear
from glidepath.plan import files
from glidepath.sweeps.base import base_named
from glidepath.sweeps.keys import flat


def test_a_phase_may_be_called_as_another_with_a_dot_and_more(tmp_path):
    plan = Plan(Phase("warm", 2, lr=linear(0.0, 0.1)), Phase("warm.up", 2, lr=linear(0.1, 0.0)))
    files.save(plan, tmp_path / "plan.toml")
    base = base_named("plan.toml", tmp_path)
    path = "phase.warm.up.lr.from"
    assert path in base.known()
    assert base.plan({path: 0.2}, None)["lr"](2) == pytest.approx(0.2)
    assert base.plan({path: 0.2}, None)["lr"](1) == pytest.approx(plan["lr"](1))


def test_a_table_with_nothing_in_it_is_not_left_away():
    assert flat({"plan": {"peak": {}}, "seed": 1}) == {"plan.peak": {}, "seed": 1}
