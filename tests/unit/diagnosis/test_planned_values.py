"""What a run used, held against its plan."""

import numpy as np
import pytest

from glidepath import Phase, Plan, constant, cosine, linear
from glidepath.diagnosis.planned_values import used_values
from glidepath.plan.files import dumps
from glidepath.record import History

PLAN = Plan(Phase("all", 100, lr=linear(0.1, 0.0)), weight_decay=0.1)


def a_history(rates, plan=PLAN, restart=None, **columns):
    """A record of one rate an update; of other columns, None is left out."""
    columns = {"lr": rates} | columns
    updates = [
        {"kind": "update", "step": step}
        | {name: of[step] for name, of in columns.items() if of[step] is not None}
        for step in range(len(rates))
    ]
    restarts = [] if restart is None else [{"kind": "restart", "step": restart}]
    return History([{"kind": "run", "plan": dumps(plan)}, *updates, *restarts])


def off(*arguments, **columns):
    """The steps at which the rate is not the plan's."""
    used = used_values(a_history(*arguments, **columns), "lr")
    return used.steps[~used.is_planned].tolist()


def rates_while_skipping(skipped):
    """Of a scheduler that is stepped only where the update was done."""
    done = np.arange(100) - (np.cumsum(skipped) - skipped)
    return PLAN["lr"](done).tolist()


def test_a_rate_that_stands_still_while_updates_are_skipped_is_planned():
    skipped = np.isin(np.arange(100), (0, 1, 2, 40))
    rates = rates_while_skipping(skipped)
    assert rates[0] == rates[1] == rates[3] > rates[4]
    assert rates[40] == rates[41]
    assert off(rates, skipped=[True if one else None for one in skipped]) == []


def test_the_same_rates_are_off_the_plan_where_nothing_was_skipped():
    skipped = np.isin(np.arange(100), (0, 40))
    assert off(rates_while_skipping(skipped)) == list(range(1, 100))


def test_a_schedule_that_moves_on_while_updates_are_skipped_is_planned_too():
    skipped = [True] * 5 + [None] * 95
    assert off(PLAN["lr"](np.arange(100)).tolist(), skipped=skipped) == []


def test_a_rate_further_behind_than_updates_were_skipped_is_off_the_plan():
    rates = PLAN["lr"](np.maximum(np.arange(100) - 2, 0)).tolist()
    assert off(rates, skipped=[True] + [None] * 99) == list(range(2, 100))


@pytest.mark.parametrize(("times", "is_off"), [(1 + 5e-6, False), (1 + 5e-5, True)])
def test_a_value_may_differ_by_what_float32_loses_and_no_more(times, is_off):
    plan = Plan(Phase("all", 50, lr=constant(0.1)))
    assert off([0.1 * times] * 50, plan) == (list(range(50)) if is_off else [])


def test_a_cosine_in_float32_is_planned_to_its_end():
    plan = Plan(Phase("all", 1_000, lr=cosine(1.0, 0.0)))
    progress = np.arange(1_000, dtype=np.float32) / np.float32(1_000)
    rates = np.float32(0.5) * (1 + np.cos(np.float32(np.pi) * progress))
    assert off([float(rate) for rate in rates], plan) == []
    assert off([float(rate) + 2e-5 for rate in rates], plan)[-1] == 999


def test_what_nobody_saw_and_what_came_before_the_last_start_is_left_out():
    rates = [0.5] * 100
    history = a_history(rates, restart=60, planned=[None] * 80 + [True] * 20)
    used = used_values(history, "lr")
    assert used.steps.tolist() == list(range(60, 80))
    assert not used.is_planned.any()
    assert len(used_values(history, "weight_decay").steps) == 0
