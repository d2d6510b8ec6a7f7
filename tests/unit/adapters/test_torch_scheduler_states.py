"""PlanScheduler: what it saves, how a run goes on, and what it hears."""

import copy
import gc
import pickle
import warnings
import weakref

import pytest
import torch
from torch.optim import lr_scheduler
from torch_updates import TRIANGLE, rates, saved, sgd, update, weight

from glidepath import Event, Phase, Plan, constant, cosine, from_function, linear, plateau, scaled
from glidepath.adapters.torch import CyclicCosineDecayLR, PlanScheduler
from tests.parity.runners.plan import five_phases

# States.


def test_the_state_is_plain_and_small():
    optimizer = torch.optim.AdamW([weight()])
    scheduler = PlanScheduler(optimizer, five_phases())
    update(optimizer, scheduler)
    state = saved(scheduler)
    assert state == scheduler.state_dict()
    assert {key: state[key] for key in ("step", "events", "heard", "fingerprint")} == {
        "step": 1,
        "events": [],
        "heard": [],
        "fingerprint": five_phases().fingerprint,
    }


@pytest.mark.parametrize("optimizer_first", [True, False])
def test_a_run_goes_on_at_every_step_whichever_state_is_loaded_first(optimizer_first):
    plan = Plan(
        Phase("up", 5, lr=linear(0.1, 1.0), beta1=linear(0.8, 0.9)),
        Phase("down", 6, lr=cosine(1.0, 0.0), beta1=0.9),
    )

    def fresh():
        optimizer = torch.optim.AdamW([weight()], weight_decay=0.1)
        return optimizer, PlanScheduler(optimizer, plan)

    whole, scheduler = fresh()
    states = []
    for _ in range(12):
        states.append((copy.deepcopy(whole.state_dict()), saved(scheduler),
                       whole.param_groups[0]["params"][0].detach().clone()))  # fmt: skip
        update(whole, scheduler)
    for of_optimizer, of_scheduler, parameter in states:
        optimizer, scheduler = fresh()
        with torch.no_grad():
            optimizer.param_groups[0]["params"][0].copy_(parameter)
        loads = [
            lambda o=optimizer, s=of_optimizer: o.load_state_dict(s),
            lambda o=scheduler, s=of_scheduler: o.load_state_dict(s),
        ]
        for load in loads if optimizer_first else reversed(loads):
            load()
        while scheduler.last_epoch < 12:
            update(optimizer, scheduler)
        ours, theirs = (o.param_groups[0]["params"][0] for o in (optimizer, whole))
        assert torch.equal(ours, theirs)
        assert scheduler.get_last_lr() == [plan["lr"](12)]


def test_the_state_of_another_plan_is_refused_with_what_differs():
    state = saved(PlanScheduler(sgd(), Plan(Phase("all", 10, lr=1.0))))
    other = PlanScheduler(sgd(), Plan(Phase("all", 20, lr=1.0)))
    with pytest.raises(ValueError, match="saved with another plan") as caught:
        other.load_state_dict(state)
    assert '-for = "10 steps"' in str(caught.value)
    assert '+for = "20 steps"' in str(caught.value)
    assert "last_epoch=-1" in str(caught.value)
    assert other.get_last_lr() == [1.0]


def test_a_state_whose_events_are_not_what_it_heard_is_refused():
    scheduler = PlanScheduler(sgd(), listening())
    state = scheduler.state_dict() | {"events": [[3, "cuts", "training/lr"]]}
    with pytest.raises(ValueError, match=r"the state has the events .* one of them was changed"):
        scheduler.load_state_dict(state)


def test_the_state_of_another_scheduler_is_refused():
    state = lr_scheduler.StepLR(sgd(), 3).state_dict()
    with pytest.raises(ValueError, match=r"no state of a PlanScheduler.*last_epoch=updates - 1"):
        PlanScheduler(sgd(), TRIANGLE).load_state_dict(state)


def test_a_plan_with_a_function_has_a_state_and_its_function_is_told_by_name():
    def halves(step):
        return 0.5**step

    def thirds(step):
        return 3.0**-step

    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, from_function(halves).over(10))
    update(optimizer, scheduler)
    again = PlanScheduler(sgd(), from_function(halves).over(10))
    again.load_state_dict(saved(scheduler))
    assert again.get_last_lr() == [0.5]
    with pytest.raises(ValueError, match="saved with another plan"):
        PlanScheduler(sgd(), from_function(thirds).over(10)).load_state_dict(saved(scheduler))


def test_an_optimizer_that_was_loaded_without_its_scheduler_is_found_out():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    for _ in range(4):
        update(optimizer, scheduler)
    fresh = sgd()
    forgotten = PlanScheduler(fresh, TRIANGLE)
    fresh.load_state_dict(optimizer.state_dict())
    with pytest.raises(RuntimeError, match=r"gave `lr` 0\.0, and now it is 0\.8.*load the state"):
        fresh.step()
    forgotten.load_state_dict(scheduler.state_dict())
    fresh.step()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_copy_goes_on_by_itself(copied):
    optimizer = torch.optim.AdamW([weight()])
    scheduler = PlanScheduler(optimizer, five_phases())
    update(optimizer, scheduler)
    twin = copied(scheduler)
    update(twin.optimizer, twin)
    update(twin.optimizer, twin)
    assert (scheduler.last_epoch, twin.last_epoch) == (1, 3)
    assert twin.get_last_lr() == [five_phases()["lr"](3)]
    assert scheduler.get_last_lr() == [five_phases()["lr"](1)]


def test_the_optimizer_does_not_keep_a_scheduler_alive_that_nobody_holds():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    alive = weakref.ref(scheduler)
    del scheduler
    gc.collect()
    assert alive() is None
    optimizer.step()


# Plans that listen.


def listening():
    on = plateau("val_loss", patience=1)
    return Plan(Phase("training", 100, lr=constant(1.0).over(100).cut(0.1, on=on)))


def test_what_it_hears_changes_the_values_from_the_coming_update_on():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, listening())
    events = []
    for _ in range(4):
        update(optimizer, scheduler)
        events += scheduler.hear({"val_loss": 3.0})
    assert events == [Event(3, "cuts", "training/lr")]
    assert scheduler.plan.events == (events[0],)
    assert scheduler.get_last_lr() == [0.1]
    update(optimizer, scheduler)
    assert scheduler.get_last_lr() == [0.1]


def test_a_state_is_a_snapshot_that_the_run_does_not_change():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, listening())
    states = []
    for _ in range(3):
        update(optimizer, scheduler)
        scheduler.hear({"val_loss": 3.0})
        states.append(scheduler.state_dict())
    assert [len(state["heard"]) for state in states] == [1, 2, 3]
    assert [len(state["events"]) for state in states] == [0, 0, 1]


@pytest.mark.parametrize("stop", range(1, 8))
def test_what_it_has_heard_outlives_a_checkpoint(stop):
    def run(optimizer, scheduler, until):
        found = []
        while scheduler.last_epoch < until:
            update(optimizer, scheduler)
            scheduler.hear({"val_loss": 3.0})
            found += scheduler.get_last_lr()
        return found

    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, listening())
    whole = run(optimizer, scheduler, 8)
    assert whole[0] == 1.0
    assert whole[-1] < 0.1

    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, listening())
    before = run(optimizer, scheduler, stop)
    state = saved(scheduler)
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, listening())
    scheduler.load_state_dict(state)
    assert before + run(optimizer, scheduler, 8) == whole


# What the optimizer alone can lose.


def in_a_sequence(make_ours):
    """torch's warm-up, ours, and torch's constant, four updates each."""

    def make():
        optimizer = sgd()
        parts = [
            lr_scheduler.LinearLR(optimizer, start_factor=0.5, total_iters=4),
            make_ours(optimizer),
            lr_scheduler.ConstantLR(optimizer, 0.5, total_iters=100),
        ]
        return optimizer, lr_scheduler.SequentialLR(optimizer, parts, [4, 8])

    return make


@pytest.mark.parametrize("optimizer_first", [True, False])
@pytest.mark.parametrize(
    "make_ours",
    [
        lambda optimizer: PlanScheduler(optimizer, TRIANGLE),
        lambda optimizer: CyclicCosineDecayLR(optimizer, 3, 0.1, restart_interval=2),
    ],
    ids=["PlanScheduler", "CyclicCosineDecayLR"],
)
def test_a_sequence_goes_on_at_every_step_before_during_and_after_our_turn(
    make_ours, optimizer_first
):
    make = in_a_sequence(make_ours)
    optimizer, sequence = make()
    states, whole = [], []
    for _ in range(12):
        states.append((copy.deepcopy(optimizer.state_dict()), saved(sequence)))
        whole.append(float(optimizer.param_groups[0]["lr"]))
        update(optimizer, sequence)
    for step, (of_optimizer, of_sequence) in enumerate(states):
        optimizer, sequence = make()
        loads = [(optimizer, of_optimizer), (sequence, of_sequence)]
        for one, state in loads if optimizer_first else loads[::-1]:
            one.load_state_dict(copy.deepcopy(state))
        assert rates(optimizer, sequence, 12 - step) == whole[step:]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_still_clips(copied):
    plan = Plan(Phase("all", 10, lr=1.0, clip=0.5))
    scheduler = PlanScheduler(sgd(), plan)
    scheduler = copied(scheduler)
    (parameter,) = scheduler.optimizer.param_groups[0]["params"]
    parameter.grad = torch.tensor([30.0, 40.0])
    before = parameter.detach().clone()
    scheduler.optimizer.step()
    assert (parameter - before).norm().item() == pytest.approx(0.5)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_made_between_an_update_and_its_step_knows_of_the_update(copied):
    scheduler = PlanScheduler(sgd(), TRIANGLE)
    scheduler.optimizer.step()
    twin = copied(scheduler)
    twin.step()
    assert twin.last_epoch == 1


def test_a_tensor_rate_that_came_with_another_step_is_found_out():
    def fresh():
        optimizer = torch.optim.SGD([weight()], lr=torch.tensor(9.0))
        return optimizer, PlanScheduler(optimizer, TRIANGLE)

    optimizer, scheduler = fresh()
    for _ in range(4):
        update(optimizer, scheduler)
    again, forgotten = fresh()
    again.load_state_dict(optimizer.state_dict())
    with pytest.raises(RuntimeError, match="something else changes it"):
        again.step()
    forgotten.load_state_dict(scheduler.state_dict())
    update(again, forgotten)
    assert forgotten.last_epoch == 5


def test_an_optimizers_state_without_the_names_of_its_groups_is_found_out():
    plan = Plan(Phase("all", 10, lr={"default": 1.0, "b": scaled(0.1)}), groups=["b"])

    def fresh(**name):
        return torch.optim.SGD([{"params": [weight()]}, {"params": [weight()]} | name], lr=1.0)

    optimizer = fresh(name="b")
    scheduler = PlanScheduler(optimizer, plan)
    optimizer.load_state_dict(fresh().state_dict())
    with pytest.raises(ValueError, match="the plan has a group 'b', and no parameter group is"):
        update(optimizer, scheduler)


def test_a_run_goes_on_with_a_longer_plan_if_it_says_so():
    plan = Plan(Phase("all", 10, lr=linear(1.0, 0.0)))
    longer = plan.extend(Phase("more", 5, lr=0.5))
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, plan)
    rates(optimizer, scheduler, 10)
    state = saved(scheduler)
    with pytest.raises(ValueError, match=r"PlanScheduler\(..., continues=True\) goes on with it"):
        PlanScheduler(sgd(), longer).load_state_dict(state)
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, longer, continues=True)
    scheduler.load_state_dict(state)
    assert rates(optimizer, scheduler, 3) == [0.5] * 3
    with pytest.raises(ValueError, match="saved with another plan"):
        other = Plan(Phase("all", 10, lr=linear(1.0, 0.1)))
        PlanScheduler(sgd(), other, continues=True).load_state_dict(state)


def test_what_was_measured_is_kept_as_numbers_and_only_what_is_listened_to():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, listening())
    loss = torch.tensor(3.0)
    update(optimizer, scheduler)
    scheduler.hear({"val_loss": loss, "other": object()})
    loss.zero_()
    assert saved(scheduler)["heard"] == [[1, {"val_loss": 3.0}]]
    with pytest.raises(ValueError, match="the plan listens to val_loss, and was told valloss"):
        scheduler.hear({"valloss": 1.0})


def test_going_back_to_a_step_forgets_what_was_heard_after_it():
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, listening())
    for _ in range(4):
        update(optimizer, scheduler)
        scheduler.hear({"val_loss": 3.0})
    assert scheduler.get_last_lr() == [0.1]
    scheduler.step(2)
    assert scheduler.get_last_lr() == [1.0]
    assert [step for step, _ in scheduler.heard] == [1, 2]
    update(optimizer, scheduler)
    assert scheduler.hear({"val_loss": 3.0}) == [Event(3, "cuts", "training/lr")]


@pytest.mark.parametrize("replaced", ["another", "a copy"])
def test_a_parameter_group_that_is_replaced_follows_from_its_first_update(replaced):
    optimizer = sgd(groups=2)
    scheduler = PlanScheduler(optimizer, TRIANGLE)
    update(optimizer, scheduler)
    if replaced == "another":
        optimizer.param_groups.pop(1)
        optimizer.add_param_group({"params": [weight()], "lr": 7.0})
    else:
        optimizer.param_groups[1] = dict(optimizer.param_groups[1])
    before = optimizer.param_groups[1]["params"][0].detach().clone()
    update(optimizer, scheduler)
    moved = before - optimizer.param_groups[1]["params"][0].detach()
    torch.testing.assert_close(moved, torch.full((2,), TRIANGLE(1)))
    assert scheduler.get_last_lr() == [TRIANGLE(2)] * 2


def test_schedulers_that_nobody_holds_leave_no_hook_behind():
    optimizer = sgd()
    for _ in range(10):
        PlanScheduler(optimizer, TRIANGLE)
    gc.collect()
    assert len(optimizer._optimizer_step_pre_hooks) == 0
    assert len(optimizer._optimizer_step_post_hooks) == 0


def test_rates_of_groups_that_would_become_one_are_an_error():
    groups = [{"params": [weight()], "lr": 1e-4}, {"params": [weight()], "lr": 1e-2}]
    with pytest.raises(
        ValueError, match=r"have the rates \[0.0001, 0.01\], and the plan gives them"
    ):
        PlanScheduler(torch.optim.SGD(groups), TRIANGLE)


@pytest.mark.parametrize("made", [torch.optim.Rprop, torch.optim.ASGD])
def test_optimizers_that_do_not_use_the_rate_of_an_update_are_refused(made):
    with pytest.raises(ValueError, match="can't follow a rate"):
        PlanScheduler(made([weight()]), TRIANGLE)


# In torch's sequences and chains, nested.


def part(kind, optimizer):
    if kind == "PlanScheduler":
        return PlanScheduler(optimizer, TRIANGLE)
    return CyclicCosineDecayLR(optimizer, 3, 0.1, restart_interval=2)


def test_it_begins_inside_of_a_chain_and_of_a_nested_sequence():
    for nest in (
        lambda optimizer, ours: lr_scheduler.ChainedScheduler([ours], optimizer),
        lambda optimizer, ours: lr_scheduler.SequentialLR(
            optimizer, [ours, lr_scheduler.ConstantLR(optimizer, 1.0)], [50]
        ),
    ):
        optimizer = sgd()
        inner = nest(optimizer, PlanScheduler(optimizer, linear(0.5, 0.0).over(10)))
        last = lr_scheduler.ConstantLR(optimizer, 0.1, total_iters=100)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's, of steps that it took itself
            outer = lr_scheduler.SequentialLR(optimizer, [inner, last], [20])
        assert rates(optimizer, outer, 3) == [0.5, 0.45, 0.4]


# torch's, about its own wrapper of `optimizer.step`, which a copy does not have.
@pytest.mark.filterwarnings("ignore:Seems like `optimizer.step")
@pytest.mark.parametrize("kind", ["PlanScheduler", "CyclicCosineDecayLR"])
@pytest.mark.parametrize("step", range(12))
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_sequence_can_be_copied_at_every_step(kind, step, copied):
    optimizer, sequence = in_a_sequence(lambda one: part(kind, one))()
    rates(optimizer, sequence, step)
    twin = copied(sequence)
    assert rates(twin.optimizer, twin, 12 - step) == rates(optimizer, sequence, 12 - step)


def test_before_its_turn_it_speaks_of_its_first_update():
    _, sequence = in_a_sequence(lambda one: PlanScheduler(one, TRIANGLE))()
    ours = sequence._schedulers[1]
    assert ours.last_epoch == -1
    assert (ours.moment, ours.used) == (ours.plan.at(0), None)
    assert ours.get_lr() == [TRIANGLE(0)]


@pytest.mark.parametrize("step", range(12))
def test_a_group_that_is_added_while_another_has_its_turn_is_left_to_it(step):
    optimizer, sequence = in_a_sequence(lambda one: PlanScheduler(one, TRIANGLE))()
    ours = sequence._schedulers[1]
    rates(optimizer, sequence, step)
    before = optimizer.param_groups[0]["lr"]
    optimizer.add_param_group({"params": [weight()], "lr": 7.0})
    ours.before_update()
    assert optimizer.param_groups[0]["lr"] == before
    has_its_turn = 4 <= step < 8
    assert optimizer.param_groups[1]["lr"] == (before if has_its_turn else 7.0)


def test_a_schedule_without_end_that_listens_is_cut():
    lr = constant(0.5).over(1).repeat().cut(0.1, on=plateau("loss", patience=1))
    optimizer = sgd()
    scheduler = PlanScheduler(optimizer, lr)
    for _ in range(3):
        update(optimizer, scheduler)
        scheduler.hear({"loss": 1.0})
    assert scheduler.get_last_lr() == [0.05]
