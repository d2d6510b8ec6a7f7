"""The figure that the examples save: the rates of a plan, above the losses that came of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt

from glidepath import Schedule
from glidepath.view.colours import CYCLE
from glidepath.view.figures import save

WINDOW = 25
"""Updates in the running mean of the losses; the losses themselves are drawn faintly."""


def plan_above_losses(
    path: Path,
    title: str,
    rates: Mapping[str, Schedule],
    losses: Mapping[str, Sequence[float]],
    *,
    unit: str = "training loss [nats]",
    every: int = 1,
    logarithmic: bool = False,
    levels: Mapping[str, float] | None = None,
) -> None:
    """Draw rates above losses, both over the updates, and save the figure.

    Args:
        path: of the figure.
        title: above it.
        rates: schedules by name.
        losses: in order, by name; of a name that has a rate, too, in that one's colour.
        unit: what the losses are, and in which unit.
        every: the number of updates that each loss is the mean of.
        logarithmic: whether the axis of the losses is.
        levels: losses to compare with, such as that of guessing, by name.
    """
    names = dict.fromkeys([*rates, *losses])
    colours = dict(zip(names, CYCLE, strict=False))
    updates = np.arange(every * max(map(len, losses.values())))
    figure, (above, below) = plt.subplots(2, figsize=(8, 5), sharex=True, layout="constrained")
    for name, rate in rates.items():
        above.plot(updates, rate(updates), color=colours[name], linewidth=1.6, label=name)
    for name, values in losses.items():
        for window, width, alpha in ((1, 0.5, 0.3), (max(1, WINDOW // every), 1.6, 1.0)):
            middles, means = running_mean(values, window)
            below.plot(
                (middles + 0.5) * every - 0.5,
                means,
                color=colours[name],
                linewidth=width,
                alpha=alpha,
                label=name if alpha == 1.0 else None,
            )
    for name, level in (levels or {}).items():
        below.axhline(level, color="#444444", linewidth=1.0, linestyle="--", label=name)
    above.set_ylabel("learning rate")
    above.set_ylim(bottom=0)
    below.set_ylabel(unit)
    if logarithmic:
        log_axis(below)
    finish(figure, [above, below], path, title)


def running_mean(values: Sequence[float], window: int = WINDOW) -> tuple[Any, Any]:
    """The middles of windows, counted in values, and the mean over each."""
    window = min(window, len(values))
    means = np.convolve(values, np.full(window, 1 / window), mode="valid")
    return np.arange(len(means)) + (window - 1) / 2, means


def log_axis(panel: Any) -> None:
    """Make the values' axis logarithmic, with 1, 2 and 5 of every decade labelled."""
    panel.set_yscale("log")
    for set_labels in (panel.yaxis.set_major_formatter, panel.yaxis.set_minor_formatter):
        set_labels(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "125" else "")


def finish(figure: Any, panels: Iterable[Any], path: Path, title: str) -> None:
    """Legends beside the panels, a title above them, and into the file."""
    for panel in panels:
        place, labels = panel.get_subplotspec(), panel.get_legend_handles_labels()[1]
        panel.spines[["top", "right"]].set_visible(False)
        panel.margins(x=0)
        if place.is_last_row():
            panel.set_xlabel("update")
        if place.is_last_col() and len(labels) > 1:
            panel.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.suptitle(title, x=0.02, ha="left", fontweight="bold", fontsize=11)
    save(figure, path)
    print(f"figure: {path}")
