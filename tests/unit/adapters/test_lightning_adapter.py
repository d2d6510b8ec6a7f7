"""Plans in Lightning: what `configure_optimizers` returns, and the callback."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from glidepath import Phase, Plan, constant, cosine, linear, plateau, scaled

pytest.importorskip("lightning")

from glidepath.adapters.lightning import PlanCallback, configure
from glidepath.adapters.torch import PlanScheduler

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*ended before the epoch ended and your dataloader is not"),
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`, callbacks used to"),
    pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)` is deprecated"),
]

PACKAGES = ("lightning.pytorch", "pytorch_lightning")
BATCHES_PER_EPOCH = 12


def two_phases():
    """8 updates."""
    return Plan(
        Phase("warm-up", 3, lr=linear(0.1, 1.0)),
        Phase("decay", 5, lr=cosine(1.0, 0.0), rollout=2),
        rollout=1,
        weight_decay=linear(0.5, 0.1),
    )


def make_module(plan, package=PACKAGES[0], **changes):
    """A LightningModule whose updates' rates are in `used`; `changes` go into its timing."""

    class Module(importlib.import_module(package).LightningModule):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.layer = torch.nn.Linear(2, 1)
            self.used, self.num_batches = [], 0

        def loss(self, batch):
            return (self.layer(batch) - 1.0).square().mean()

        def training_step(self, batch):
            self.num_batches += 1
            loss = self.loss(batch)
            self.log("loss", loss)
            return loss

        def validation_step(self, batch):
            self.log("val_loss", 1.0)

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters())
            optimizer.register_step_post_hook(
                lambda one, *_: self.used.append(one.param_groups[0]["lr"])
            )
            found = configure(optimizer, plan)
            found["lr_scheduler"] |= changes
            return found

    return Module()


def make_logger(package=PACKAGES[0]):
    """A logger whose lines, each with its step, are in `lines`."""

    class Logger(importlib.import_module(f"{package}.loggers").Logger):
        name, version = "lines", 0

        def __init__(self):
            super().__init__()
            self.lines = []

        def log_metrics(self, metrics, step):
            self.lines.append({"step": step} | metrics)

        def log_hyperparams(self, *_):
            pass

    return Logger()


def make_trainer(
    plan, folder, *, package=PACKAGES[0], callback=None, more=(), logger=False, **settings
):
    defaults = {"max_steps": plan.total_steps, "max_epochs": -1, "devices": 1} | settings
    return importlib.import_module(package).Trainer(
        accelerator="cpu",
        callbacks=[callback or PlanCallback(plan), *more],
        default_root_dir=folder,
        logger=logger,
        log_every_n_steps=1,
        enable_checkpointing=bool(more),
        enable_progress_bar=False,
        enable_model_summary=False,
        **defaults,
    )


def batches():
    inputs = torch.randn(BATCHES_PER_EPOCH, 2, generator=torch.Generator().manual_seed(0))
    return torch.utils.data.DataLoader(inputs, batch_size=1)


def fit(plan, folder, *, ckpt_path=None, validates=False, module=None, **settings):
    """Train; returns the module and the trainer."""
    package = settings.get("package", PACKAGES[0])
    module = module or make_module(plan, package)
    trainer = make_trainer(plan, folder, limit_val_batches=1.0 * validates, **settings)
    trainer.fit(module, batches(), batches(), ckpt_path=ckpt_path)
    return module, trainer


def rates(plan, first=0):
    return [plan["lr"](step) for step in range(first, plan.total_steps)]


# What updates use


def test_lightning_is_told_to_call_the_scheduler_after_every_update():
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=9.0)
    found = configure(optimizer, constant(0.5).over(3))
    assert found["optimizer"] is optimizer
    scheduler = found["lr_scheduler"].pop("scheduler")
    assert isinstance(scheduler, PlanScheduler)
    assert scheduler.get_last_lr() == [0.5]
    assert found["lr_scheduler"] == {"interval": "step", "frequency": 1}


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize(("accumulate", "num_batches"), [(1, 8), (4, 32), (5, 12 + 12 + 10)])
def test_accumulation_does_not_change_the_plan(tmp_path, package, accumulate, num_batches):
    plan = two_phases()
    settings = {"accumulate_grad_batches": accumulate, "package": package}
    module, _ = fit(plan, tmp_path, **settings)
    assert module.used == rates(plan)
    assert module.num_batches == num_batches


def test_a_scheduler_that_is_called_once_an_epoch_raises(tmp_path):
    plan = two_phases()
    module = make_module(plan, interval="epoch")
    nothing = importlib.import_module(PACKAGES[0]).Callback()
    with pytest.raises(RuntimeError, match=r"has done 12 updates since .* not once an epoch"):
        fit(plan, tmp_path, module=module, callback=nothing, max_steps=24)


@pytest.mark.parametrize("changes", [{"interval": "epoch"}, {"frequency": 2}])
def test_the_callback_refuses_another_timing_before_the_first_update(tmp_path, changes):
    module = make_module(two_phases(), **changes)
    with pytest.raises(ValueError, match=r"must be called after every update, .*got '\w+' and \d"):
        fit(two_phases(), tmp_path, module=module)
    assert module.used == []


def test_manual_optimization_follows_where_the_scheduler_is_called(tmp_path):
    plan = two_phases()
    module = make_module(plan)
    module.automatic_optimization = False

    def training_step(batch, batch_idx):
        optimizer, scheduler = module.optimizers(), module.lr_schedulers()
        module.manual_backward(module.loss(batch))
        if batch_idx % 2:
            optimizer.step()
            optimizer.zero_grad()
        scheduler.step()

    module.training_step = training_step
    fit(plan, tmp_path, module=module)
    assert module.used == rates(plan)


# Resuming


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_rate_does_not_jump_at_a_resume_wherever_it_is(tmp_path, accumulate):
    plan, settings = two_phases(), {"accumulate_grad_batches": accumulate}
    whole, _ = fit(plan, tmp_path, **settings)
    for step in range(1, 8):
        callback = PlanCallback(plan, any_length=True)
        first, trainer = fit(plan, tmp_path, max_steps=step, callback=callback, **settings)
        trainer.save_checkpoint(tmp_path / "stopped.ckpt")
        second, _ = fit(plan, tmp_path, ckpt_path=tmp_path / "stopped.ckpt", **settings)
        assert first.used + second.used == whole.used == rates(plan)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_the_rate_does_not_jump_after_a_checkpoint_of_a_run_that_went_on(tmp_path, accumulate):
    plan, settings = two_phases(), {"accumulate_grad_batches": accumulate}
    saves = importlib.import_module(PACKAGES[0]).callbacks.ModelCheckpoint(
        tmp_path, "{step}", every_n_train_steps=1, save_top_k=-1
    )
    fit(plan, tmp_path, more=[saves], **settings)
    for step in range(1, 8):
        module, _ = fit(plan, tmp_path, ckpt_path=tmp_path / f"step={step}.ckpt", **settings)
        assert module.used == rates(plan, step)


def test_a_checkpoint_of_another_plan_is_an_error(tmp_path):
    _, trainer = fit(two_phases(), tmp_path)
    trainer.save_checkpoint(tmp_path / "done.ckpt")
    with pytest.raises(ValueError, match="saved with another plan"):
        fit(constant(0.3).over(16), tmp_path, ckpt_path=tmp_path / "done.ckpt", max_steps=16)


def test_a_second_fit_with_a_new_scheduler_is_an_error(tmp_path):
    plan = two_phases()
    module, trainer = fit(plan, tmp_path)
    trainer.fit_loop.epoch_loop.max_steps = 16
    with pytest.raises(ValueError, match="goes on at update 8, and the plan is at step 0"):
        trainer.fit(module, batches(), batches())


# What is logged


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("accumulate", [1, 4])
def test_every_line_has_the_values_of_its_own_update(tmp_path, package, accumulate):
    """Trap 8, as in transformers#35942: a rate logged one update too early or too late."""
    plan, logger = two_phases(), make_logger(package)
    settings = {"accumulate_grad_batches": accumulate, "package": package}
    fit(plan, tmp_path, logger=logger, **settings)
    lines = [line for line in logger.lines if "loss" in line]
    assert [line["step"] for line in lines] == list(range(8))
    for line in lines:
        values = plan.at(line["step"]).values
        assert {name: line[name] for name in plan.names} == pytest.approx(values, rel=1e-7)


def test_lines_after_a_resume_have_the_values_of_their_own_updates(tmp_path):
    plan, logger = two_phases(), make_logger()
    callback = PlanCallback(plan, any_length=True)
    _, trainer = fit(plan, tmp_path, max_steps=5, callback=callback)
    trainer.save_checkpoint(tmp_path / "stopped.ckpt")
    fit(plan, tmp_path, ckpt_path=tmp_path / "stopped.ckpt", logger=logger)
    lines = [(line["step"], line["lr"]) for line in logger.lines if "loss" in line]
    assert lines == [(step, pytest.approx(plan["lr"](step))) for step in range(5, 8)]


def test_the_values_of_groups_are_logged_by_their_names(tmp_path):
    lr = {"default": constant(1.0), "head": scaled(0.5)}
    plan, logger = Plan(Phase("training", 2, lr=lr), groups=["head"]), make_logger()
    module = make_module(plan)

    def configure_optimizers():
        groups = [{"params": [one]} for one in module.parameters()]
        groups[1]["name"] = "head"
        return configure(torch.optim.SGD(groups, lr=9.0), plan)

    module.configure_optimizers = configure_optimizers
    fit(plan, tmp_path, module=module, logger=logger)
    assert (logger.lines[0]["lr"], logger.lines[0]["lr.head"]) == (1.0, 0.5)


# Lengths, and what else has to agree


@pytest.mark.parametrize(
    ("limits", "updates"),
    [
        ({"max_steps": 5}, "5"),
        ({"max_steps": 9}, "9"),
        ({"max_steps": -1, "max_epochs": 2}, "24"),
        ({"max_steps": -1, "max_epochs": 1, "accumulate_grad_batches": 5}, "3"),
        ({"max_steps": -1}, "inf"),
    ],
)
def test_a_run_of_another_length_than_its_plan_is_an_error(tmp_path, limits, updates):
    with pytest.raises(ValueError, match=rf"has 8 updates, .* do {updates}: say Trainer\(max_st"):
        fit(two_phases(), tmp_path, **limits)


def test_epochs_of_unknown_length_are_an_error(tmp_path):
    class Endless(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(torch.ones(20, 2))

    trainer = make_trainer(two_phases(), tmp_path, max_steps=-1, max_epochs=1, limit_val_batches=0)
    with pytest.raises(ValueError, match="has 8 updates, and the trainer would do inf"):
        trainer.fit(make_module(two_phases()), torch.utils.data.DataLoader(Endless()), batches())


def test_any_length_allows_another(tmp_path):
    plan = two_phases()
    module, _ = fit(plan, tmp_path, callback=PlanCallback(plan, any_length=True), max_steps=10)
    assert module.used == [*rates(plan), rates(plan)[-1], rates(plan)[-1]]


def test_a_run_may_go_on_past_the_end_of_a_schedule(tmp_path):
    schedule = cosine(1.0, 0.1).over(3).repeat()
    module, _ = fit(schedule, tmp_path, max_steps=8)
    assert module.used == [schedule(step) for step in range(8)]


def test_a_development_run_may_be_short(tmp_path):
    module, _ = fit(two_phases(), tmp_path, fast_dev_run=True)
    assert module.used == rates(two_phases())[:1]


def test_a_module_without_our_scheduler_is_an_error(tmp_path):
    module = make_module(two_phases())
    module.configure_optimizers = lambda: torch.optim.SGD(module.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"but none at all; .*return configure\(optimizer, plan\)"):
        fit(two_phases(), tmp_path, module=module)


def test_a_module_of_another_plan_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="the trainer's PlanScheduler has another plan"):
        fit(two_phases(), tmp_path, callback=PlanCallback(constant(0.1).over(8)))


def test_gradients_that_both_clip_are_an_error(tmp_path):
    plan = Plan(Phase("training", 4, lr=0.1), clip=0.5)
    module = make_module(plan)

    def configure_optimizers():
        groups = [{"params": list(module.parameters()), "clip": 0.5}]
        return configure(torch.optim.SGD(groups, lr=9.0), plan)

    module.configure_optimizers = configure_optimizers
    with pytest.raises(ValueError, match=r"gradient_clip_val=1\.0, .*leave gradient_clip_val out"):
        fit(plan, tmp_path, module=module, gradient_clip_val=1.0)


# Plans that listen


def listening(metric="val_loss"):
    """Cut to a tenth whenever the metric stalls for 2 validations: 12 updates."""
    rate = constant(1.0).over(12).cut(0.1, on=plateau(metric, patience=1))
    return Plan(Phase("training", 12, lr=rate))


VALIDATED = {"validates": True, "val_check_interval": 2}
CUT = 6 * [1.0] + 4 * [0.1] + 2 * [0.1 * 0.1]
"""Heard after 2 updates the loss is the best; after 4 and 6 it is not, and so once more."""


@pytest.mark.parametrize("package", PACKAGES)
def test_a_plan_hears_the_validations(tmp_path, package):
    module, trainer = fit(listening(), tmp_path, package=package, **VALIDATED)
    assert module.used == CUT
    events = trainer.lr_scheduler_configs[0].scheduler.plan.events
    assert [event.step for event in events] == [6, 10]


def test_a_validation_after_the_run_is_not_heard(tmp_path):
    module, trainer = fit(listening(), tmp_path, validates=True, val_check_interval=5)
    scheduler = trainer.lr_scheduler_configs[0].scheduler
    trainer.validate(module, batches(), verbose=False)
    assert [step for step, _ in scheduler.state_dict()["heard"]] == [5, 10]


@pytest.mark.parametrize("stop_at", [2, 5, 6, 7, 10])
def test_what_was_heard_is_known_after_a_resume(tmp_path, stop_at):
    callback = PlanCallback(listening(), any_length=True)
    first, trainer = fit(listening(), tmp_path, max_steps=stop_at, callback=callback, **VALIDATED)
    trainer.save_checkpoint(tmp_path / "stopped.ckpt")
    second, _ = fit(listening(), tmp_path, ckpt_path=tmp_path / "stopped.ckpt", **VALIDATED)
    assert first.used + second.used == CUT


def test_a_metric_that_is_not_logged_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"listens to accuracy, .* logged .*loss, .*val_loss"):
        fit(listening("accuracy"), tmp_path, **VALIDATED)


def test_training_stops_where_the_plan_is_over_before_its_time(tmp_path):
    plan = Plan(
        Phase("stable", 12, lr=1.0, until=plateau("val_loss", patience=1)),
        Phase("cool-down", 3, lr=linear(1.0, 0.0)),
    )
    module, _ = fit(plan, tmp_path, **VALIDATED)
    assert module.used == pytest.approx([*6 * [1.0], 1.0, 2 / 3, 1 / 3])


def two_processes(folder):
    """One of two: alone the first would hear ever better losses, and the second ever worse."""
    plan = listening()
    module = make_module(plan)

    def validation_step(batch):
        better = module.global_rank == 0
        module.log("val_loss", float(-module.global_step if better else module.global_step))

    module.validation_step = validation_step
    every_two_updates = {"val_check_interval": 4, "check_val_every_n_epoch": None}
    settings = {"devices": 2, "strategy": "ddp", "accumulate_grad_batches": 2}
    fit(plan, folder, module=module, validates=True, **settings | every_two_updates)
    Path(folder, f"{module.global_rank}.json").write_text(json.dumps(module.used))


def test_all_processes_hear_the_mean_of_what_they_measured(tmp_path):
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [sys.executable, *launch, __file__, str(tmp_path)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    used = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)]
    assert used == [CUT, CUT]


if __name__ == "__main__":
    two_processes(sys.argv[1])
