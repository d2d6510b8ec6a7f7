"""What all adapters share: what is missing, what is a plan, which plan a state belongs to."""

import subprocess
import sys
from functools import partial

import pytest

from glidepath import Horizon, Phase, Plan, constant, cosine, from_function, linear
from glidepath.plan.as_plan import as_plan
from glidepath.plan.identity import check_same, has_same_past, identity


@pytest.mark.parametrize(
    ("adapter", "package", "extra"),
    [
        ("torch", "torch", "torch"),
        ("optax", "optax", "jax"),
        ("keras", "keras", "keras"),
        ("transformers", "transformers", "transformers"),
        ("lightning", "lightning", "lightning"),
    ],
)
def test_a_missing_framework_is_an_error_that_names_the_extra(adapter, package, extra):
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.modules['pytorch_lightning'] = None\n"
        f"try:\n    from glidepath.adapters.{adapter} import *\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert f"pip install 'glidepath[{extra}]'" in told.stdout
    assert f"`{package}`" in told.stdout


def test_a_plan_is_itself_and_a_schedule_a_plan_of_the_rate():
    plan = Plan(Phase("all", 10, lr=1.0))
    assert as_plan(plan) is plan
    lr = linear(1.0, 0.0).over("2 epochs") >> constant(0.5).over(3)
    made = as_plan(lr.on(Horizon(samples=15, batch=10)))
    assert (made.total_steps, made.names) == (6, ("lr",))
    assert [made["lr"](t) for t in range(8)] == [
        lr.on(Horizon(samples=15, batch=10))(t) for t in range(8)
    ]


def test_a_schedule_without_end_goes_on_in_its_plan():
    lr = cosine(1.0, 0.0).over(7).repeat()
    assert [as_plan(lr)["lr"](t) for t in range(30)] == [lr(t) for t in range(30)]


def test_what_is_neither_or_no_rate_is_refused():
    with pytest.raises(TypeError, match="expected a Plan, or a Schedule such as"):
        as_plan({"lr": 0.1})
    with pytest.raises(ValueError, match="`lr` must be at least 0"):
        as_plan(linear(1.0, -1.0).over(10))


def test_the_same_plan_is_the_same_whatever_made_it():
    saved = identity(Plan(Phase("all", "10 steps", lr=linear(1, 0))))
    check_same(Plan(Phase("all", 10, lr=linear(1.0, 0.0))), saved, "")
    assert saved["fingerprint"]
    assert 'name = "all"' in saved["plan"]


def test_another_plan_is_told_line_by_line():
    saved = identity(Plan(Phase("all", 10, lr=1.0), weight_decay=0.1))
    with pytest.raises(ValueError, match="do this instead") as caught:
        check_same(Plan(Phase("all", 10, lr=0.5), weight_decay=0.1), saved, "do this instead")
    changed = [line for line in str(caught.value).splitlines() if line[:1] in "+-"]
    assert changed == ["--- saved", "+++ this plan", "-lr = 1.0", "+lr = 0.5"]


def of_function(function):
    return as_plan(from_function(function).over(3))


def test_functions_are_told_apart_by_name_and_by_what_they_say():
    saved = identity(of_function(partial(pow, 2)))
    check_same(of_function(partial(pow, 2)), saved, "")  # another object, at another address
    assert " at 0x" not in saved["plan"]
    halves, thirds = (lambda t, b=base: b**-t for base in (2.0, 3.0))
    with pytest.raises(ValueError, match="its function gives other values"):
        check_same(of_function(halves), identity(of_function(thirds)), "")


def test_a_function_of_few_steps_has_an_identity_too():
    table = [0.1, 0.2, 0.3]
    plan = as_plan(from_function(lambda t: table[t]).over(100))
    assert identity(plan)["fingerprint"].startswith("function ")


def test_a_plan_with_another_future_has_the_same_past():
    plan = Plan(Phase("all", 10, lr=linear(1.0, 0.0)), weight_decay=0.1)
    longer = plan.extend(Phase("more", 5, lr=0.5))
    other = Plan(Phase("all", 10, lr=linear(1.0, 0.1)), weight_decay=0.1)
    assert has_same_past(longer, identity(plan), 10)
    assert not has_same_past(longer, identity(plan), 12)
    assert not has_same_past(other, identity(plan), 10)
    assert has_same_past(other, identity(plan), 1)
