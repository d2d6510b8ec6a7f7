"""The record of a Trainer's run, against what is computed beside it."""

import gc
import math

import numpy as np
import pytest
import torch
from record_lines import column, end, kinds, lines, look, steps

from glidepath import Phase, Plan, constant, cosine, linear, plateau
from glidepath.record import History
from glidepath.record.checksum import checksum

transformers = pytest.importorskip("transformers")

from transformers import Trainer, TrainerCallback, TrainingArguments  # noqa: E402

from glidepath.adapters.transformers import (  # noqa: E402
    PlanCallback,
    RecordCallback,
    optimizers,
)


@pytest.fixture(scope="module", autouse=True)
def garbage_is_collected_quickly():
    """Every run begins with that, and most of its time would go by in what was imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Model(torch.nn.Module):
    """Two layers; in evaluation its loss is 1, and from `fails_at` on it raises."""

    def __init__(self, fails_at=None):
        super().__init__()
        torch.manual_seed(0)
        self.body, self.head = torch.nn.Linear(2, 3), torch.nn.Linear(3, 1)
        self.fails_at, self.num_calls = fails_at, 0

    def forward(self, x, labels=None):
        self.num_calls += 1
        if self.num_calls == self.fails_at:
            raise RuntimeError("out of memory")
        out = self.head(torch.tanh(self.body(x)))
        loss = (out - labels).square().mean()
        return {"loss": loss if self.training else loss * 0.0 + 1.0, "logits": out}


def samples(num=12):
    inputs = torch.randn(num, 2, generator=torch.Generator().manual_seed(0))
    return [{"x": one, "labels": one.sum().reshape(1)} for one in inputs]


def two_phases():
    """8 updates."""
    return Plan(
        Phase("warm-up", 3, lr=linear(0.1, 0.2)),
        Phase("decay", 5, lr=cosine(0.2, 0.0), rollout=2),
        rollout=1,
        weight_decay=linear(0.5, 0.1),
    )


class Beside(TrainerCallback):
    """What the updates see and do, noted by itself."""

    def __init__(self, model, optimizer, stop_at=None):
        self.gradients, self.before, self.after, self.stop_at = [], [], [], stop_at
        parameters = list(model.parameters())
        optimizer.register_step_pre_hook(
            lambda *_: self.before.append([p.detach().clone() for p in parameters])
        )
        optimizer.register_step_post_hook(
            lambda *_: self.after.append([p.detach().clone() for p in parameters])
        )

    def on_step_end(self, args, state, control, **_):
        if state.global_step == self.stop_at:
            control.should_save = control.should_training_stop = True


def make_trainer(folder, plan, *, model=None, callbacks=(), stop_at=None, trainer=Trainer,
                 evaluated=None, **settings):  # fmt: skip
    model = model or Model()
    pair = optimizers(model, plan)
    beside = Beside(model, pair[0], stop_at)
    made = trainer(
        model,
        TrainingArguments(
            str(folder / "trainer"),
            **{"per_device_train_batch_size": 1, "logging_steps": 1, "save_strategy": "no"}
            | {"report_to": "none", "disable_tqdm": True, "use_cpu": True}
            | {"max_steps": plan.total_steps, "max_grad_norm": 0.05}
            | settings,
        ),
        train_dataset=samples(),
        eval_dataset=evaluated or samples(),
        optimizers=pair,
        callbacks=[*callbacks, beside],
    )
    made.remove_callback(transformers.PrinterCallback)
    made.beside = beside
    return made


def record(trainer, folder, plan=None, **arguments):
    callback = RecordCallback(folder, plan, **arguments)
    callback.add_to(trainer)
    return callback


def norm(tensors):
    return math.sqrt(sum(one.double().square().sum().item() for one in tensors))


def logged(trainer, name):
    return [line[name] for line in trainer.state.log_history if name in line]


@pytest.mark.parametrize("accumulate", [1, 3])
def test_the_record_says_what_the_trainer_logs_and_did(tmp_path, accumulate):
    plan = two_phases()
    trainer = make_trainer(tmp_path, plan, gradient_accumulation_steps=accumulate)
    record(trainer, tmp_path, norms_every=1)
    trainer.train()
    assert steps(tmp_path) == list(range(8))
    # The Trainer logs every update here, and rounds nothing; its norms are from before clipping.
    np.testing.assert_allclose(column(tmp_path, "loss"), logged(trainer, "loss"), rtol=1e-6)
    np.testing.assert_allclose(
        column(tmp_path, "gradient_norm"), logged(trainer, "grad_norm"), rtol=1e-5
    )
    assert column(tmp_path, "lr") == [plan["lr"](t) for t in range(8)]
    assert column(tmp_path, "weight_decay") == [plan["weight_decay"](t) for t in range(8)]
    assert column(tmp_path, "rollout") == [plan["rollout"](t) for t in range(8)]
    assert column(tmp_path, "samples") == [accumulate] * 8
    beside = trainer.beside
    norms = [norm(one) for one in beside.before]
    np.testing.assert_allclose(column(tmp_path, "parameter_norm"), norms, rtol=1e-6)
    pairs = zip(beside.before, beside.after, strict=True)
    moved = [norm([b - a for a, b in zip(*pair, strict=True)]) for pair in pairs]
    ratios = np.divide(moved, norms)
    np.testing.assert_allclose(column(tmp_path, "update_ratio"), ratios, rtol=1e-5)
    first = look(tmp_path, 0)
    assert list(first) == ["body/weight", "body/bias", "head/weight", "head/bias"]
    assert first["body/weight"]["checksum"] == int(checksum(beside.before[0][0]))
    assert all(one["held"] for one in lines(tmp_path, "model")[0]["arrays"].values())
    assert end(tmp_path) == ("finished", None)


def test_the_loss_of_an_update_is_recorded_however_seldom_the_trainer_logs(tmp_path):
    plan = two_phases()
    often, seldom = (make_trainer(tmp_path, plan, logging_steps=n) for n in (1, 8))
    for name, trainer in (("often", often), ("seldom", seldom)):
        record(trainer, tmp_path / name)
        trainer.train()
    assert len(logged(seldom, "loss")) == 1
    assert column(tmp_path / "seldom", "loss") == column(tmp_path / "often", "loss")


def test_batches_are_told_apart_and_come_again_with_the_same_order(tmp_path):
    plan = Plan(Phase("all", 24, lr=0.1))
    prints = []
    for seed in (1, 1, 2):
        path = tmp_path / str(len(prints))
        trainer = make_trainer(tmp_path, plan, seed=seed)
        record(trainer, path)
        trainer.train()
        prints.append(History.open(path).texts("batch"))
    first, same, other = prints
    assert len(set(first[:12])) == 12, "the samples of an epoch"
    assert set(first[:12]) == set(first[12:]), "come again in the next"
    assert first == same != other


def test_evaluations_and_checkpoints_stand_after_the_updates_before_them(tmp_path):
    plan = two_phases()
    trainer = make_trainer(
        tmp_path, plan, eval_strategy="steps", eval_steps=4, save_strategy="steps", save_steps=4,
        eval_on_start=True, evaluated={"near": samples(), "far": samples(3)},
    )  # fmt: skip
    record(trainer, tmp_path)
    trainer.evaluate()
    trainer.train()
    trainer.evaluate()
    trainer.predict(samples())
    found = [(line["step"], line.get("val_near_loss"), line.get("val_far_loss"))
             for line in lines(tmp_path, "evaluation")]  # fmt: skip
    assert found == [(s, *pair) for s in (0, 4, 8) for pair in ((1.0, None), (None, 1.0))]
    assert {name for line in lines(tmp_path, "evaluation") for name in line} == {
        "kind", "step", "val_near_loss", "val_far_loss", "seconds", "time",
    }  # fmt: skip
    order = [one for one in kinds(tmp_path) if one[0] in ("update", "evaluation", "checkpoint")]
    evaluation = 2 * [("evaluation", 4)]
    assert order[order.index(("update", 3)) :][:4] == [
        ("update", 3), *evaluation, ("checkpoint", 4)
    ]  # fmt: skip
    assert kinds(tmp_path)[-1][0] == "end"


@pytest.mark.parametrize("is_first", [True, False])
def test_it_goes_with_the_plan_s_callback_in_any_order(tmp_path, is_first):
    on = plateau("val_loss", patience=1)
    plan = Plan(Phase("all", 10, lr=constant(0.1).over(10).cut(0.5, on=on)))
    settings = {"eval_strategy": "steps", "eval_steps": 2}
    given = [] if is_first else [PlanCallback(plan)]
    trainer = make_trainer(tmp_path, plan, callbacks=given, **settings)
    record(trainer, tmp_path)
    if is_first:
        trainer.add_callback(PlanCallback(plan))
    trainer.train()
    events = [(line["step"], line["event"]) for line in lines(tmp_path, "event")]
    assert events == [(6, "cuts")]
    rates = [0.1] * 6 + [0.05] * 4
    assert column(tmp_path, "lr") == pytest.approx(rates)
    history = History.open(tmp_path)
    assert history.plan["lr"](np.arange(10)).tolist() == pytest.approx(rates)


def test_a_resumed_run_has_each_step_once_with_what_the_whole_run_has(tmp_path):
    on = plateau("val_loss", patience=1)
    plan = Plan(Phase("all", 8, lr=constant(0.1).over(8).cut(0.5, on=on)), weight_decay=0.1)
    settings = {"eval_strategy": "steps", "eval_steps": 2, "gradient_accumulation_steps": 2}

    def run(name, stop_at=None, resume=None):
        trainer = make_trainer(tmp_path / name, plan, callbacks=[PlanCallback(plan)],
                               stop_at=stop_at, **settings)  # fmt: skip
        record(trainer, tmp_path / name / "run", plan, norms_every=1)
        trainer.train(resume_from_checkpoint=resume)
        return tmp_path / name / "run"

    whole = run("whole")
    cut = run("cut", stop_at=7)
    assert end(cut) == ("stopped", "after 7 of 8 updates, by its trainer")
    run("cut", resume=str(tmp_path / "cut" / "trainer" / "checkpoint-7"))
    assert steps(cut) == list(range(8))
    for name in ("loss", "lr", "gradient_norm", "update_ratio", "parameter_norm", "num_updates"):
        assert column(cut, name) == pytest.approx(column(whole, name), rel=1e-6), name
    for kind in ("event", "evaluation"):
        both = [[line["step"] for line in lines(path, kind)] for path in (whole, cut)]
        assert both[0] == both[1] != []
    assert History.open(cut).plan == History.open(whole).plan
    assert [line["step"] for line in lines(cut, "restart")] == [7]
    assert end(cut) == ("finished", None)


def test_what_a_training_step_raises_ends_the_record_as_failed(tmp_path):
    trainer = make_trainer(tmp_path, two_phases(), model=Model(fails_at=4))
    record(trainer, tmp_path)
    with pytest.raises(RuntimeError, match="out of memory"):
        trainer.train()
    assert steps(tmp_path) == [0, 1, 2]
    assert end(tmp_path) == ("failed", "RuntimeError: out of memory")


def test_an_interrupt_ends_the_record_as_stopped(tmp_path):
    class Interrupted(Trainer):
        def training_step(self, *args, **kwargs):
            if self.state.global_step == 2:
                raise KeyboardInterrupt
            return super().training_step(*args, **kwargs)

    trainer = make_trainer(tmp_path, two_phases(), trainer=Interrupted)
    record(trainer, tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert steps(tmp_path) == [0, 1]
    assert end(tmp_path) == ("stopped", "interrupted")


def test_a_trainer_that_begins_again_after_a_failure_begins_its_record_again(tmp_path):
    class Halving(Trainer):
        """As `auto_find_batch_size` does when memory is out."""

        def _inner_training_loop(self, *args, **kwargs):
            try:
                return super()._inner_training_loop(*args, **kwargs)
            except RuntimeError:
                return super()._inner_training_loop(*args, **kwargs)

    trainer = make_trainer(tmp_path, two_phases(), model=Model(fails_at=4), trainer=Halving)
    record(trainer, tmp_path)
    trainer.train()
    assert steps(tmp_path) == list(range(8))
    assert end(tmp_path) == ("finished", None)
    trainer.optimizer, trainer.lr_scheduler = optimizers(trainer.model, two_phases())
    with pytest.raises(FileExistsError, match="choose another directory"):
        trainer.train()


def test_the_plan_s_end_is_the_run_s_end(tmp_path):
    on = plateau("val_loss", patience=1)
    plan = Plan(Phase("until it stalls", 8, lr=0.1, until=on))
    trainer = make_trainer(tmp_path, plan, callbacks=[PlanCallback(plan)],
                           eval_strategy="steps", eval_steps=2)  # fmt: skip
    record(trainer, tmp_path)
    trainer.train()
    assert len(steps(tmp_path)) < 8
    assert end(tmp_path) == ("finished", None)
    assert [line["event"] for line in lines(tmp_path, "event")] == ["ends"]


def test_in_the_list_of_callbacks_it_says_where_it_belongs(tmp_path):
    callback = RecordCallback(tmp_path / "run")
    trainer = make_trainer(tmp_path, two_phases(), callbacks=[callback])
    with pytest.raises(ValueError, match=r"say RecordCallback\(...\).add_to\(trainer\)"):
        trainer.train()
    assert not (tmp_path / "run").exists()
    callback.add_to(trainer)
    trainer.train()
    assert steps(tmp_path / "run") == list(range(8))


def test_it_records_one_trainer(tmp_path):
    plan = two_phases()
    callback = record(make_trainer(tmp_path, plan), tmp_path)
    with pytest.raises(ValueError, match="records a Trainer already"):
        callback.add_to(make_trainer(tmp_path, plan))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"norm_every": 1}, "unexpected keyword argument 'norm_every'"),
        ({"start": 3}, "leave `start` out"),
        ({"plan": "cosine"}, "expected a Plan, or a Schedule"),
    ],
)
def test_wrong_arguments_are_refused_before_the_training(tmp_path, arguments, message):
    with pytest.raises(TypeError, match=message):
        RecordCallback(tmp_path, **arguments)


def test_only_the_main_process_writes(tmp_path):
    class Second(TrainerCallback):
        def on_train_begin(self, args, state, control, **_):
            state.is_world_process_zero = False

    trainer = make_trainer(tmp_path, two_phases(), callbacks=[Second()])
    record(trainer, tmp_path / "run")
    trainer.train()
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_not_finite_stays_so_though_the_trainer_hides_it(tmp_path):
    class Diverging(Trainer):
        def compute_loss(self, *args, **kwargs):
            loss = super().compute_loss(*args, **kwargs)
            return loss * math.nan if self.state.global_step == 3 else loss

    trainer = make_trainer(tmp_path, Plan(Phase("all", 5, lr=0.1)), trainer=Diverging)
    record(trainer, tmp_path)
    trainer.train()
    losses = column(tmp_path, "loss")
    assert [step for step in range(4) if math.isnan(losses[step])] == [3]
    assert not any(math.isnan(loss) for loss in logged(trainer, "loss")[:4])
    assert lines(tmp_path, "nonfinite")[0]["step"] == 3
