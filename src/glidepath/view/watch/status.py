"""What there is to say of a run at the moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from glidepath.record.durations import durations
from glidepath.record.history import History
from glidepath.record.pace import pace_of
from glidepath.record.state import GOING_ON, NOT_STARTED, READING, SILENT, State
from glidepath.view.amounts import ago, duration, figure, size
from glidepath.view.plain import plain

STATE_STYLES = {
    "going on": "green",
    "finished": "bold green",
    "stopped": "yellow",
    "failed": "bold red",
    "silent": "bold red",
}
EVENTS = {
    "ends": "phase {} has ended,",
    "cuts": "{} was cut,",
    "branches": "branched into {}",
}
RECENT = 20
"""Updates that a loss is the mean of: one batch says little."""


def state_text(state: State) -> str:
    """What has become of a run, in a few words."""
    if state.name == SILENT:
        return f"silent for {ago(state.age)}: it has died, or hangs"
    if state.name == READING:
        return "still reading its record"
    reason = f": {plain(state.reason)}" if state.reason else ""
    if state.name == NOT_STARTED:
        return f"has not started yet{reason}"
    if state.is_over:
        return f"{plain(state.name)} {ago(state.age)} ago{reason}"
    return state.name


def place(history: History) -> list[str]:
    """Where the run is on its plan."""
    done, total = history.num_done, history.total_steps
    parts = [f"step {done:,}" + (f" of {total:,} ({done / total:.0%})" if total else "")]
    phases = history.texts("phase")
    if phases and phases[-1] is not None:
        parts.append(f"phase {plain(phases[-1])}")
    if history.plan is not None and history.plan.horizon.has_epochs:
        parts.append(f"epoch {float(done / history.plan.horizon.steps_per_epoch):.4g}")
    return parts


def figures(history: History) -> list[str]:
    """Losses, what evaluations measured, and the scheduled values of the last update."""
    parts = []
    steps, losses = history.known("loss")
    if len(steps):
        is_last = steps[-1] == history.steps[-1]
        parts.append(f"loss {figure(float(np.mean(losses[-RECENT:])) if is_last else np.nan)}")
    for name in history.metrics:
        at, values = history.evaluations(name)
        best = int(np.nanargmin(values)) if is_loss(name) and not np.all(np.isnan(values)) else None
        told = f"{plain(name)} {figure(float(values[-1]))}"
        if best is not None and best != len(values) - 1:
            told += f" (lowest {figure(float(values[best]))} after {at[best]:,})"
        parts.append(told)
    for name in history.values:
        known = history.known(name)[1]
        parts += [f"{plain(name)} {figure(float(known[-1]))}"] if len(known) else []
    return parts


def is_loss(metric: str) -> bool:
    """Whether less is better, as far as its name says."""
    return any(word in metric.lower() for word in ("loss", "error", "rmse", "mse", "mae", "nll"))


def speed(history: History, state: State) -> list[str]:
    """How fast it goes, how long it took and how long it will take; and memory."""
    pace = pace_of(history)
    parts = [f"took {duration(float(np.nansum(durations(history))))}"] if len(history) > 1 else []
    if state.name == GOING_ON and pace.seconds_left is not None:
        parts.append(f"{duration(pace.seconds_left)} left")
    if pace.updates_per_second is not None:
        parts.append(rate_text(pace.updates_per_second, "update"))
    if pace.samples_per_second is not None:
        parts.append(rate_text(pace.samples_per_second, "sample"))
    memory = history.known("memory_bytes")[1]
    parts += [f"memory {size(float(memory[-1]))}"] if len(memory) else []
    return parts


def rate_text(per_second: float, of: str) -> str:
    """How fast something goes; slow things by what one takes."""
    if per_second < 1:
        return f"{duration(1 / per_second)} for {'an' if of[0] in 'aeiou' else 'a'} {of}"
    return f"{figure(float(f'{per_second:.3g}'))} {of}s/s"


def event_text(line: dict[str, Any]) -> str:
    """What a plan that listens did, in words."""
    words = EVENTS.get(line["event"], "{}: an event,")
    return f"{words.format(plain(line['target']))} from step {line['step']:,} on"


def rollback_text(line: dict[str, Any]) -> str:
    """Why a run came back, in words."""
    return (
        f"came back from step {line['broken']:,} to {line['step']:,}, to try other samples "
        f"(attempt {line['attempt']}): {plain(line['reason'])}"
    )


def happenings(history: History) -> Iterator[str]:
    """What happened beside the updates, in order: events, restarts, rollbacks, NaN, notices."""
    told = [(step, f"went on at step {step:,}") for step in history.restarts]
    told += [(line["step"], rollback_text(line)) for line in history.rollbacks]
    told += [(line["step"], event_text(line)) for line in history.events]
    for line in history.nonfinite:
        told.append((line["step"], f"NaN or infinity at step {line['step']:,}"))
    for line in history.notices:
        told.append((line.get("step", 0), plain(line.get("text", ""))))
    return (text for _, text in sorted(told, key=lambda one: one[0]))
