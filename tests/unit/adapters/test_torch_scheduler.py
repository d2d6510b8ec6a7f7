"""PlanScheduler: a torch optimizer that follows a plan."""

import copy

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler
from torch_updates import TRIANGLE, rates, sgd, update, weight

from glidepath import (
    Horizon,
    Optimizer,
    Phase,
    Plan,
    constant,
    linear,
    scaled,
)
from glidepath.adapters.torch import PlanScheduler
from tests.parity.runners.plan import five_phases

# Values.


def test_every_number_that_plan_and_optimizer_share_follows_the_plan():
    plan = five_phases()
    optimizer = torch.optim.AdamW([weight()], lr=9.0, betas=(0.5, 0.99))
    scheduler = PlanScheduler(optimizer, plan)
    group = optimizer.param_groups[0]
    for step in range(plan.total_steps + 10):
        assert group["lr"] == plan["lr"](step)
        assert group["weight_decay"] == plan["weight_decay"](step)
        assert group["betas"] == (plan["beta1"](step), 0.99)
        update(optimizer, scheduler)


def test_momentum_eps_and_numbers_of_its_own_follow():
    plan = Plan(
        Phase("all", 10, lr=1.0, momentum=linear(0.5, 0.9), rho=linear(1.0, 2.0)),
        quantities=["rho"],
    )
    optimizer = torch.optim.SGD([{"params": [weight()], "rho": 0.0}], lr=1.0)
    scheduler = PlanScheduler(optimizer, plan)
    update(optimizer, scheduler)
    assert optimizer.param_groups[0]["momentum"] == plan["momentum"](1)
    assert optimizer.param_groups[0]["rho"] == plan["rho"](1)


def test_beta2_is_what_rmsprop_calls_alpha():
    optimizer = torch.optim.RMSprop([weight()], lr=1.0)
    PlanScheduler(optimizer, Plan(Phase("all", 10, lr=1.0, beta2=0.75)))
    assert optimizer.param_groups[0]["alpha"] == 0.75


def test_a_quantity_that_only_an_optimizer_could_follow_and_this_one_lacks_is_an_error():
    with pytest.raises(ValueError, match=r"the plan has `beta1`, and SGD has none; it has .*lr"):
        PlanScheduler(sgd(), Plan(Phase("all", 10, lr=1.0, beta1=0.9)))
    with pytest.raises(ValueError, match="`eps` of Adafactor is"):
        PlanScheduler(torch.optim.Adafactor([weight()]), Plan(Phase("all", 10, lr=1.0, eps=1e-3)))


def test_what_no_optimizer_has_is_read_off_the_scheduler():
    plan = Plan(Phase("all", 10, lr=linear(1.0, 0.0), clip=linear(2.0, 1.0)), rollout=3)
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, plan)
    assert scheduler.used is None
    update(optimizer, scheduler)
    assert scheduler.moment == plan.at(1)
    assert scheduler.used == plan.at(0)
    assert scheduler.moment.values["clip"] == plan["clip"](1) != 2.0


def test_a_schedule_alone_is_the_rate():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE.repeat())
    assert rates(optimizer, scheduler, 25) == [TRIANGLE.repeat()(t) for t in range(25)]


def test_a_schedule_in_epochs_brings_its_horizon():
    lr = linear(1.0, 0.0).over("2 epochs", per="epoch").on(Horizon(samples=100, batch=25))
    optimizer = sgd()
    assert rates(optimizer, PlanScheduler(optimizer, lr), 8) == [1.0] * 4 + [0.5] * 4


# Parameter groups.


def test_a_named_parameter_group_follows_its_group_and_every_other_the_default():
    plan = Plan(
        Phase("all", 10, lr={"default": linear(1.0, 0.0), "backbone": scaled(0.1)}),
        groups=["backbone"],
    )
    groups = [
        {"params": [weight()]},
        {"params": [weight()], "name": "backbone"},
        {"params": [weight()], "name": "head"},
    ]
    optimizer = torch.optim.SGD(groups, lr=9.0)
    scheduler = PlanScheduler(optimizer, plan)
    for step in range(12):
        value = plan["lr"](step)
        assert scheduler.get_last_lr() == scheduler.get_lr() == [value, 0.1 * value, value]
        update(optimizer, scheduler)


def test_a_parameter_group_with_another_name_says_which_one_it_follows():
    plan = Plan(Phase("all", 10, lr={"default": 1.0, "backbone": scaled(0.1)}), groups=["backbone"])
    groups = [
        {"params": [weight()], "name": "backbone, without decay", "follows": "backbone"},
        {"params": [weight()], "name": "backbone", "follows": None},
    ]
    scheduler = PlanScheduler(torch.optim.SGD(groups, lr=9.0), plan)
    assert scheduler.get_last_lr() == scheduler.get_lr() == [0.1, 1.0]


def test_a_quantity_of_one_group_alone_leaves_the_others_as_they_are():
    plan = Plan(Phase("all", 10, lr=1.0), weight_decay={"head": 0.2}, groups=["head"])
    groups = [{"params": [weight()]}, {"params": [weight()], "name": "head"}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.5)
    PlanScheduler(optimizer, plan)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.5, 0.2]


def test_a_group_of_the_plan_that_no_parameter_group_is_called_after_is_an_error():
    plan = Plan(Phase("all", 10, lr={"default": 1.0, "backbone": 0.1}), groups=["backbone"])
    with pytest.raises(ValueError, match="'backbone', and no parameter group is called so"):
        PlanScheduler(sgd(), plan)
    with pytest.raises(ValueError, match="`later` has 'spine', which is no group of the plan"):
        PlanScheduler(sgd(), plan, later=["spine"])
    with pytest.raises(TypeError, match="`later` must be a list"):
        PlanScheduler(sgd(), plan, later="backbone")


def test_parameter_groups_that_are_added_later_join_in_with_their_first_update():
    plan = Plan(
        Phase("all", 10, lr={"default": linear(1.0, 0.0), "backbone": scaled(0.1)}),
        groups=["backbone"],
    )
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, plan, later=["backbone"])
    update(optimizer, scheduler)
    backbone = weight()
    optimizer.add_param_group({"params": [backbone], "name": "backbone"})
    update(optimizer, scheduler)
    # Update 1 moved it by the plan's rate, not by the 9.0 that the optimizer was made with.
    torch.testing.assert_close(backbone.detach(), torch.ones(2) - 0.1 * 0.9)
    assert scheduler.get_last_lr() == [plan["lr"](2), plan["lr.backbone"](2)]


def test_groups_without_weight_decay_stay_without_while_others_have_it():
    plan = Plan(Phase("all", 10, lr=1.0, weight_decay=linear(0.2, 0.1)))
    groups = [{"params": [weight()]}, {"params": [weight()], "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.5)
    scheduler = PlanScheduler(optimizer, plan)
    update(optimizer, scheduler)
    found = [group["weight_decay"] for group in optimizer.param_groups]
    assert found == [plan["weight_decay"](1), 0.0]


def test_weight_decay_comes_to_optimizers_that_were_made_without_any():
    optimizer = sgd(groups=2)
    PlanScheduler(optimizer, Plan(Phase("all", 10, lr=1.0, weight_decay=0.2)))
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.2, 0.2]


def test_which_groups_decay_outlives_a_checkpoint_taken_while_decay_was_0():
    plan = Plan(Phase("all", 10, lr=1.0, weight_decay=linear(0.0, 0.1)))
    groups = [{"params": [weight()], "decays": True}, {"params": [weight()], "decays": False}]
    optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    scheduler = PlanScheduler(optimizer, plan)
    optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    update(optimizer, scheduler)
    found = [group["weight_decay"] for group in optimizer.param_groups]
    assert found == [plan["weight_decay"](1), 0.0]


def test_a_group_that_is_added_to_an_optimizer_without_decay_decays_like_its_elders():
    optimizer = torch.optim.AdamW([weight()], weight_decay=0.0)
    scheduler = PlanScheduler(optimizer, Plan(Phase("all", 10, lr=1.0, weight_decay=0.1)))
    update(optimizer, scheduler)
    optimizer.add_param_group({"params": [weight()]})
    optimizer.add_param_group({"params": [weight()], "decays": False, "weight_decay": 0.0})
    update(optimizer, scheduler)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.1, 0.0]


# What the plan says of the optimizer itself.


def test_gradients_are_clipped_as_the_plan_says():
    plan = Plan(Phase("all", 10, lr=1.0, clip=linear(0.5, 0.0)))
    optimizer = sgd(groups=2)
    scheduler = PlanScheduler(optimizer, plan)
    parameters = [group["params"][0] for group in optimizer.param_groups]
    for step in range(3):
        for parameter, gradient in zip(parameters, ([30.0, 0.0], [0.0, 40.0]), strict=True):
            parameter.grad = torch.tensor(gradient)
        before = [parameter.detach().clone() for parameter in parameters]
        optimizer.step()
        scheduler.step()
        moved = [now - was for now, was in zip(parameters, before, strict=True)]
        assert torch.cat(moved).norm().item() == pytest.approx(plan["clip"](step))


def test_the_constants_of_a_named_optimizer_hold_whatever_it_was_made_with():
    plan = Plan(
        Phase("all", 10, lr=1.0, beta1=0.8),
        optimizer=Optimizer("adamw", beta2=0.95, eps=1e-6, weight_decay=0.2, clip=3.0),
    )
    groups = [{"params": [weight()]}, {"params": [weight()], "decays": False, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups)
    PlanScheduler(optimizer, plan)
    found = [
        (group["betas"], group["eps"], group["weight_decay"], group["clip"])
        for group in optimizer.param_groups
    ]
    assert found == [((0.8, 0.95), 1e-6, 0.2, 3.0), ((0.8, 0.95), 1e-6, 0.0, 3.0)]


def test_another_optimizer_than_the_plan_names_is_refused():
    plan = Plan(Phase("all", 10, lr=1.0), optimizer="adamw")
    with pytest.raises(ValueError, match="the plan names its optimizer, adamw, and got SGD"):
        PlanScheduler(sgd(), plan)


# torch's own words.


def test_it_is_one_of_torchs_schedulers():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    assert isinstance(scheduler, lr_scheduler.LRScheduler)
    assert scheduler.last_epoch == 0
    assert scheduler.base_lrs == [9.0]


def test_last_epoch_goes_on_after_that_update_as_in_torch():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE, last_epoch=2)
    assert scheduler.last_epoch == 3
    assert scheduler.get_last_lr() == [TRIANGLE(3)]
    for wrong in (-2, 1.5, True):
        with pytest.raises(ValueError, match="`last_epoch` must be a step, or -1 for none"):
            PlanScheduler(sgd(), TRIANGLE, last_epoch=wrong)


def test_step_takes_a_step_to_go_to():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    scheduler.step(7)
    assert (scheduler.last_epoch, scheduler.get_last_lr()) == (7, [TRIANGLE(7)])
    for wrong in (1.5, -1, True):
        with pytest.raises(ValueError, match="`epoch` must be a step"):
            scheduler.step(wrong)


def test_what_is_no_optimizer_or_no_plan_is_refused():
    with pytest.raises(TypeError, match="`optimizer` must be one of torch's"):
        PlanScheduler([weight()], TRIANGLE)
    with pytest.raises(TypeError, match="expected a Plan, or a Schedule"):
        PlanScheduler(sgd(), 0.1)
    with pytest.raises(ValueError, match="`counts` must be one of updates, calls"):
        PlanScheduler(sgd(), TRIANGLE, counts="epochs")


# Counting.


def test_it_moves_once_an_update_however_often_it_is_called():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    scheduler.step()
    assert scheduler.last_epoch == 0
    optimizer.step()
    for _ in range(4):
        scheduler.step()
    assert scheduler.last_epoch == 1


def test_a_call_once_an_epoch_is_an_error_and_not_a_slow_plan():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    for _ in range(3):
        optimizer.step()
    with pytest.raises(RuntimeError, match="has done 3 updates since the last `step"):
        scheduler.step()


def test_it_says_that_it_stands_still_where_nothing_updates():
    scheduler = PlanScheduler(sgd(), TRIANGLE)
    with pytest.warns(
        UserWarning, match="called 1,000 times, and the optimizer has done no update"
    ):
        for _ in range(1_000):
            scheduler.step()


def test_calls_count_where_updates_happen_out_of_sight():
    scheduler = PlanScheduler(sgd(), TRIANGLE, counts="calls")
    for step in range(12):
        assert scheduler.get_last_lr() == [TRIANGLE(step)]
        scheduler.step()


@pytest.mark.parametrize("made", [torch.optim.SGD, torch.optim.AdamW])
@pytest.mark.parametrize("fused", [False, True])
def test_an_update_that_grad_scaler_skipped_does_not_count(made, fused):
    parameter = weight()
    optimizer = made([parameter], lr=1.0, fused=fused)
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    steps = []
    for blows_up in (True, True, False, True, False, False):
        optimizer.zero_grad()
        scaler.scale(parameter.sum() * (float("inf") if blows_up else 1.0)).backward()
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()
        steps.append(scheduler.last_epoch)
    assert steps == [0, 0, 1, 1, 2, 3]


# Beside other schedulers.


def test_a_second_scheduler_on_the_same_rate_is_found_out():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, constant(1.0).over(10))
    other = lr_scheduler.ExponentialLR(optimizer, 0.5)
    chained = lr_scheduler.ChainedScheduler([scheduler, other], optimizer)
    update(optimizer, chained)
    with pytest.raises(RuntimeError, match=r"gave `lr` 1.0, and now it is 0.5: something else"):
        update(optimizer, chained)


def test_a_momentum_that_another_scheduler_cycles_is_found_out():
    optimizer = sgd(momentum=0.9)
    scheduler = PlanScheduler(optimizer, Plan(Phase("all", 9, lr=1.0, momentum=0.5)))
    optimizer.param_groups[0]["momentum"] = 0.8
    optimizer.step()
    with pytest.raises(RuntimeError, match=r"gave `momentum` 0\.5, and now it is 0\.8"):
        scheduler.step()


def test_a_tensor_that_another_scheduler_fills_is_found_out():
    optimizer = torch.optim.SGD([weight()], lr=torch.tensor(1.0))
    scheduler = PlanScheduler(optimizer, constant(1.0).over(10))
    other = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    other.step()
    optimizer.step()
    with pytest.raises(RuntimeError, match="something else changes it"):
        scheduler.step()


def test_it_takes_its_turn_in_torchs_sequence():
    optimizer = sgd()
    warm_up = lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=4)
    ours = PlanScheduler(optimizer, TRIANGLE)
    last = lr_scheduler.ExponentialLR(optimizer, 0.5)
    sequence = lr_scheduler.SequentialLR(optimizer, [warm_up, ours, last], [4, 9])
    found = rates(optimizer, sequence, 11)
    assert found[:4] == pytest.approx([4.5, 5.625, 6.75, 7.875], rel=1e-12)
    assert found[4:9] == [TRIANGLE(t) for t in range(5)]
    assert ours.last_epoch == 4


def test_it_can_be_the_first_of_torchs_sequence():
    optimizer = sgd()
    ours = PlanScheduler(optimizer, TRIANGLE)
    last = lr_scheduler.ConstantLR(optimizer, 0.5, total_iters=100)
    sequence = lr_scheduler.SequentialLR(optimizer, [ours, last], [4])
    assert rates(optimizer, sequence, 4) == [TRIANGLE(t) for t in range(4)]
    assert sequence.get_last_lr() == [4.5]


# Compiled code.


def test_tensor_rates_are_filled_in_place():
    rate = torch.tensor(9.0)
    optimizer = torch.optim.AdamW([weight()], lr=rate)
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    found = []
    for _ in range(10):
        assert optimizer.param_groups[0]["lr"] is rate
        found.append(float(rate))
        update(optimizer, scheduler)
    np.testing.assert_allclose(found, TRIANGLE(np.arange(10)), rtol=1e-7)
    assert scheduler.get_last_lr()[0] is not rate


def test_a_rate_that_is_made_a_tensor_later_stays_that_tensor():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    update(optimizer, scheduler)
    rate = optimizer.param_groups[0]["lr"] = torch.tensor(optimizer.param_groups[0]["lr"])
    for step in (2, 3):
        update(optimizer, scheduler)
        assert optimizer.param_groups[0]["lr"] is rate
        assert float(rate) == pytest.approx(TRIANGLE(step))


# torch's own, on its first compilation.
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")
def test_a_tensor_rate_compiles_nothing_anew_over_a_whole_plan():
    compiled = []

    def backend(graph, _):
        compiled.append(graph)
        return graph.forward

    plan = five_phases()["lr"]
    parameter = weight()
    optimizer = torch.optim.AdamW([parameter], lr=torch.tensor(9.0))
    scheduler = PlanScheduler(optimizer, plan)
    torch._dynamo.reset()
    step = torch.compile(optimizer.step, backend=backend)
    for _ in range(3):
        parameter.grad = torch.ones(2)
        step()
        scheduler.step()
    warmed_up = len(compiled)
    for _ in range(1_997):
        step()
        scheduler.step()
    assert 1 <= warmed_up == len(compiled)
    assert scheduler.last_epoch == 2_000
