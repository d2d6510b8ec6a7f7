"""What hooks on a torch optimizer put into a record, against what is computed beside them."""

import copy
import gc
import math
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from record_lines import column, kinds, lines, look, steps
from torch import nn

from glidepath import Phase, Plan, linear, scaled
from glidepath.adapters.torch import PlanScheduler, record_updates
from glidepath.adapters.torch.recording import used_values
from glidepath.diagnosis import diagnose
from glidepath.record import Recorder
from glidepath.record.checksum import checksum
from glidepath.record.step_sizes import step_sizes

FALLING = Plan(Phase("all", 24, lr=linear(0.1, 0.02), weight_decay=linear(0.5, 0.1), rollout=3))
INPUTS = torch.randn(24, 8, 3, generator=torch.Generator().manual_seed(0))


def new_model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))


def loss_of(model, step):
    inputs = INPUTS[step]
    return (model(inputs)[:, 0] - inputs.sum(dim=1)).square().mean()


def norm(tensors):
    return math.sqrt(sum(one.double().square().sum().item() for one in tensors))


def copies(model):
    return [one.detach().clone() for one in model.parameters()]


def gradients(model):
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in model.parameters()]


class ByHand:
    """A loop that notes what happens beside the recorder."""

    def __init__(self, model, optimizer, path, plan=None, *, schedules=True, **settings):
        self.model, self.optimizer = model, optimizer
        self.scheduler = PlanScheduler(optimizer, plan) if plan and schedules else None
        self.recorder = Recorder(path, plan, **settings)
        self.updates = record_updates(optimizer, self.recorder, model)
        self.before, self.after, self.gradients, self.losses = [], [], [], []

    def step(self, step, *, micro_batches=1, clip=None, closure=None):
        self.optimizer.zero_grad()
        self.before.append(copies(self.model))
        for i in range(micro_batches):
            loss = loss_of(self.model, micro_batches * step + i) / micro_batches
            if closure is None:
                loss.backward()
        self.gradients.append(gradients(self.model))
        if clip is not None:
            self.updates.look()
            nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.optimizer.step() if closure is None else self.optimizer.step(closure)
        self.after.append(copies(self.model))
        if self.scheduler is not None:
            self.scheduler.step()
        self.losses.append(loss.item())
        self.recorder.log(step, loss=loss)

    def run(self, num, **settings):
        for step in range(num):
            self.step(step, **settings)
        self.recorder.close()
        return self

    def ratios(self):
        return [
            norm([b - a for a, b in zip(before, after, strict=True)]) / norm(before)
            for before, after in zip(self.before, self.after, strict=True)
        ]


def adamw(model):
    groups = [
        {"params": [one for one in model.parameters() if one.ndim > 1]},
        {"params": [one for one in model.parameters() if one.ndim == 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups)


def test_a_line_says_what_the_update_used_and_did(tmp_path):
    model = new_model()
    hand = ByHand(model, adamw(model), tmp_path, FALLING, norms_every=1).run(24)
    used = range(24)
    assert column(tmp_path, "num_updates") == list(range(1, 25))
    assert column(tmp_path, "lr") == [FALLING["lr"](t) for t in used]
    assert column(tmp_path, "weight_decay") == [FALLING["weight_decay"](t) for t in used]
    assert column(tmp_path, "rollout") == [3.0] * 24
    assert all("planned" not in line for line in lines(tmp_path, "update"))
    np.testing.assert_allclose(column(tmp_path, "loss"), hand.losses, rtol=1e-6)
    for name, expected in [
        ("gradient_norm", [norm(one) for one in hand.gradients]),
        ("parameter_norm", [norm(one) for one in hand.before]),
        ("update_ratio", hand.ratios()),
    ]:
        np.testing.assert_allclose(column(tmp_path, name), expected, rtol=1e-5)


def test_norms_come_as_often_as_they_are_due_and_nothing_is_copied_between(tmp_path):
    model = new_model()
    hand = ByHand(model, adamw(model), tmp_path, FALLING, norms_every=4, look_every=7).run(16)
    ratios = column(tmp_path, "update_ratio")
    due = [0, 4, 7, 8, 10, 12, 14]
    assert [step for step in range(16) if not math.isnan(ratios[step])] == due
    np.testing.assert_allclose([ratios[t] for t in due], [hand.ratios()[t] for t in due], rtol=1e-5)
    assert [line["step"] for line in lines(tmp_path, "layers")] == [0, 7, 10, 14]


def test_a_look_has_every_array_before_the_update_and_the_step_sizes_of_it(tmp_path):
    model = new_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    hand = ByHand(model, optimizer, tmp_path, look_every=7).run(8)
    found, names = look(tmp_path, 7), ["0/weight", "0/bias", "2/weight", "2/bias"]
    assert list(found) == names
    sizes = step_sizes(optimizer, params=model)  # of update 7, for it was the last
    for i, name in enumerate(names):
        before, gradient = hand.before[7][i], hand.gradients[7][i]
        assert found[name]["checksum"] == int(checksum(before))
        assert found[name]["norm"] == pytest.approx(before.norm().item(), rel=1e-6)
        assert found[name]["gradient_norm"] == pytest.approx(gradient.norm().item(), rel=1e-6)
        added = (hand.after[7][i] - before).norm().item()
        assert found[name]["update_norm"] == pytest.approx(added, rel=1e-6)
        assert found[name]["gradient_zeros"] == 0.0
        assert found[name]["step_size"] == pytest.approx(sizes.percentiles[i].tolist(), rel=1e-6)


def test_accumulated_gradients_are_one_update(tmp_path):
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    hand = ByHand(model, optimizer, tmp_path, norms_every=1).run(6, micro_batches=3)
    assert column(tmp_path, "num_updates") == [1, 2, 3, 4, 5, 6]
    expected = [norm(one) for one in hand.gradients]
    np.testing.assert_allclose(column(tmp_path, "gradient_norm"), expected, rtol=1e-5)


def test_gradients_are_recorded_as_they_were_before_a_plan_clips_them(tmp_path):
    plan = Plan(Phase("all", 8, lr=0.1, clip=linear(0.02, 0.01)))
    model = new_model()
    hand = ByHand(model, torch.optim.SGD(model.parameters(), lr=0.1), tmp_path, plan, norms_every=1)
    hand.run(8)
    expected = [norm(one) for one in hand.gradients]
    np.testing.assert_allclose(column(tmp_path, "gradient_norm"), expected, rtol=1e-5)
    assert min(expected) > 0.02
    assert column(tmp_path, "clip") == [plan["clip"](t) for t in range(8)]
    # Plain SGD moves by its rate times what is left of the gradient.
    moved = [ratio * norm(b) for ratio, b in zip(hand.ratios(), hand.before, strict=True)]
    np.testing.assert_allclose(moved, [0.1 * plan["clip"](t) for t in range(8)], rtol=1e-4)


def test_who_clips_by_hand_looks_before(tmp_path):
    model = new_model()
    hand = ByHand(model, torch.optim.SGD(model.parameters(), lr=0.1), tmp_path, norms_every=1)
    hand.run(4, clip=0.01)
    expected = [norm(one) for one in hand.gradients]
    np.testing.assert_allclose(column(tmp_path, "gradient_norm"), expected, rtol=1e-5)
    assert min(expected) > 0.01


def test_a_closure_makes_the_gradients_and_the_first_ones_count(tmp_path):
    model = new_model()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=3)
    calls = []

    def closure():
        optimizer.zero_grad()
        loss = loss_of(model, 0)
        loss.backward()
        calls.append(gradients(model))
        return loss

    hand = ByHand(model, optimizer, tmp_path, norms_every=1)
    hand.step(0, closure=closure)
    hand.recorder.close()
    assert len(calls) > 1
    assert column(tmp_path, "gradient_norm") == [pytest.approx(norm(calls[0]), rel=1e-5)]
    assert column(tmp_path, "parameter_norm") == [pytest.approx(norm(hand.before[0]), rel=1e-6)]
    assert column(tmp_path, "update_ratio") == [pytest.approx(hand.ratios()[0], rel=1e-4)]


def test_an_optimizer_that_is_never_called_has_done_no_updates_and_gradients_are_seen(tmp_path):
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
    with Recorder(tmp_path, norms_every=1) as recorder:
        record_updates(optimizer, recorder, model)
        for step in range(11):
            optimizer.zero_grad()
            loss_of(model, step).backward()
            recorder.log(step, loss=0.0)
    assert column(tmp_path, "num_updates") == [0.0] * 11
    assert column(tmp_path, "lr") == [0.25] * 11
    assert min(column(tmp_path, "gradient_norm")) > 0
    assert all("update_ratio" not in line for line in lines(tmp_path, "update"))
    first, second = look(tmp_path, 0), look(tmp_path, 10)
    assert all(first[name]["checksum"] == second[name]["checksum"] for name in first)
    (about,) = lines(tmp_path, "model")
    assert all(one["held"] for one in about["arrays"].values())


def test_an_optimizer_of_a_copy_holds_none_of_the_arrays_and_moves_none(tmp_path):
    model = new_model()
    held = copy.deepcopy(model)
    ByHand(model, torch.optim.Adam(held.parameters()), tmp_path, norms_every=1).run(11)
    assert column(tmp_path, "num_updates") == list(range(1, 12))
    (about,) = lines(tmp_path, "model")
    assert {one["held"] for one in about["arrays"].values()} == {False}
    found = look(tmp_path, 10)
    assert {one["update_norm"] for one in found.values()} == {0.0}
    assert min(one["gradient_norm"] for one in found.values()) > 0


def test_layers_that_are_thawed_are_told_at_the_next_look(tmp_path):
    model = new_model()
    for one in model[0].parameters():
        one.requires_grad = False
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    hand = ByHand(model, optimizer, tmp_path, norms_every=5, look_every=5)
    for step in range(11):
        if step == 8:
            model.requires_grad_(True)
            optimizer.add_param_group({"params": list(model[0].parameters())})
        hand.step(step)
    hand.recorder.close()
    first, second = lines(tmp_path, "model")
    assert (first["step"], second["step"]) == (0, 10)
    facts = {"trainable": False, "held": False}
    assert first["arrays"]["0/weight"].items() >= facts.items()
    assert {one["trainable"] and one["held"] for one in second["arrays"].values()} == {True}
    frozen = look(tmp_path, 5)["0/weight"]
    assert (frozen["gradient_norm"], frozen["update_norm"], frozen["gradient_zeros"]) == (0, 0, 1)
    assert look(tmp_path, 10)["0/weight"]["update_norm"] > 0


def test_several_groups_of_a_plan_are_recorded_by_its_keys(tmp_path):
    plan = Plan(
        Phase("all", 4, lr=linear(0.1, 0.0), momentum=0.8, beta2=0.9),
        lr={"back": scaled(0.5)}, groups=["back"], quantities=["mixup"], mixup=0.3,
    )  # fmt: skip
    model = new_model()
    groups = [{"params": model[0].parameters(), "name": "back"}, {"params": model[2].parameters()}]
    optimizer = torch.optim.RMSprop(groups, momentum=0.1)
    ByHand(model, optimizer, tmp_path, plan).run(4)
    assert column(tmp_path, "lr") == [plan["lr"](t) for t in range(4)]
    assert column(tmp_path, "lr.back") == [0.5 * plan["lr"](t) for t in range(4)]
    # RMSprop calls its second moment's constant alpha.
    assert column(tmp_path, "momentum") == [0.8] * 4
    assert column(tmp_path, "beta2") == [0.9] * 4
    assert column(tmp_path, "mixup") == [0.3] * 4


def test_what_does_not_follow_the_plan_is_recorded_as_it_is(tmp_path):
    model = new_model()
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003, weight_decay=0.0)
    ByHand(model, optimizer, tmp_path, FALLING, schedules=False).run(3)
    assert column(tmp_path, "lr") == [0.003] * 3
    assert column(tmp_path, "weight_decay") == [0.0] * 3


def test_betas_stand_in_a_pair_and_an_optimizer_without_a_plan_has_a_rate():
    model = new_model()
    plan = Plan(Phase("all", 4, lr=0.5, beta1=0.7, eps=1e-6))
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.6, 0.8))
    assert used_values(plan, optimizer) == {"lr": 1e-3, "beta1": 0.6, "eps": 1e-8}
    assert used_values(None, optimizer) == {"lr": 1e-3}
    assert used_values(Plan(Phase("all", 4, rollout=2)), optimizer) == {"lr": 1e-3}


def test_a_rate_that_is_a_tensor_is_recorded_before_it_is_filled_anew(tmp_path):
    model = new_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(1.0), capturable=False)
    plan = Plan(Phase("all", 4, lr=linear(0.5, 0.0)))
    ByHand(model, optimizer, tmp_path, plan).run(4)
    assert column(tmp_path, "lr") == [0.5, 0.375, 0.25, 0.125]


def test_sparse_gradients_are_counted_with_their_zeros(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(10, 2, sparse=True))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with Recorder(tmp_path) as recorder:
        record_updates(optimizer, recorder, model)
        model(torch.tensor([1, 1, 4])).square().sum().backward()
        dense = model[0].weight.grad.to_dense()
        optimizer.step()
        recorder.log(0)
    found = look(tmp_path, 0)["0/weight"]
    assert found["gradient_zeros"] == pytest.approx(0.8)
    assert found["gradient_norm"] == pytest.approx(dense.norm().item(), rel=1e-6)
    assert found["update_norm"] == pytest.approx(0.1 * dense.norm().item(), rel=1e-5)


@pytest.mark.parametrize("fused", [False, True])
def test_an_update_that_the_scaler_leaves_out_is_recorded_as_such(tmp_path, fused):
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    expected = []
    with Recorder(tmp_path, norms_every=1) as recorder:
        record_updates(optimizer, recorder, model)
        for step in range(4):
            optimizer.zero_grad()
            loss = loss_of(model, step) * (math.inf if step == 1 else 1.0)
            expected += [norm(torch.autograd.grad(loss, model.parameters(), retain_graph=True))]
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            recorder.log(step)
    assert column(tmp_path, "num_updates") == [1, 1, 2, 3]
    skipped = [line.get("skipped") for line in lines(tmp_path, "update")]
    assert skipped == [None, True, None, None]
    (found,) = lines(tmp_path, "nonfinite")
    assert found["step"] == 1
    assert found["gradients"][0] == "0/weight"
    norms = np.array(column(tmp_path, "gradient_norm"))
    there = [0, 2, 3]
    np.testing.assert_allclose(norms[there], np.array(expected)[there], rtol=1e-5)
    assert not np.isfinite(norms[1])


# torch's own, of schedulers while a scaler leaves updates out.
@pytest.mark.filterwarnings("ignore:Detected call of `lr_scheduler.step")
@pytest.mark.parametrize("kind", ["lambda", "plan"])
def test_a_scaler_that_begins_too_high_is_no_finding_and_leaves_the_rates_on_the_plan(
    tmp_path, kind
):
    plan = Plan(Phase("all", 60, lr=linear(1e-4, 0.0)))
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    scheduler = {
        "lambda": lambda: torch.optim.lr_scheduler.LambdaLR(optimizer, plan["lr"]),
        "plan": lambda: PlanScheduler(optimizer, plan),
    }[kind]()
    with Recorder(tmp_path, plan) as recorder:
        record_updates(optimizer, recorder, model)
        for step in range(60):
            optimizer.zero_grad()
            loss = loss_of(model, step % 24)
            scaler.scale(100 * loss).backward()
            scaler.step(optimizer)
            scaler.update()
            scheduler.step()  # before the line, so that the rate is the next update's by now
            recorder.log(step, loss)
    skipped = [line["step"] for line in lines(tmp_path, "update") if line.get("skipped")]
    assert skipped
    assert diagnose(tmp_path) == []


# torch's own, on its first compilation.
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")
def test_a_compiled_step_is_counted_and_not_compiled_anew(tmp_path):
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=torch.tensor(0.1))
    graphs, num_compiled = [], []

    def backend(graph, _):
        graphs.append(graph)
        return graph.forward

    torch._dynamo.reset()
    step = torch.compile(optimizer.step, backend=backend)
    with Recorder(tmp_path, norms_every=1) as recorder:
        record_updates(optimizer, recorder, model)
        for t in range(20):
            loss_of(model, t).backward()
            step()
            recorder.log(t, loss=0.0)
            after = copies(model)
            optimizer.zero_grad()
            num_compiled.append(len(graphs))
    assert 1 <= num_compiled[2] == num_compiled[-1]
    assert column(tmp_path, "num_updates") == list(range(1, 21))
    assert column(tmp_path, "parameter_norm")[-1] == pytest.approx(norm(after), rel=1e-6)


def test_what_wraps_an_optimizer_and_a_model_is_taken_off(tmp_path):
    class Wrapped(torch.optim.Optimizer):
        """As accelerate's."""

        def __init__(self, optimizer):
            self.optimizer = optimizer
            self.param_groups, self.state = optimizer.param_groups, optimizer.state

        def step(self, closure=None):
            self.optimizer.step(closure)

        def zero_grad(self, set_to_none=True):
            self.optimizer.zero_grad()

    model = new_model()
    optimizer = Wrapped(torch.optim.SGD(model.parameters(), lr=0.1))
    parallel = nn.DataParallel(model)
    ByHand(parallel, optimizer, tmp_path, norms_every=1).run(2)
    assert column(tmp_path, "num_updates") == [1, 2]
    assert list(look(tmp_path, 0)) == ["0/weight", "0/bias", "2/weight", "2/bias"]
    compiled = torch.compile(new_model(), backend="eager")
    with Recorder(tmp_path / "compiled") as recorder:
        record_updates(torch.optim.SGD(compiled.parameters()), recorder, compiled)
    (about,) = lines(tmp_path / "compiled", "model")
    assert list(about["arrays"]) == ["0/weight", "0/bias", "2/weight", "2/bias"]


def test_a_resumed_run_has_each_step_once_and_goes_on_counting(tmp_path):
    def run(num, path, start=0, state=None):
        model = new_model()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        scheduler = PlanScheduler(optimizer, rate)
        if state is not None:
            for one, saved in zip((model, optimizer, scheduler), state, strict=True):
                one.load_state_dict(saved)
        with Recorder(path, rate, start=start or None, norms_every=1) as recorder:
            record_updates(optimizer, recorder, model)
            for step in range(start, num):
                optimizer.zero_grad()
                loss = loss_of(model, step)
                loss.backward()
                optimizer.step()
                scheduler.step()
                recorder.log(step, loss=loss)
                if step == 4:
                    saved = [copy.deepcopy(one.state_dict())
                             for one in (model, optimizer, scheduler)]  # fmt: skip
                    recorder.saved(5)
        return saved if start == 0 else None

    rate = Plan(Phase("all", 12, lr=linear(0.1, 0.0)))
    run(12, tmp_path / "whole")
    saved = run(8, tmp_path / "cut")
    run(12, tmp_path / "cut", start=5, state=saved)
    whole, cut = (lines(tmp_path / name, "update") for name in ("whole", "cut"))
    assert steps(tmp_path / "cut") == list(range(12))
    changing = {"time", "seconds", "memory_bytes"}
    for one, other in zip(whole, cut, strict=True):
        assert {k: v for k, v in one.items() if k not in changing} == {
            k: v for k, v in other.items() if k not in changing
        }
    assert [line["step"] for line in lines(tmp_path / "cut", "restart")] == [5]


def test_a_recorder_sees_one_optimizer_and_says_what_to_do_with_two(tmp_path):
    model = new_model()
    optimizers = [torch.optim.SGD(layer.parameters(), lr=0.1) for layer in (model[0], model[2])]
    with Recorder(tmp_path) as recorder:
        record_updates(optimizers[0], recorder, model)
        with pytest.raises(ValueError, match="make a Recorder for each optimizer"):
            record_updates(optimizers[1], recorder, model)


@pytest.mark.parametrize(
    ("optimizer", "model", "message"),
    [
        ("adam", new_model(), "`optimizer` must be one of torch's, got str"),
        (torch.optim.SGD([nn.Parameter(torch.ones(1))]), 3, "`model` must be a torch module"),
    ],
)
def test_what_is_no_optimizer_and_no_model_is_refused(tmp_path, optimizer, model, message):
    with Recorder(tmp_path) as recorder, pytest.raises(TypeError, match=message):
        record_updates(optimizer, recorder, model)


def test_a_closed_record_lets_go_of_the_optimizer(tmp_path):
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    recorder = Recorder(tmp_path)
    record_updates(optimizer, recorder, model)
    recorder.close()
    loss_of(model, 0).backward()
    optimizer.step()
    assert kinds(tmp_path) == [("run", None), ("model", 0), ("end", 0)]
    del recorder
    gc.collect()
    assert not optimizer._optimizer_step_pre_hooks
    assert not optimizer._optimizer_step_post_hooks


def test_a_loop_that_logs_seldom_gets_the_figures_of_the_update_that_it_logs(tmp_path):
    model = new_model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    before = []
    with Recorder(tmp_path, norms_every=5) as recorder:
        record_updates(optimizer, recorder, model)
        for step in range(20):
            optimizer.zero_grad()
            loss_of(model, step).backward()
            before.append(norm(copies(model)))
            optimizer.step()
            if step in (5, 13, 15):
                recorder.log(step)
    assert column(tmp_path, "num_updates") == [6, 14, 16]
    found = column(tmp_path, "parameter_norm")
    assert found[0] == pytest.approx(before[5], rel=1e-6)
    assert math.isnan(found[1])
    assert found[2] == pytest.approx(before[15], rel=1e-6)


def test_parameters_in_shards_are_recorded_without_norms_and_it_is_said(tmp_path):
    model, said = new_model(), []
    model[0].weight._local_shard = True  # as FSDP marks a part
    hand = ByHand(model, torch.optim.SGD(model.parameters(), lr=0.1), tmp_path, tell=said.append)
    hand.run(2)
    assert said == ["the parameters are sharded over processes: their norms are not recorded"]
    assert column(tmp_path, "num_updates") == [1, 2]
    assert all("parameter_norm" not in line for line in lines(tmp_path, "update"))
    assert not lines(tmp_path, "layers")


def test_a_killed_run_has_what_it_did_and_goes_on_with_each_step_once(tmp_path):
    code = f"""if True:
        import os, signal, torch
        from glidepath.adapters.torch import record_updates
        from glidepath.record import Recorder
        model = torch.nn.Linear(3, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        recorder = Recorder({str(tmp_path)!r}, norms_every=1)
        updates = record_updates(optimizer, recorder, model)
        for step in range(9):
            model(torch.ones(1, 3)).square().mean().backward()
            if step == 7:
                os.kill(os.getpid(), signal.SIGKILL)
            optimizer.step()
            recorder.log(step, loss=1.0)
    """
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert steps(tmp_path) == list(range(7))
    assert kinds(tmp_path)[-1] == ("update", 6)
    model = nn.Linear(3, 1)
    with Recorder(tmp_path, start=5) as recorder:
        record_updates(torch.optim.SGD(model.parameters()), recorder, model)
        recorder.log(5)
    assert column(tmp_path, "num_updates") == [1, 2, 3, 4, 5, 5]
    assert kinds(tmp_path)[-1] == ("end", 6)
