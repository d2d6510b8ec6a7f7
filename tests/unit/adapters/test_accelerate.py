"""accelerate's prepared scheduler does not multiply our steps."""

import json
import os
import subprocess
import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from glidepath import Phase, Plan, constant, cosine, linear, plateau
from glidepath.adapters.torch import PlanScheduler

accelerate = pytest.importorskip("accelerate")

from accelerate import Accelerator, DataLoaderConfiguration, skip_first_batches  # noqa: E402
from accelerate.state import AcceleratorState, GradientState, PartialState  # noqa: E402

SAMPLES = 24


@pytest.fixture(autouse=True)
def a_process_of_its_own():
    """accelerate keeps what it knows of the process in one place for all."""
    yield
    forget()


def forget():
    AcceleratorState._reset_state()
    GradientState._reset_state()
    PartialState._reset_state()


def two_phases():
    """8 updates."""
    return Plan(
        Phase("warm-up", 3, lr=linear(0.1, 1.0)),
        Phase("decay", 5, lr=cosine(1.0, 0.0)),
        weight_decay=linear(0.5, 0.1),
    )


def make_accelerator(*, split_batches=False, **settings):
    config = DataLoaderConfiguration(split_batches=split_batches)
    return Accelerator(cpu=True, dataloader_config=config, **settings)


def make_run(accelerator, plan, *, prepared_first=False, scheduled=PlanScheduler):
    """A model, an optimizer, a loader and a scheduler, all prepared, and the rates used so far.

    Args:
        prepared_first: whether the scheduler is made from the prepared optimizer.
        scheduled: makes the scheduler.
    """
    torch.manual_seed(0)
    model = torch.nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(model.parameters())
    used = []
    optimizer.register_step_post_hook(lambda one, *_: used.append(one.param_groups[0]["lr"]))
    loader = torch.utils.data.DataLoader(torch.ones(SAMPLES, 2), batch_size=2)
    if prepared_first:
        optimizer = accelerator.prepare(optimizer)
    scheduler = scheduled(optimizer, plan)
    return *accelerator.prepare(model, optimizer, loader, scheduler), used


def train(accelerator, model, optimizer, loader, scheduler, num_updates, *, skip=0):
    """accelerate's usual loop, in which each micro-batch calls everything."""
    batches = skip_first_batches(loader, skip) if skip else loader
    while num_updates:
        for batch in batches:
            with accelerator.accumulate(model):
                accelerator.backward(model(batch).square().mean())
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
            num_updates -= accelerator.sync_gradients
            if not num_updates:
                return
        batches = loader


def rates(plan):
    return [plan["lr"](step) for step in range(plan.total_steps)]


WAYS = [
    {
        "gradient_accumulation_steps": accumulate,
        "step_scheduler_with_optimizer": with_optimizer,
        "split_batches": split,
        "prepared_first": first,
    }
    for accumulate, with_optimizer, split, first in product((1, 4), *3 * [(False, True)])
]
"""Every way to count steps that accelerate has, and both orders of preparing."""


def used_by(plan, *, prepared_first, **settings):
    accelerator = make_accelerator(**settings)
    *prepared, used = make_run(accelerator, plan, prepared_first=prepared_first)
    train(accelerator, *prepared, plan.total_steps)
    assert prepared[-1].get_last_lr() == [plan["lr"](plan.total_steps)]
    return used


@pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way.values())))
def test_a_step_is_an_update_however_accelerate_counts(way):
    """Trap 8, accelerate#963, #1382 and #2926."""
    assert used_by(two_phases(), **way) == rates(two_phases())


def by_the_schedule(optimizer, plan):
    """The same rates from torch's own scheduler, for which accelerate's calls do count."""
    for group in optimizer.param_groups:
        group["lr"] = 1.0
    return torch.optim.lr_scheduler.LambdaLR(optimizer, plan["lr"])


@pytest.mark.parametrize("num_processes", [1, 2, 128])
def test_the_calls_for_other_processes_do_not_count(monkeypatch, num_processes):
    """Trap 8, accelerate#963: a call for each process; torch's own scheduler takes them all."""
    plan = two_phases()
    told = SimpleNamespace(num_processes=num_processes)
    monkeypatch.setattr(accelerate.scheduler, "AcceleratorState", lambda: told)
    ended_at = {}
    for scheduled in (PlanScheduler, by_the_schedule):
        accelerator = make_accelerator(gradient_accumulation_steps=4)
        *prepared, used = make_run(accelerator, plan, scheduled=scheduled)
        train(accelerator, *prepared, plan.total_steps)
        ended_at[scheduled] = prepared[-1].scheduler.last_epoch
        if scheduled is PlanScheduler:
            assert used == rates(plan)
    assert ended_at == {PlanScheduler: 8, by_the_schedule: 8 * num_processes}


@pytest.mark.parametrize("prepared_first", [False, True])
def test_a_resumed_run_goes_on_wherever_it_was_stopped(tmp_path, prepared_first):
    plan = two_phases()
    for stop_at in range(1, 8):
        all_used = []
        for num_updates, folder in [(stop_at, None), (8 - stop_at, tmp_path)]:
            accelerator = make_accelerator(gradient_accumulation_steps=2)
            *prepared, used = make_run(accelerator, plan, prepared_first=prepared_first)
            if folder:
                accelerator.load_state(tmp_path)
            skip = 2 * stop_at % (SAMPLES // 2) if folder else 0
            train(accelerator, *prepared, num_updates, skip=skip)
            accelerator.save_state(tmp_path)
            all_used += used
        assert all_used == rates(plan)


def test_what_was_heard_is_known_after_a_resume(tmp_path):
    rate = constant(1.0).over(8).cut(0.1, on=plateau("loss", patience=1))
    plan = Plan(Phase("training", 8, lr=rate))
    all_used = []
    for losses in ([3.0, 3.0], [3.0, 3.0]):
        accelerator = make_accelerator()
        *prepared, used = make_run(accelerator, plan)
        if all_used:
            accelerator.load_state(tmp_path)
        for loss in losses:
            train(accelerator, *prepared, 2)
            prepared[-1].scheduler.hear({"loss": loss})
        accelerator.save_state(tmp_path)
        all_used += used
    assert all_used == 6 * [1.0] + 2 * [0.1]


def test_a_checkpoint_of_another_plan_is_an_error(tmp_path):
    accelerator = make_accelerator()
    make_run(accelerator, two_phases())
    accelerator.save_state(tmp_path)
    accelerator = make_accelerator()
    make_run(accelerator, constant(0.3).over(8))
    with pytest.raises(ValueError, match="saved with another plan"):
        accelerator.load_state(tmp_path)


def two_processes(folder):
    """One of two: the rates that updates used, in every way and after a resume."""
    plan = two_phases()
    found = [used_by(plan, **way) for way in WAYS]
    resumed = []
    for first, last in [(0, 3), (3, 8)]:
        accelerator = make_accelerator(gradient_accumulation_steps=2)
        *prepared, used = make_run(accelerator, plan)
        if first:
            accelerator.load_state(folder)
        train(accelerator, *prepared, last - first, skip=2 * first % (SAMPLES // 4))
        accelerator.save_state(folder)
        accelerator.wait_for_everyone()
        resumed += used
    rank, num = accelerator.process_index, accelerator.num_processes
    found = {"num_processes": num, "ways": found, "resumed": resumed}
    Path(folder, f"{rank}.json").write_text(json.dumps(found))
    accelerator.end_training()


def test_two_processes_follow_the_plan_as_one_does(tmp_path):
    """Trap 8, accelerate#963, #1382 and #2926, with processes that are really there."""
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [sys.executable, *launch, __file__, str(tmp_path)],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    wanted = {
        "num_processes": 2,
        "ways": [rates(two_phases())] * len(WAYS),
        "resumed": rates(two_phases()),
    }
    assert [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2)] == 2 * [
        wanted
    ]


if __name__ == "__main__":
    two_processes(sys.argv[1])
