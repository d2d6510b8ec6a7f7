"""What commands that start a training, or go on with one, have in common."""

from __future__ import annotations

from typing import Any, Literal

from glidepath.cli.bundles import option

OnNan = Literal["stop", "skip", "rollback", "ignore"]

HOW: dict[str, Any] = {
    "checkpoint_every": option(
        str | None, "Updates between checkpoints, or a time such as 10m; 200 by default."
    ),
    "keep": option(int | None, "Checkpoints to keep: the newest N; 2 by default."),
    "keep_every": option(str | None, "Keep one every N updates, too, or every so much time: 6h."),
    "keep_best": option(int | None, "Keep the N with the lowest validation loss, too."),
    "evaluate_every": option(
        int | None, "Updates between evaluations on times held out; 100 by default, 0 for none."
    ),
    "on_nan": option(
        OnNan | None, "Where a loss or gradient is NaN: stop, skip the update, rollback, or ignore."
    ),
    "accumulate": option(int | None, "Split each batch into N micro-batches, to save memory."),
    "shard": option(
        bool | None, "Spread parameters and moments over the devices.", "--shard/--no-shard"
    ),
    "stop_on": option(
        list[str] | None, "Stop when a rule of `glidepath diagnose` finds this; repeatable."
    ),
    "track": option(list[str] | None, "Also write to tensorboard, trackio or wandb; repeatable."),
}
"""Flags that are kept with the run: the fields of `training.how.How`."""

SESSION: dict[str, Any] = {
    "steps": option(int | None, "Cut the run short after N updates."),
    "max_time": option(str | None, "Save and stop before so much time is over, such as 3h50m."),
    "devices": option(int | None, "Use the first N devices; all by default."),
    "distributed": option(
        bool | None,
        "This is one of several processes, which Slurm or Open MPI started.",
        "--distributed",
    ),
    "coordinator": option(str | None, "HOST:PORT of the first of several processes."),
    "num_processes": option(int | None, "How many there are."),
    "process_id": option(int | None, "Which of them this one is, from 0."),
    "lead": option(int | None, "Time steps to judge at; 4, or what the held-out times allow."),
}
"""Flags that hold for this time only."""
