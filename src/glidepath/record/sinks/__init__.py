"""Trackers that get every line of a record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from glidepath.record.sinks.background import Background
from glidepath.record.sinks.figures import figures, texts
from glidepath.record.sinks.sink import Sink
from glidepath.record.sinks.tensorboard import TensorBoard
from glidepath.record.sinks.trackio import Trackio
from glidepath.record.sinks.wandb import WandB

__all__ = ["SINKS", "Background", "Sink", "TensorBoard", "Trackio", "WandB", "figures",
           "sink_named", "texts"]  # fmt: skip

PROJECT = "glidepath"

SINKS: dict[str, Callable[[Path, str], Sink]] = {
    "tensorboard": lambda directory, _: TensorBoard(directory / "tensorboard"),
    "trackio": lambda _, run_name: Trackio(PROJECT, run_name),
    "wandb": lambda directory, run_name: WandB(PROJECT, run_name, directory=directory),
}
"""By name: what makes one from a run's directory and the run's name."""


def sink_named(name: str, directory: Path, run_name: str) -> Sink:
    """The sink of a name, as `--track` has it.

    Args:
        name: one of `SINKS`.
        directory: of the run.
        run_name: of the run, any text.
    Raises:
        ModuleNotFoundError: if its tracker is not installed.
        ValueError: if there is none of this name.
    """
    if name not in SINKS:
        raise ValueError(f"`name` must be one of {', '.join(SINKS)}, got {name!r}")
    return SINKS[name](directory, run_name)
