"""The record of a fit of Lightning, against what is computed beside it."""

import importlib
import math

import numpy as np
import pytest
import torch
from record_lines import column, end, kinds, lines, look, steps

from glidepath import Phase, Plan, constant, cosine, linear, plateau
from glidepath.record import History
from glidepath.record.checksum import checksum

pytest.importorskip("lightning")

from glidepath.adapters.lightning import PlanCallback, RecordCallback, configure

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers.*"),
    pytest.mark.filterwarnings("ignore:.*ended before the epoch ended and your dataloader is not"),
    pytest.mark.filterwarnings("ignore:Checkpoint directory .* exists and is not empty"),
    pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`, callbacks used to"),
    pytest.mark.filterwarnings(r"ignore:`isinstance\(treespec, LeafSpec\)` is deprecated"),
]

PACKAGES = ("lightning.pytorch", "pytorch_lightning")
BATCHES_PER_EPOCH = 12


def two_phases():
    """8 updates."""
    return Plan(
        Phase("warm-up", 3, lr=linear(0.1, 0.2)),
        Phase("decay", 5, lr=cosine(0.2, 0.0), rollout=2),
        rollout=1,
        weight_decay=linear(0.5, 0.1),
    )


def make_module(plan, package=PACKAGES[0], *, fails_at=None, raises=RuntimeError):
    """A LightningModule that notes its losses and what its updates do."""

    class Module(importlib.import_module(package).LightningModule):
        def __init__(self):
            super().__init__()
            torch.manual_seed(0)
            self.layers = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
            self.losses, self.gradients, self.before, self.after = [], [], [], []

        def training_step(self, batch):
            if len(self.losses) == fails_at:
                raise raises("out of memory")
            loss = (self.layers(batch)[:, 0] - batch.sum(dim=1)).square().mean()
            self.losses.append(loss.item())
            self.log("loss", loss)
            return loss

        def validation_step(self, batch):
            self.log("val_loss", 1.0)
            self.log("accuracy", 0.25)

        def on_before_optimizer_step(self, optimizer):
            self.gradients.append([p.grad.clone() for p in self.parameters()])

        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters())
            optimizer.register_step_post_hook(lambda *_: self.after.append(self.copies()))
            return configure(optimizer, plan)

        def on_train_batch_start(self, *_):
            self.before.append(self.copies())

        def copies(self):
            return [p.detach().clone() for p in self.parameters()]

    return Module()


def batches(num=BATCHES_PER_EPOCH):
    inputs = torch.randn(num, 2, generator=torch.Generator().manual_seed(0))
    return torch.utils.data.DataLoader(inputs, batch_size=1)


def fit(plan, folder, *callbacks, module=None, package=PACKAGES[0], validates=False,
        ckpt_path=None, saves=False, **settings):  # fmt: skip
    """Train; returns the module and the trainer."""
    module = module or make_module(plan, package)
    defaults = {"max_steps": plan.total_steps, "max_epochs": -1, "devices": 1}
    trainer = importlib.import_module(package).Trainer(
        accelerator="cpu",
        callbacks=list(callbacks),
        default_root_dir=folder,
        logger=False,
        enable_checkpointing=saves,
        enable_progress_bar=False,
        enable_model_summary=False,
        limit_val_batches=1.0 * validates,
        **defaults | settings,
    )
    trainer.fit(module, batches(), batches(2), ckpt_path=ckpt_path)
    return module, trainer


def norm(tensors):
    return math.sqrt(sum(one.double().square().sum().item() for one in tensors))


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("accumulate", [1, 3])
def test_the_record_says_what_the_module_saw_and_did(tmp_path, package, accumulate):
    pytest.importorskip(package.partition(".")[0])
    plan = two_phases()
    callback = RecordCallback(tmp_path, norms_every=1)
    settings = {"accumulate_grad_batches": accumulate, "gradient_clip_val": 0.05}
    module, _ = fit(plan, tmp_path, callback, package=package, **settings)
    used = range(8)
    assert steps(tmp_path) == list(used)
    losses = np.reshape(module.losses, (8, accumulate)).mean(axis=1)
    np.testing.assert_allclose(column(tmp_path, "loss"), losses, rtol=1e-5)
    # Lightning calls the hook that these are from before it clips.
    norms = [norm(one) for one in module.gradients]
    np.testing.assert_allclose(column(tmp_path, "gradient_norm"), norms, rtol=1e-5)
    assert column(tmp_path, "lr") == [plan["lr"](t) for t in used]
    assert column(tmp_path, "weight_decay") == [plan["weight_decay"](t) for t in used]
    assert column(tmp_path, "rollout") == [plan["rollout"](t) for t in used]
    assert column(tmp_path, "samples") == [accumulate] * 8
    before = module.before[accumulate - 1 :: accumulate]
    norms = [norm(one) for one in before]
    np.testing.assert_allclose(column(tmp_path, "parameter_norm"), norms, rtol=1e-6)
    pairs = zip(before, module.after, strict=True)
    moved = [norm([b - a for a, b in zip(*pair, strict=True)]) for pair in pairs]
    np.testing.assert_allclose(column(tmp_path, "update_ratio"), np.divide(moved, norms), rtol=1e-5)
    first = look(tmp_path, 0)
    assert list(first) == ["layers/0/weight", "layers/0/bias", "layers/1/weight", "layers/1/bias"]
    assert first["layers/0/weight"]["checksum"] == int(checksum(before[0][0]))
    assert end(tmp_path) == ("finished", None)
    assert column(tmp_path, "data_seconds")[1] >= 0
    if accumulate == 1:
        assert len(set(History.open(tmp_path).texts("batch"))) == 8


def test_an_epoch_s_last_update_may_have_fewer_batches(tmp_path):
    plan = Plan(Phase("all", 4, lr=0.1))
    callback = RecordCallback(tmp_path)
    module, _ = fit(plan, tmp_path, callback, accumulate_grad_batches=7)
    parts = np.split(np.array(module.losses), [7, 12, 19])
    assert [len(part) for part in parts] == [7, 5, 7, 5]
    np.testing.assert_allclose(column(tmp_path, "loss"), [part.mean() for part in parts], rtol=1e-5)
    assert column(tmp_path, "samples") == [7, 5, 7, 5]


def test_validations_and_checkpoints_stand_after_the_updates_before_them(tmp_path):
    from lightning.pytorch.callbacks import ModelCheckpoint

    plan = two_phases()
    saving = ModelCheckpoint(tmp_path / "saved", every_n_train_steps=4, save_top_k=-1)
    callback = RecordCallback(tmp_path)
    module, trainer = fit(plan, tmp_path, callback, saving, validates=True, saves=True,
                          val_check_interval=4)  # fmt: skip
    trainer.validate(module, batches(2), verbose=False)
    found = [{k: line[k] for k in line if k not in ("kind", "time", "seconds")}
             for line in lines(tmp_path, "evaluation")]  # fmt: skip
    assert found == [{"step": step, "val_loss": 1.0, "accuracy": 0.25} for step in (4, 8)]
    assert [line["step"] for line in lines(tmp_path, "checkpoint")] == [4, 8]
    assert kinds(tmp_path)[-1] == ("end", 8)


@pytest.mark.parametrize("is_first", [True, False])
def test_it_goes_with_the_plan_s_callback_in_any_order(tmp_path, is_first):
    on = plateau("val_loss", patience=1)
    plan = Plan(Phase("all", 10, lr=constant(0.1).over(10).cut(0.5, on=on)))
    both = [RecordCallback(tmp_path), PlanCallback(plan)]
    fit(plan, tmp_path, *(both if is_first else both[::-1]), validates=True, val_check_interval=2)
    assert [(line["step"], line["event"]) for line in lines(tmp_path, "event")] == [(6, "cuts")]
    rates = [0.1] * 6 + [0.05] * 4
    assert column(tmp_path, "lr") == pytest.approx(rates)
    assert History.open(tmp_path).plan["lr"](np.arange(10)).tolist() == pytest.approx(rates)


def test_a_resumed_run_has_each_step_once_with_what_the_whole_run_has(tmp_path):
    from lightning.pytorch.callbacks import ModelCheckpoint

    plan = Plan(Phase("all", 9, lr=linear(0.1, 0.0)), weight_decay=0.1)

    def run(name, **settings):
        callback = RecordCallback(tmp_path / name, plan, norms_every=1)
        saving = ModelCheckpoint(tmp_path / f"{name} saved", filename="last", every_n_train_steps=6)
        settings |= {"accumulate_grad_batches": 2, "saves": True}
        fit(plan, tmp_path, callback, saving, **settings)
        return tmp_path / name

    whole = run("whole")
    fails = make_module(plan, fails_at=16)
    with pytest.raises(RuntimeError, match="out of memory"):
        run("cut", module=fails)
    cut = tmp_path / "cut"
    assert end(cut) == ("failed", "RuntimeError: out of memory")
    assert steps(cut) == list(range(8))
    # At the end of an epoch: within one Lightning begins the data again.
    run("cut", ckpt_path=tmp_path / "cut saved" / "last.ckpt")
    assert steps(cut) == list(range(9))
    for name in ("loss", "lr", "gradient_norm", "update_ratio", "parameter_norm", "num_updates"):
        assert column(cut, name) == pytest.approx(column(whole, name), rel=1e-6), name
    assert [line["step"] for line in lines(cut, "restart")] == [6]
    assert end(cut) == ("finished", None)


def test_an_interrupt_ends_the_record_as_stopped(tmp_path):
    plan = two_phases()
    module = make_module(plan, fails_at=3, raises=KeyboardInterrupt)
    with pytest.raises(SystemExit):
        fit(plan, tmp_path, RecordCallback(tmp_path), module=module)
    assert steps(tmp_path) == [0, 1, 2]
    assert end(tmp_path) == ("stopped", "interrupted")


def test_a_run_that_is_stopped_early_says_so(tmp_path):
    import lightning

    class Stop(lightning.pytorch.Callback):
        def on_train_batch_end(self, trainer, *_):
            trainer.should_stop = trainer.global_step >= 3

    plan = two_phases()
    fit(plan, tmp_path, RecordCallback(tmp_path), Stop(), min_epochs=0)
    assert end(tmp_path) == ("stopped", "after 3 of 8 updates, by its trainer")


@pytest.mark.parametrize("settings", [{"fast_dev_run": True}, {"max_steps": 0}])
def test_a_run_that_is_none_writes_nothing(tmp_path, settings):
    fit(two_phases(), tmp_path, RecordCallback(tmp_path / "run"), **settings)
    assert not (tmp_path / "run").exists()


def test_the_tuner_and_the_sanity_check_write_nothing(tmp_path):
    import lightning
    from lightning.pytorch.tuner import Tuner

    plan = two_phases()
    module = make_module(plan)
    module.learning_rate = 0.1
    module.configure_optimizers = lambda: torch.optim.SGD(module.parameters(), module.learning_rate)
    trainer = lightning.pytorch.Trainer(
        accelerator="cpu", max_steps=4, logger=False, default_root_dir=tmp_path,
        callbacks=[RecordCallback(tmp_path / "run")], enable_progress_bar=False,
        enable_model_summary=False, num_sanity_val_steps=2, log_every_n_steps=1,
        enable_checkpointing=False, val_check_interval=4,
    )  # fmt: skip
    Tuner(trainer).lr_find(module, batches(), batches(2), num_training=6, update_attr=False)
    assert not (tmp_path / "run").exists()
    trainer.fit(module, batches(), batches(2))
    found = kinds(tmp_path / "run")
    assert found[0] == ("run", None)
    assert [one for one in found if one[0] == "evaluation"] == [("evaluation", 4)]


def test_several_optimizers_are_refused_with_a_way_out(tmp_path):
    plan = two_phases()
    module = make_module(plan)
    module.automatic_optimization = False
    module.configure_optimizers = lambda: [
        torch.optim.SGD(one.parameters()) for one in module.layers
    ]
    with pytest.raises(ValueError, match="the module has 2: make a Recorder for each"):
        fit(plan, tmp_path, RecordCallback(tmp_path / "run"), module=module)
    assert not (tmp_path / "run").exists()


def test_manual_optimization_is_recorded_update_by_update(tmp_path):
    plan = two_phases()
    module = make_module(plan)
    module.automatic_optimization = False

    def training_step(batch, batch_idx):
        optimizer, scheduler = module.optimizers(), module.lr_schedulers()
        loss = module.layers(batch).square().mean()
        optimizer.zero_grad()
        module.manual_backward(loss)
        if batch_idx % 2:
            optimizer.step()
            scheduler.step()
        return loss

    module.training_step = training_step
    fit(plan, tmp_path, RecordCallback(tmp_path, norms_every=1), module=module)
    assert steps(tmp_path) == list(range(8))
    assert column(tmp_path, "lr") == [plan["lr"](t) for t in range(8)]
    norms = [norm(one) for one in module.gradients]
    np.testing.assert_allclose(column(tmp_path, "gradient_norm"), norms, rtol=1e-5)


def test_a_second_run_does_not_write_over_the_first(tmp_path):
    plan = two_phases()
    fit(plan, tmp_path, RecordCallback(tmp_path))
    with pytest.raises(FileExistsError, match="choose another directory"):
        fit(plan, tmp_path, RecordCallback(tmp_path))
    assert steps(tmp_path) == list(range(8))
