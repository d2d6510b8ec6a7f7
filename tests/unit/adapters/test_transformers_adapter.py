"""Plans in the Trainer of transformers: the pair that it takes, and its callback."""

import gc
import json
import re
import subprocess
import sys

import pytest
import torch

from glidepath import Optimizer, Phase, Plan, constant, cosine, linear, plateau, scaled
from glidepath.adapters.torch import PlanScheduler

transformers = pytest.importorskip("transformers")

from transformers import Trainer, TrainerCallback, TrainingArguments  # noqa: E402

from glidepath.adapters.transformers import PlanCallback, optimizers  # noqa: E402

SAMPLES_PER_EPOCH = 12


@pytest.fixture(scope="module", autouse=True)
def garbage_is_collected_quickly():
    """Every run begins with that, and most of its time would go by in what was imported."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


class Model(torch.nn.Module):
    """A matrix with a bias, a norm and a head; in evaluation its loss stalls at 1."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.body = torch.nn.Linear(2, 3)
        self.norm = torch.nn.LayerNorm(3)
        self.head = torch.nn.Linear(3, 1)

    def forward(self, x, labels=None):
        out = self.head(self.norm(self.body(x)))
        loss = (out - labels).square().mean()
        return {"loss": loss if self.training else loss * 0.0 + 1.0, "logits": out}


def samples(num=SAMPLES_PER_EPOCH):
    inputs = torch.randn(num, 2, generator=torch.Generator().manual_seed(0))
    return [{"x": one, "labels": one.sum().reshape(1)} for one in inputs]


class Recorded(TrainerCallback):
    """The rates that updates used, and the lines that a tracker got; it can stop a run."""

    def __init__(self, stop_at=None):
        self.used, self.lines, self.stop_at = [], [], stop_at

    def watch(self, optimizer):
        optimizer.register_step_post_hook(lambda one, *_: self.used.append(values_in(one)))

    def on_step_end(self, args, state, control, **_):
        if state.global_step == self.stop_at:
            control.should_save = control.should_training_stop = True

    def on_log(self, args, state, control, logs, **_):
        self.lines.append(dict(logs))


def values_in(optimizer):
    return [(group["lr"], group["weight_decay"]) for group in optimizer.param_groups]


def make_trainer(plan, folder, *, recorded=None, callback=None, model=None, pair=None, **settings):
    """A Trainer of a plan, whose updates are recorded."""
    model = model or Model()
    recorded = recorded or Recorded()
    optimizer, scheduler = pair or optimizers(model, plan)
    recorded.watch(optimizer)
    data = {
        key: settings.pop(key) for key in ("eval_dataset", "compute_metrics") if key in settings
    }
    steps = {} if "num_train_epochs" in settings else {"max_steps": plan.total_steps}
    trainer = Trainer(
        model,
        TrainingArguments(
            str(folder),
            **{"per_device_train_batch_size": 1, "logging_steps": 1, "save_strategy": "no"}
            | {"report_to": "none", "disable_tqdm": True, "use_cpu": True}
            | steps
            | settings,
        ),
        train_dataset=samples(),
        optimizers=(optimizer, scheduler),
        callbacks=[callback or PlanCallback(plan), recorded],
        **data,
    )
    trainer.remove_callback(transformers.PrinterCallback)
    return trainer


def two_phases():
    """8 updates; an epoch of the samples is none of their multiples."""
    return Plan(
        Phase("warm-up", 3, lr=linear(0.1, 1.0)),
        Phase("decay", 5, lr=cosine(1.0, 0.0), rollout=2),
        rollout=1,
        weight_decay=linear(0.5, 0.1),
    )


def training_lines(trainer):
    return [line for line in trainer.state.log_history if "loss" in line]


def test_names_need_no_transformers_and_the_rest_says_how_to_install_it():
    code = """if True:
        import sys
        sys.modules["transformers"] = None
        from glidepath.adapters.transformers import from_name
        print(from_name("linear", 1.0, num_training_steps=10)(5))
        try:
            from glidepath.adapters.transformers import PlanCallback
        except ModuleNotFoundError as error:
            print(error)
    """
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.splitlines() == [
        "0.5",
        "this needs the package `transformers`: pip install 'glidepath[transformers]'",
    ]


# The pair


def test_weight_decay_acts_where_the_trainer_lets_it_act(tmp_path):
    model = Model()
    ours, _ = optimizers(model, two_phases())
    theirs = Trainer(model, TrainingArguments(str(tmp_path), use_cpu=True)).create_optimizer()
    decays, does_not = ours.param_groups
    assert [{id(p) for p in group["params"]} for group in (decays, does_not)] == [
        {id(p) for p in group["params"]} for group in theirs.param_groups
    ]
    assert (decays["decays"], does_not["decays"]) == (True, False)
    assert (decays["weight_decay"], does_not["weight_decay"]) == (0.5, 0.0)


def test_biases_and_norms_do_not_decay_at_any_update(tmp_path):
    plan, recorded = two_phases(), Recorded()
    make_trainer(plan, tmp_path, recorded=recorded).train()
    assert recorded.used == [
        [(plan["lr"](t), plan["weight_decay"](t)), (plan["lr"](t), 0.0)] for t in range(8)
    ]


def test_a_plan_that_names_its_optimizer_gets_that_one():
    named = Optimizer("adamw", beta2=0.95, decays="all")
    plan = Plan(Phase("training", 8, lr=0.1, weight_decay=0.5), optimizer=named)
    optimizer, scheduler = optimizers(Model(), plan)
    (group,) = optimizer.param_groups
    assert (group["betas"], group["weight_decay"]) == ((0.9, 0.95), 0.5)
    assert isinstance(scheduler, PlanScheduler)


def test_groups_follow_their_own_values():
    lr = {"default": constant(1.0), "body": scaled(0.1)}
    plan = Plan(Phase("training", 8, lr=lr), groups=["body"])
    optimizer, _ = optimizers(Model(), plan, groups={"body": "body"})
    found = [(one["name"], one["decays"], one["lr"]) for one in optimizer.param_groups]
    assert found == [
        ("default", True, 1.0),
        ("default, without decay", False, 1.0),
        ("body", True, 0.1),
        ("body, without decay", False, 0.1),
    ]


def test_a_frozen_parameter_is_left_out():
    model = Model()
    model.body.weight.requires_grad_(False)
    optimizer, _ = optimizers(model, constant(0.1).over(8))
    trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert id(model.body.weight) not in trained
    assert id(model.head.weight) in trained


def test_a_plan_clips_without_naming_an_optimizer():
    model = Model()
    plan = Plan(Phase("training", 8, lr=0.1), clip=linear(0.5, 0.1))
    optimizer, scheduler = optimizers(model, plan)
    for step in range(3):
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, 10.0)
        optimizer.step()
        scheduler.step()
        norm = torch.cat([p.grad.flatten() for p in model.parameters()]).norm()
        assert norm.item() == pytest.approx(plan["clip"](step))


# What updates use, and what is logged


@pytest.mark.parametrize("accumulate", [1, 3, 5])
def test_accumulation_does_not_change_the_plan(tmp_path, accumulate):
    plan, recorded = two_phases(), Recorded()
    settings = {"gradient_accumulation_steps": accumulate}
    make_trainer(plan, tmp_path, recorded=recorded, **settings).train()
    assert [used[0][0] for used in recorded.used] == plan["lr"](torch.arange(8).numpy()).tolist()


def test_a_log_line_is_about_the_update_that_was_done(tmp_path):
    """Trap 8, transformers#35942: the rate of the coming update was logged."""
    plan = two_phases()
    trainer = make_trainer(plan, tmp_path)
    trainer.train()
    lines = training_lines(trainer)
    assert [line["step"] for line in lines] == list(range(1, 9))
    for step, line in enumerate(lines):
        assert {name: line[name] for name in plan.names} == plan.at(step).values
        assert line["learning_rate"] == plan["lr"](step)
        assert line["phase"] == plan.phase_at(step).name


def test_the_rate_of_the_coming_update_is_replaced_where_the_trainer_logs_that(tmp_path):
    """Trap 8, transformers#35942: as the Trainer itself once did."""

    class AsBefore(TrainerCallback):
        def on_log(self, args, state, control, logs, lr_scheduler, **_):
            for line in (logs, state.log_history[-1]):
                if "learning_rate" in line:
                    line["learning_rate"] = lr_scheduler.get_last_lr()[0]

    plan = two_phases()
    trainer = make_trainer(plan, tmp_path, callback=AsBefore())
    trainer.add_callback(PlanCallback(plan))
    trainer.train()
    lines = training_lines(trainer)
    assert [line["learning_rate"] for line in lines] == [plan["lr"](step) for step in range(8)]


def test_a_line_about_several_updates_has_the_last_ones_values(tmp_path):
    plan = two_phases()
    trainer = make_trainer(plan, tmp_path, logging_steps=3)
    trainer.train()
    assert [line["lr"] for line in training_lines(trainer)] == [plan["lr"](2), plan["lr"](5)]


def test_lines_about_anything_else_stay_as_they_are(tmp_path):
    trainer = make_trainer(two_phases(), tmp_path, eval_dataset=samples())
    trainer.train()
    trainer.evaluate()
    others = [line for line in trainer.state.log_history if "loss" not in line]
    assert [("train_runtime" in line, "eval_loss" in line) for line in others] == [
        (True, False),
        (False, True),
    ]
    assert not any({"lr", "phase", "rollout"} & set(line) for line in others)


def test_learning_rate_is_that_of_the_first_parameter_group(tmp_path):
    lr = {"default": constant(1.0), "body": scaled(0.1), "norm": constant(3.0), "head": scaled(2.0)}
    plan = Plan(Phase("training", 2, lr=lr), groups=["body", "norm", "head"])
    model = Model()
    pair = optimizers(model, plan, groups={name: name for name in plan.groups})
    trainer = make_trainer(plan, tmp_path, model=model, pair=pair)
    trainer.train()
    line = training_lines(trainer)[0]
    assert {name: line[name] for name in line if "lr" in name} == plan.at(0).values
    assert line["learning_rate"] == plan["lr.body"](0)


def test_the_values_reach_trackers_where_the_callback_comes_before_them(tmp_path):
    plan, recorded = two_phases(), Recorded()
    callback = PlanCallback(plan)
    trainer = make_trainer(plan, tmp_path, recorded=recorded, callback=TrainerCallback())
    callback.add_to(trainer)
    trainer.train()
    assert [line["rollout"] for line in recorded.lines if "loss" in line] == [1, 1, 1] + 5 * [2]


def test_the_history_with_the_values_is_saved_in_a_checkpoint(tmp_path):
    plan, recorded = two_phases(), Recorded(stop_at=4)
    make_trainer(plan, tmp_path, recorded=recorded).train()
    state = json.loads((tmp_path / "checkpoint-4" / "trainer_state.json").read_text())
    lines = [line for line in state["log_history"] if "loss" in line]
    assert [line["lr"] for line in lines] == [plan["lr"](step) for step in range(4)]


# Resuming


def stop_and_resume(plan, folder, stop_at, **settings):
    """The updates of a run that is stopped once, and its last trainer."""
    first = Recorded(stop_at)
    make_trainer(plan, folder, recorded=first, **settings).train()
    second = Recorded()
    trainer = make_trainer(plan, folder, recorded=second, **settings)
    trainer.train(resume_from_checkpoint=True)
    return first.used + second.used, trainer


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_rate_does_not_jump_at_a_resume_wherever_it_is(tmp_path, accumulate):
    """Trap 8, transformers#34053."""
    plan, settings = two_phases(), {"gradient_accumulation_steps": accumulate}
    recorded = Recorded()
    whole = make_trainer(
        plan, tmp_path, recorded=recorded, save_strategy="steps", save_steps=1, **settings
    )
    whole.train()
    for step in range(1, 8):
        resumed = Recorded()
        trainer = make_trainer(plan, tmp_path, recorded=resumed, **settings)
        trainer.train(resume_from_checkpoint=str(tmp_path / f"checkpoint-{step}"))
        assert resumed.used == recorded.used[step:]
        for one, other in zip(trainer.model.parameters(), whole.model.parameters(), strict=True):
            assert torch.equal(one, other)
        assert [line["lr"] for line in training_lines(trainer)] == [
            line["lr"] for line in training_lines(whole)
        ]


def test_a_checkpoint_without_the_schedulers_state_is_an_error(tmp_path):
    """Trap 8: the Trainer itself would begin the plan again, without a word."""
    with pytest.raises(ValueError, match=r"goes on at update 4, .* is at step 0.*step\(4\)"):
        stop_and_resume(two_phases(), tmp_path, 4, save_only_model=True)


def test_a_checkpoint_without_the_schedulers_state_can_be_told_its_step(tmp_path):
    plan, recorded = two_phases(), Recorded()
    make_trainer(plan, tmp_path, recorded=Recorded(4), save_only_model=True).train()
    trainer = make_trainer(plan, tmp_path, recorded=recorded)
    trainer.lr_scheduler.step(4)
    trainer.train(resume_from_checkpoint=True)
    assert [used[0][0] for used in recorded.used] == [plan["lr"](step) for step in range(4, 8)]


def test_a_checkpoint_of_another_plan_is_an_error(tmp_path):
    make_trainer(two_phases(), tmp_path, recorded=Recorded(4)).train()
    other = Plan(Phase("training", 8, lr=0.3), weight_decay=0.1)
    with pytest.raises(ValueError, match="saved with another plan"):
        make_trainer(other, tmp_path).train(resume_from_checkpoint=True)


def test_a_second_run_with_the_same_scheduler_is_an_error(tmp_path):
    trainer = make_trainer(two_phases(), tmp_path)
    trainer.train()
    with pytest.raises(ValueError, match="begins at update 0, and the plan is at step 8 already"):
        trainer.train()


# Lengths


@pytest.mark.parametrize("steps", [5, 9])
def test_a_run_of_another_length_than_its_plan_is_an_error(tmp_path, steps):
    trainer = make_trainer(two_phases(), tmp_path, max_steps=steps)
    with pytest.raises(ValueError, match=f"has 8 updates, .* would do {steps}: say max_steps=8 to"):
        trainer.train()


def test_epochs_that_make_another_length_are_an_error(tmp_path):
    trainer = make_trainer(two_phases(), tmp_path, num_train_epochs=2)
    with pytest.raises(ValueError, match="has 8 updates, and the trainer would do 24"):
        trainer.train()


@pytest.mark.parametrize("steps", [5, 9])
def test_any_length_allows_another(tmp_path, steps):
    plan, recorded = two_phases(), Recorded()
    callback = PlanCallback(plan, any_length=True)
    make_trainer(plan, tmp_path, recorded=recorded, callback=callback, max_steps=steps).train()
    assert [used[0][0] for used in recorded.used] == [plan["lr"](step) for step in range(steps)]


@pytest.mark.parametrize(
    "schedule", [cosine(1.0, 0.1).over(3).repeat(), constant(0.5).over(1)], ids=["endless", "short"]
)
def test_a_run_may_go_on_past_the_end_of_a_schedule(tmp_path, schedule):
    recorded = Recorded()
    make_trainer(schedule, tmp_path, recorded=recorded, max_steps=8).train()
    assert [used[0][0] for used in recorded.used] == [schedule(step) for step in range(8)]


def test_a_run_that_ends_before_its_schedule_is_an_error(tmp_path):
    trainer = make_trainer(cosine(1.0, 0.0).over(10), tmp_path, max_steps=8)
    with pytest.raises(ValueError, match="the schedule has 10 updates, and the trainer would do 8"):
        trainer.train()


# What else has to agree


def test_a_trainer_without_our_scheduler_is_an_error(tmp_path):
    model, plan = Model(), two_phases()
    optimizer = torch.optim.AdamW(model.parameters())
    pair = optimizer, torch.optim.lr_scheduler.StepLR(optimizer, 5)
    trainer = make_trainer(plan, tmp_path, model=model, pair=pair)
    with pytest.raises(ValueError, match=r"but StepLR; .*optimizers=optimizers\(model, plan\)"):
        trainer.train()


def test_a_trainer_of_another_plan_is_an_error(tmp_path):
    trainer = make_trainer(two_phases(), tmp_path, callback=PlanCallback(constant(0.1).over(8)))
    with pytest.raises(ValueError, match="the trainer's PlanScheduler has another plan"):
        trainer.train()


def test_gradients_that_both_clip_are_an_error(tmp_path):
    plan = Plan(Phase("training", 4, lr=0.1), clip=0.5)
    with pytest.raises(ValueError, match=r"max_grad_norm=1\.0, .*say max_grad_norm=0"):
        make_trainer(plan, tmp_path).train()
    make_trainer(plan, tmp_path, max_grad_norm=0).train()


def test_what_is_neither_plan_nor_schedule_is_an_error():
    with pytest.raises(TypeError, match="expected a Plan, or a Schedule"):
        PlanCallback("cosine")


# Plans that listen


def listening(metric="val_loss"):
    """Cut to a tenth whenever the metric stalls for 2 evaluations: 12 updates."""
    rate = constant(1.0).over(12).cut(0.1, on=plateau(metric, patience=1))
    return Plan(Phase("training", 12, lr=rate))


EVALUATED = {"eval_strategy": "steps", "eval_steps": 2}


@pytest.mark.parametrize("metric", ["val_loss", "eval_loss"])
def test_a_plan_hears_the_evaluations(tmp_path, metric):
    recorded = Recorded()
    settings = EVALUATED | {"eval_dataset": samples()}
    trainer = make_trainer(listening(metric), tmp_path, recorded=recorded, **settings)
    trainer.train()
    # Heard after 2 updates it is the best; after 4 and 6 it is not, and so once more.
    assert [used[0][0] for used in recorded.used] == 6 * [1.0] + 4 * [0.1] + 2 * [0.1 * 0.1]
    assert [line["lr"] for line in training_lines(trainer)] == [
        used[0][0] for used in recorded.used
    ]


@pytest.mark.parametrize("stop_at", [2, 5, 6, 7, 10])
def test_what_was_heard_is_known_after_a_resume(tmp_path, stop_at):
    recorded = Recorded()
    settings = EVALUATED | {"eval_dataset": samples()}
    make_trainer(listening(), tmp_path, recorded=recorded, **settings).train()
    used, trainer = stop_and_resume(listening(), tmp_path / "again", stop_at, **settings)
    assert used == recorded.used
    assert [event.step for event in trainer.lr_scheduler.plan.events] == [6, 10]


def test_an_evaluation_after_the_run_is_not_heard(tmp_path):
    cut = constant(1.0).over(12).cut(0.1, on=plateau("eval_loss", patience=1))
    plan = Plan(Phase("training", 12, lr=cut), weight_decay=listening("test_loss")["lr"])
    trainer = make_trainer(plan, tmp_path, eval_dataset=samples(), **EVALUATED)
    trainer.train()
    heard = list(trainer.lr_scheduler.state_dict()["heard"])
    trainer.evaluate(metric_key_prefix="test")
    assert trainer.lr_scheduler.state_dict()["heard"] == heard
    assert [(step, list(measured)) for step, measured in heard] == [
        (step, ["eval_loss"]) for step in range(2, 13, 2)
    ]


def test_an_evaluation_before_the_first_update_is_not_heard(tmp_path):
    recorded = Recorded()
    settings = EVALUATED | {"eval_dataset": samples(), "eval_on_start": True}
    make_trainer(listening(), tmp_path, recorded=recorded, **settings).train()
    assert [used[0][0] for used in recorded.used].index(0.1) == 6


@pytest.mark.parametrize("heard", ["near", "far"])
def test_one_of_several_evaluations_can_be_heard(tmp_path, heard):
    recorded = Recorded()
    settings = EVALUATED | {"eval_dataset": {"near": samples(), "far": samples()}}
    plan = listening(f"eval_{heard}_loss")
    make_trainer(plan, tmp_path, recorded=recorded, **settings).train()
    assert [used[0][0] for used in recorded.used].index(0.1) == 6


def test_a_plan_that_listens_to_two_evaluations_is_an_error(tmp_path):
    cut = constant(1.0).over(12).cut(0.1, on=plateau("eval_near_loss", patience=1))
    until = plateau("eval_far_loss", patience=1)
    plan = Plan(Phase("training", 12, lr=cut, until=until), Phase("rest", 2, lr=0.1))
    settings = EVALUATED | {"eval_dataset": {"near": samples(), "far": samples()}}
    with pytest.raises(RuntimeError, match="heard eval_near_loss after update 1, and now eval_far"):
        make_trainer(plan, tmp_path, **settings).train()


def test_a_metric_that_is_not_evaluated_is_an_error(tmp_path):
    trainer = make_trainer(listening("accuracy"), tmp_path, eval_dataset=samples(), **EVALUATED)
    with pytest.raises(
        ValueError, match=r"listens to accuracy, .* measured eval_loss, eval_runtime"
    ):
        trainer.train()


def test_a_plan_that_listens_to_a_trainer_that_does_not_evaluate_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=re.escape("listens to val_loss, and the Trainer never")):
        make_trainer(listening(), tmp_path).train()


def test_training_stops_where_the_plan_is_over_before_its_time(tmp_path):
    plan = Plan(
        Phase("stable", 12, lr=1.0, until=plateau("val_loss", patience=1)),
        Phase("cool-down", 3, lr=linear(1.0, 0.0)),
    )
    recorded = Recorded()
    settings = EVALUATED | {"eval_dataset": samples()}
    trainer = make_trainer(plan, tmp_path, recorded=recorded, **settings)
    trainer.train()
    assert trainer.state.global_step == 9
    assert [used[0][0] for used in recorded.used][-4:] == pytest.approx([1.0, 1.0, 2 / 3, 1 / 3])
