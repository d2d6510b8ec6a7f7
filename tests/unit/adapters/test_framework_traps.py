"""What goes wrong with schedulers inside frameworks, with the wrong number beside the right one.

Numbered as in the project's notes on the field's schedulers; those about schedules themselves are
in tests/unit/plan/test_traps.py, 8 is also in test_accelerate.py and test_transformers_adapter.py,
and 15 in test_cyclic_cosine.py.
"""

import io

import pytest
import torch
from torch.optim import lr_scheduler

from glidepath import Phase, Plan, constant, cosine, decay, linear, piecewise_constant
from glidepath.adapters.torch import PlanScheduler
from tests.parity.runners.plan import five_phases


def sgd(**settings):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, **settings)


def resumed(plan, last_epoch):
    optimizer = sgd()
    PlanScheduler(optimizer, plan, last_epoch=last_epoch)
    return optimizer.param_groups[0]["lr"]


def rates(optimizer, scheduler, num):
    used = []
    for _ in range(num):
        used.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return used


# Trap 1: sequences. pytorch#196243, #162591.


@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step:UserWarning")
def test_a_nested_sequence_keeps_its_times():
    warm_up, fall = linear(0.1, 1.0).over(3), decay(1.0, 0.5, every=1).over(3)
    optimizer = sgd()
    ours = rates(optimizer, PlanScheduler(optimizer, (warm_up >> fall) >> constant(1.0).over(2)), 8)
    assert ours == pytest.approx([0.1, 0.4, 0.7, 1.0, 0.5, 0.25, 1.0, 1.0])

    optimizer = sgd()
    inner = lr_scheduler.SequentialLR(
        optimizer,
        [lr_scheduler.LinearLR(optimizer, 0.1, total_iters=3),
         lr_scheduler.ExponentialLR(optimizer, 0.5)],
        milestones=[3],
    )  # fmt: skip
    outer = lr_scheduler.SequentialLR(
        optimizer, [inner, lr_scheduler.ConstantLR(optimizer, factor=1.0)], milestones=[6]
    )
    theirs = rates(optimizer, outer, 8)
    assert theirs == pytest.approx([0.1, 0.4, 1.0, 0.5, 0.25, 0.125, 1.0, 1.0])


def test_a_sequence_that_goes_on_at_a_step_has_the_rate_of_that_step():
    lr = linear(0.1, 1.0).over(3) >> decay(1.0, 0.5, every=1).over(5)
    assert resumed(lr, last_epoch=4) == lr(5) == 0.25

    optimizer = sgd()
    optimizer.param_groups[0]["initial_lr"] = 1.0
    warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=3)
    fall = lr_scheduler.ExponentialLR(optimizer, 0.5)
    lr_scheduler.SequentialLR(optimizer, [warm_up, fall], milestones=[3], last_epoch=4)
    assert optimizer.param_groups[0]["lr"] == 0.1


# Trap 2: going on with half of a checkpoint, or with a number. pytorch#29697.


def test_a_scheduler_that_is_loaded_alone_sets_the_rate():
    lr = piecewise_constant([1.0, 0.1, 0.01], [2, 4])
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, lr)
    rates(optimizer, scheduler, 3)
    optimizer = sgd()
    again = PlanScheduler(optimizer, lr)
    again.load_state_dict(scheduler.state_dict())
    assert rates(optimizer, again, 3) == [0.1, 0.01, 0.01]

    optimizer = sgd()
    theirs = lr_scheduler.MultiStepLR(optimizer, [2, 4], gamma=0.1)
    rates(optimizer, theirs, 3)
    optimizer = sgd()
    again = lr_scheduler.MultiStepLR(optimizer, [2, 4], gamma=0.1)
    again.load_state_dict(theirs.state_dict())
    assert rates(optimizer, again, 3) == [1.0, 0.1, 0.1]


def test_warm_restarts_that_go_on_at_a_step_have_the_rate_of_that_step():
    lr = cosine(1.0, 0.0).over(10).repeat(growth=2)
    assert resumed(lr, last_epoch=35) == pytest.approx(0.946, abs=5e-4)

    optimizer = sgd()
    optimizer.param_groups[0]["initial_lr"] = 1.0
    lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 10, T_mult=2, last_epoch=35)
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.794, abs=5e-4)


# Trap 6: rates in compiled steps. The tensor's side is in test_torch_scheduler.py.


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")
def test_a_float_rate_in_a_compiled_step_compiles_anew_and_a_tensor_does_not():
    def num_compiled(rate):
        compiled = []

        def backend(graph, _):
            compiled.append(graph)
            return graph.forward

        parameter = torch.nn.Parameter(torch.ones(2))
        optimizer = torch.optim.SGD([parameter], lr=rate)
        scheduler = PlanScheduler(optimizer, five_phases()["lr"])
        torch._dynamo.reset()
        step = torch.compile(optimizer.step, backend=backend)
        for _ in range(20):
            parameter.grad = torch.ones(2)
            step()
            scheduler.step()
        return len(compiled)

    assert num_compiled(torch.tensor(1.0)) == 1
    assert num_compiled(1.0) > 1


# Trap 7: the order of the calls under GradScaler.


def skipped_first_update(make):
    parameter = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    scheduler = make(optimizer)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale(parameter.sum() * float("inf")).backward()
    scaler.step(optimizer)
    scaler.update()
    scheduler.step()
    return optimizer.param_groups[0]["lr"]


def test_a_skipped_first_update_neither_warns_nor_counts():
    halves = decay(1.0, 0.5, every=1, stair=True).over(9)
    assert skipped_first_update(lambda optimizer: PlanScheduler(optimizer, halves)) == 1.0
    with pytest.warns(UserWarning, match="`lr_scheduler.step\\(\\)` before `optimizer.step"):
        theirs = skipped_first_update(lambda one: lr_scheduler.StepLR(one, 1, gamma=0.5))
    assert theirs == 0.5


# Trap 13: states that hold objects, groups that are added. pytorch#106243, #94450.


def plain(value):
    if isinstance(value, dict):
        return all(type(key) is str and plain(one) for key, one in value.items())
    if isinstance(value, list):
        return all(map(plain, value))
    return type(value) in (bool, int, float, str)


def test_a_state_holds_no_object():
    optimizer = torch.optim.AdamW([torch.nn.Parameter(torch.zeros(1))])
    scheduler = PlanScheduler(optimizer, five_phases())
    rates(optimizer, scheduler, 3)
    assert plain(scheduler.state_dict())
    file = io.BytesIO()
    torch.save(scheduler.state_dict(), file)
    file.seek(0)
    assert torch.load(file, weights_only=True) == scheduler.state_dict()


def test_a_group_that_is_added_breaks_lambda_lr_and_joins_in_here():
    def with_added(make):
        optimizer = sgd()
        scheduler = make(optimizer)
        optimizer.add_param_group({"params": [torch.nn.Parameter(torch.zeros(1))]})
        optimizer.step()
        scheduler.step()
        return [group["lr"] for group in optimizer.param_groups]

    lr = decay(1.0, 0.5, every=1).over(9)
    assert with_added(lambda optimizer: PlanScheduler(optimizer, lr)) == [0.5, 0.5]
    with pytest.raises(ValueError, match="zip"):
        with_added(lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda t: 0.5**t))


# Trap 15, the plan's side: two plans for one number are found out.


def test_two_schedulers_for_one_rate_are_an_error_and_their_product_is_a_plan():
    one, other = linear(1.0, 0.0).over(10), decay(1.0, 0.5, every=1).over(10)
    optimizer = sgd()
    first = PlanScheduler(optimizer, Plan(Phase("all", 10, lr=one)))
    PlanScheduler(optimizer, other)
    optimizer.step()
    first.step()  # both begin at 1.0: nothing to be found out yet
    optimizer.param_groups[0]["lr"] *= 0.5
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"multiply the schedules"):
        first.step()

    optimizer = sgd()
    found = rates(optimizer, PlanScheduler(optimizer, one * other), 10)
    assert found == pytest.approx([one(t) * other(t) for t in range(10)])
