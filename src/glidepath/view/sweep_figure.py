"""A sweep as a figure: an axis for each value that varies, a line for each trial."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib import colormaps
from matplotlib.figure import Figure

from glidepath.sweeps.results import FINISHED
from glidepath.view.colours import GREY, ORANGE
from glidepath.view.curves import short
from glidepath.view.plain import plain
from glidepath.view.sweep_table import value_text

LOG_FACTOR = 10.0
"""Losses that differ by more have a logarithmic axis."""


@dataclass(frozen=True)
class _Axis:
    """A vertical axis from 0 to 1.

    Attributes:
        name: below it.
        low: the value at 0.
        high: the value at 1.
        is_log: whether ratios count.
        choices: in the place of numbers, from 0 to 1.
    """

    name: str
    low: float = 0.0
    high: float = 1.0
    is_log: bool = False
    choices: tuple[Any, ...] = ()

    def place(self, value: Any) -> float:
        """Where a value is."""
        if self.choices:
            return self.choices.index(value) / (len(self.choices) - 1)
        low, high, at = (math.log(x) if self.is_log else x for x in (self.low, self.high, value))
        return (at - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """Where a label stands, and which."""
        if self.choices:
            return [(self.place(one), value_text(one)) for one in self.choices]
        middle = math.sqrt(self.low * self.high) if self.is_log else (self.low + self.high) / 2
        return [(self.place(x), _label(x)) for x in (self.low, middle, self.high)]


def _label(value: float) -> str:
    return short(float(f"{value:.3g}")) if abs(value) < 100 else short(value)


def sweep_figure(sweep: Mapping[str, Any], title: str) -> Figure:
    """Parallel coordinates: finished trials coloured by their rank, the best in front.

    Args:
        sweep: in plain values, as of `sweeps.results.as_table`.
        title: above the figure.
    Raises:
        ValueError: if no trial has a loss yet.
    """
    trials = [one for one in sweep["trials"] if one["loss"] is not None and one["values"]]
    if not trials:
        raise ValueError("no trial has a loss yet: there is nothing to draw")
    axes = [_axis(name, domain) for name, domain in sweep["vary"].items()]
    axes.append(_loss_axis(sweep["metric"], [one["loss"] for one in trials]))
    figure = Figure(figsize=(max(6.0, 1.6 * len(axes) + 1.0), 4.2), layout="constrained")
    panel = figure.subplots()
    for number, axis in enumerate(axes):
        _draw_axis(panel, number, axis)
    _draw_trials(panel, axes, trials, sweep["best"])
    panel.set_xlim(-0.25, len(axes) - 0.55)
    panel.set_ylim(-0.05, 1.05)
    panel.set_xticks(range(len(axes)), [plain(axis.name) for axis in axes], fontsize=8)
    panel.tick_params(length=0)
    panel.set_yticks([])
    panel.spines[:].set_visible(False)
    if any(one["state"] == FINISHED for one in trials):
        figure.legend(frameon=False, fontsize=8, loc="outside lower center", ncols=3)
    figure.suptitle(title, x=0.02, ha="left", fontweight="bold")
    return figure


def _axis(name: str, domain: Mapping[str, Any]) -> _Axis:
    if "values" in domain:
        return _Axis(name, choices=tuple(domain["values"]))
    return _Axis(name, domain["low"], domain["high"], domain["log"])


def _loss_axis(name: str, losses: Sequence[float]) -> _Axis:
    low, high = min(losses), max(losses)
    if low == high:
        return _Axis(name, low - abs(low) / 2 - 1e-12, high + abs(high) / 2 + 1e-12)
    return _Axis(name, low, high, is_log=low > 0 and high > LOG_FACTOR * low)


def _draw_axis(panel: Any, number: int, axis: _Axis) -> None:
    panel.plot([number, number], [0, 1], color=GREY, linewidth=1.0, zorder=3)
    for place, label in axis.ticks():
        panel.plot([number, number + 0.02], [place, place], color=GREY, linewidth=1.0, zorder=3)
        panel.annotate(label, (number, place), (4, 0), textcoords="offset points", fontsize=7.5,
                       va="center", zorder=5, bbox={"facecolor": "white", "alpha": 0.75,
                       "edgecolor": "none", "pad": 0.6})  # fmt: skip


def _draw_trials(
    panel: Any, axes: Sequence[_Axis], trials: Sequence[Mapping[str, Any]], best: int | None
) -> None:
    """Those that were ended early behind, in grey; then the finished ones, the worst first."""
    finished = [one for one in trials if one["state"] == FINISHED]
    others = [one for one in trials if one["state"] != FINISHED]
    for index, one in enumerate(others):
        label = "ended early, or running" if index == 0 else None
        panel.plot(*_line(axes, one), color=GREY, alpha=0.45, linewidth=0.9, linestyle="--",
                   zorder=1, label=label)  # fmt: skip
    colours = colormaps["viridis"]
    for rank, one in reversed(list(enumerate(finished))):
        if one["number"] == best:
            label = f"the best, trial {best}: {_label(one['loss'])}"
            panel.plot(*_line(axes, one), color=ORANGE, linewidth=2.4, zorder=4, label=label)
            continue
        label = "finished, the darker the better" if rank == len(finished) - 1 else None
        colour = colours(0.9 * rank / max(1, len(finished) - 1))
        panel.plot(*_line(axes, one), color=colour, linewidth=1.2, zorder=2, label=label)


def _line(axes: Sequence[_Axis], trial: Mapping[str, Any]) -> tuple[list[int], list[float]]:
    values = [*(trial["values"][axis.name] for axis in axes[:-1]), trial["loss"]]
    places = [axis.place(value) for axis, value in zip(axes, values, strict=True)]
    return list(range(len(axes))), places
